"""What the words around a name say: whether it is that name at all, and which place is meant."""

from __future__ import annotations

from services.tagger.gazetteer import Entry, Gazetteer
from services.tagger.matcher import Field, Match
from services.tagger.spelling import key_of, word_set

# Prepositions after which a common word with a capital is a place: "in Nice", "from Reading".
_LOCATIVE = word_set("in at from near to of outside around between across toward towards")
# Words after which "May" and "March" are months.
_TEMPORAL = word_set(
    "in by last early late mid until till since this next before after during of on from"
)
# What follows a place's name without making it a person's: "Jordan Valley", "Sydney Harbour".
_PLACE_NOUNS = word_set(
    "Airport Bay Beach Bridge Castle Cathedral City County Court District Harbour Harbor "
    "Hills International Island Islands Lake Mountain National Oblast Opera Park Police Port "
    "Province Region River Road Square State Stock Street Strip Times Tower University Valley"
)

_CONJUNCTIONS = word_set("and or")


# "Bank of Ghana", "University of Namibia": the place is a part of an organization's name.
_HEADS = word_set(
    "Academy Archbishop Bank Bishop Broadcasting Cathedral Chamber Church College "
    "Confederation Congress Court Diocese Duke Earl Embassy Federation Institute Library "
    "Museum Parliament Port Prince Princess University"
)
# "Kenya Airways", "Israel Defense Forces".
_TAILS = word_set(
    "Agency Airlines Airport Airways Army Association Athletic Authority Bank Board "
    "Broadcasting Chamber Chronicle City Club College Commission Corporation Council Cricket "
    "Daily Defense Defence Electricity Exchange Express FC Football Forces Foundation Gazette "
    "Global Health Herald High Hospital Institute International Investment Journal Medical "
    "Museum National News Olympic Open Petroleum Police Post Premier Press Rail Railway "
    "Railways Research Revenue School Securities Stock Supreme Symphony Telecom Times Tourism "
    "Tribune Union United University Water"
)


# "Jordan King Abdullah", "Israel Prime Minister": a post, not a surname.
_TITLES = word_set(
    "Ambassador Cabinet Chief Defence Defense Deputy Envoy Finance Foreign General Government "
    "Interior King Leader Minister Premier President Prime Queen Army Navy War"
)


def single(match: Match) -> bool:
    """Whether the name is one word."""
    return match.last - match.first == 1


def part_of_another_name(field: Field, match: Match, entry: Entry, gazetteer: Gazetteer) -> bool:
    """Whether one word stands in a name that is not the entry's: "Paris Hilton", "Jill Biden".

    A given name before a surname or a place makes it someone else's surname; a place that is
    itself a given name is one when a capital word follows.
    """
    if not single(match) or entry.type == "NORP" or field.headline:
        return False
    before = field.before(match.first)
    if (
        before is not None
        and before.capital
        and before.key in gazetteer.given
        and before.key not in gazetteer.names
        and entry.type in ("PER", "LOC")
        and not _same_given_name(before.key, entry)
    ):
        return True
    after = field.after(match.last)
    if after is None or not after.capital or match.key not in gazetteer.given:
        return False
    if after.key in _PLACE_NOUNS or after.key.isupper() or entry.type != "LOC":
        return False
    return after.key not in gazetteer.names and after.key not in _TAILS | _TITLES


def part_of_organization(field: Field, match: Match, entry: Entry) -> bool:
    """Whether a place only serves to name an organization: "Bank of Ghana", "Kenya Airways"."""
    if entry.type != "LOC" or field.headline:
        return False
    of = field.before(match.first)
    if of is not None and of.key == "of":
        head = field.before(match.first - 1)
        if head is not None and head.key in _HEADS:
            return True
    after = field.after(match.last)
    return after is not None and after.key in _TAILS


def _same_given_name(key: str, entry: Entry) -> bool:
    """Whether ``key`` is a spelling of the entry's own given name ("Vladmir")."""
    own = key_of(entry.name.split()[0])
    return entry.type == "PER" and own[:3] == key[:3]


def speaks_for(field: Field, match: Match, entry: Entry) -> bool:
    """Whether the context takes a common word for this name ("in Nice", "President May")."""
    if not single(match):
        return True
    before = field.before(match.first)
    if entry.type == "PER":
        after = field.after(match.last)
        return (
            not field.opens_sentence(match.first)
            and not field.headline
            and (before is None or before.key.lower() not in _TEMPORAL)
            and not (after is not None and after.key[:1].isdigit())
        )
    if field.headline or field.opens_sentence(match.first):
        return False
    return before is not None and before.key in _LOCATIVE


def listed(
    field: Field, match: Match, starts: set[tuple[int, int]], ends: set[tuple[int, int]]
) -> bool:
    """Whether ``match`` stands in a list beside a place: "Brussels, Paris and Oslo".

    ``starts`` and ``ends`` hold the first words of places and the words behind them, each with
    the identity of its field.
    """
    if not single(match):
        return False
    here = id(field)
    if (here, match.last) in starts and field.gap(match.last).strip() == ",":
        return True
    if (here, match.first) in ends and field.gap(match.first).strip() == ",":
        return True
    after, before = field.after(match.last), field.before(match.first)
    if after is not None and after.key in _CONJUNCTIONS:
        return (here, match.last + 1) in starts
    return before is not None and before.key in _CONJUNCTIONS and (here, match.first - 1) in ends


def following(field: Field, matches: list[Match], position: int) -> Match | None:
    """The match right behind a comma: the "Texas" of "Paris, Texas"."""
    if position + 1 >= len(matches):
        return None
    match, after = matches[position], matches[position + 1]
    if after.first == match.last and field.gap(after.first) in (", ", ","):
        return after
    return None
