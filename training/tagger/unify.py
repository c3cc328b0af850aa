"""One set of labels out of many: what each source's label may mean, and what it leaves open.

A source that does not label peoples says of "Ukrainian" not that it is no name, but nothing. So
each word is taught as a set of labels that are possible, and the loss asks that one of these be
chosen (a marginal likelihood): nothing is taught that the source does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from services.tagger.model.labels import LABELS, OUTSIDE, TYPES, begins, goes_on
from services.tagger.spelling import word_set
from shared.events import EntityType
from shared.minilm.pieces import split

_LOOSE: Final = ("MISC", "NORP", "EVENT", "PRODUCT")


class Scheme(NamedTuple):
    """What a source labels. ``types`` by its labels in lower case; a label that is absent is no
    name. ``silent``: types that may hide in what it leaves unlabelled."""

    types: dict[str, tuple[str, ...]]
    silent: tuple[str, ...]


def _map(**types: str) -> dict[str, tuple[str, ...]]:
    return {
        label: tuple(ours.split("_")) for ours, labels in types.items() for label in labels.split()
    }


_SCHEMES: Final[dict[str, Scheme]] = {
    "btc": Scheme(_map(PER="per", ORG="org", LOC_FACILITY="loc"), _LOOSE),
    "crossner": Scheme(
        _map(
            PER="person politician scientist writer musicalartist researcher",
            ORG="organisation politicalparty university band",
            LOC="location country",
            EVENT="event election conference",
            MISC="award album song book poem",
            ORG_MISC="magazine academicjournal",
            PRODUCT_MISC="product programlang",
            MISC_NORP_FACILITY_EVENT_PRODUCT="misc",
            O_MISC="field task algorithm metrics literarygenre musicgenre musicalinstrument"
            " discipline theory astronomicalobject chemicalcompound chemicalelement protein enzyme",
        ),
        (),
    ),
    "gum": Scheme(
        _map(PER="per", ORG="org", LOC_FACILITY="loc", EVENT="event", MISC_PRODUCT_NORP="misc"),
        _LOOSE,
    ),
    "re3d": Scheme(
        _map(
            PER="person",
            ORG="organisation",
            LOC_FACILITY="location",
            NORP="nationality",
            PRODUCT="militaryplatform weapon",
            O_MISC="documentreference",
        ),
        ("MISC", "EVENT"),
    ),
    "uner": Scheme(_map(PER="per", ORG="org", LOC_FACILITY="loc"), _LOOSE),
    "wikigold": Scheme(
        _map(PER="per", ORG="org", LOC_FACILITY="loc", MISC_NORP_EVENT_PRODUCT="misc"), ()
    ),
    "wnut17": Scheme(
        _map(
            PER="person",
            ORG="corporation group",
            LOC_FACILITY="location",
            PRODUCT_MISC="product",
            MISC="creative-work",
        ),
        ("NORP", "EVENT", "MISC"),
    ),
    "worldwide": Scheme(
        _map(
            PER="person",
            ORG="organization",
            LOC="location",
            FACILITY="facility",
            NORP="norp",
            MISC_EVENT="misc",
            PRODUCT="product",
        ),
        (),
    ),
}


def family(source: str) -> str:
    """The collection that a set belongs to: ``crossner`` of ``crossner-ai-dev``."""
    return source.partition("-")[0]


class Sentence(NamedTuple):
    """Words, as the model cuts them, and for each the set of labels that it may have."""

    words: list[str]
    allowed: list[int]
    """Bit ``n`` of an element says that label ``n`` is possible."""


ANYTHING: Final = (1 << len(LABELS)) - 1


def _bits(kinds: Sequence[str], *, first: bool) -> int:
    bits = 0
    for kind in kinds:
        if kind == "O":
            bits |= 1 << OUTSIDE
        elif kind in TYPES:
            bits |= 1 << (begins(kind) if first else goes_on(kind))
    return bits


def spans(tags: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """First word, last word (exclusive) and label of each span; reads IO, BIO and BIOES."""
    start, label = 0, ""
    for place, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        if label and (name != label or mark in ("B", "S", "O")):
            yield start, place, label.lower()
            label = ""
        if name and not label:
            start, label = place, name


_TITLES: Final = word_set(
    "president vice prime minister deputy premier chancellor king queen prince princess emperor"
    " sir lord lady dame dr doctor prof professor mr mrs ms miss mister senator sen rep"
    " representative congressman congresswoman governor gov mayor judge justice general gen"
    " lieutenant lt colonel col major maj captain capt sergeant sgt commander cmdr admiral"
    " brigadier marshal secretary ambassador pope cardinal archbishop bishop father fr sister"
    " brother rev reverend sheikh imam ayatollah sultan emir rabbi saint first foreign defence"
    " defense interior finance former late hon honourable honorable shri smt md attorney chief"
    " executive officer ceo chairman chairwoman chairperson director spokesman spokeswoman"
    " spokesperson coach inspector constable officer pm mp mla mep leader speaker supreme of"
    " state affairs chef opposition . -"
)
"""Words before a name that news does not count in with it, and marks between them."""
_PEOPLES: Final = word_set(
    "Muslim Muslims Christian Christians Jew Jews Jewish Arab Arabs Catholic Catholics Hindu Hindus"
    " Sikh Sikhs Buddhist Buddhists Sunni Sunnis Shia Shias Shiite Shiites Kurd Kurds Kurdish"
    " Maoist Maoists Republican Republicans Democrat Democrats Communist Communists Islamist"
    " Islamists Islamic European Europeans African Africans Asian Asians American Americans"
    " Western Soviet Nazi Nazis Orthodox Protestant Protestants Anglican Tory Tories Palestinian"
    " Palestinians Tibetan Tibetans Uyghur Uyghurs Rohingya Tamil Tamils Punjabi Bengali Catalan"
    " Catalans Basque Scottish Scots Welsh English British Britons Irish Latino Latinos Hispanic"
    " Hispanics Roma Zionist Zionists Bedouin Yazidi Yazidis Houthi Houthis Alawite Druze Saudi"
    " Saudis Emirati Emiratis"
)
_COUNTRIES: Final = Path(__file__).parents[2] / "deploy" / "gazetteer" / "countries.yml"


@cache
def peoples() -> frozenset[str]:
    """Names of peoples and their adjectives, of one word."""
    found = set(_PEOPLES)
    for row in yaml.safe_load(_COUNTRIES.read_text(encoding="utf-8")).values():
        for name in (row or {}).get("people", []):
            if " " not in name and name.isascii():
                found |= {name, name + "s"}
    return frozenset(found)


_NOMINAL = word_set(
    "we our us they them their he him his she her i you your it its this these those"
)
_LINKS = word_set("of the for at and in & 's de")


def _is_name(tokens: Sequence[str]) -> bool:
    return any(c.isupper() for t in tokens for c in t) and tokens[0].lower() not in _NOMINAL


def unify(source: str, tokens: Sequence[str], tags: Sequence[str]) -> Sentence:
    """``tokens`` of a source's sentence with its ``tags`` in our labels.

    What is known to be wrong in a source is left open instead: parts of names that ``gum``'s
    entity heads are, account names in tweets. Mentions that are no names (``re3d``) are none.
    """
    collection = family(source)
    scheme = _SCHEMES[collection]
    outside = _bits(("O",), first=True)
    for kind in scheme.silent:
        outside |= _bits((kind,), first=True) | _bits((kind,), first=False)
    allowed = [[outside, outside] for _ in tokens]  # of a token's first word, of its others
    for first, last, label in spans(tags):
        kinds = scheme.types.get(label, ())
        if collection == "re3d" and kinds:
            if not _is_name(tokens[first:last]):
                continue
            if tokens[first].lower() in ("the", "a", "an"):
                first += 1
        if not kinds:
            continue
        if collection != "worldwide":
            first, last, kinds = _trimmed(tokens, first, last, kinds)
        for place in range(first, last):
            start, on = _bits(kinds, first=True), _bits(kinds, first=False)
            if set(kinds) & {"O"}:
                on |= 1 << OUTSIDE
            allowed[place] = [start if place == first else on, on]
    if collection == "gum":
        _open_partial(tokens, tags, allowed)
    if collection != "worldwide":
        _tell_peoples(tokens, allowed)
    words: list[str] = []
    bits: list[int] = []
    account = False
    for token, (first_bits, further) in zip(tokens, allowed, strict=True):
        open_here = collection in ("btc", "wnut17") and (account or token.startswith("@"))
        account = token in ("@",)
        for number, word in enumerate(split(token)):
            words.append(token[word.start : word.end])
            bits.append(ANYTHING if open_here else further if number else first_bits)
    return Sentence(words, bits)


def _trimmed(
    tokens: Sequence[str], first: int, last: int, kinds: tuple[str, ...]
) -> tuple[int, int, tuple[str, ...]]:
    """The span without titles and small words around it, as news marks names.

    What is left of an organization is of unknown type: "US" of "US government".
    """
    if not any(c.isupper() for c in tokens[first]) and not any(
        c.isupper() for t in tokens[first:last] for c in t
    ):
        return first, last, kinds  # tweets write names small
    begin, end = first, last
    while begin < end and tokens[begin].islower():
        begin += 1
    while "PER" in kinds and begin < end and tokens[begin].lower().strip(".") in _TITLES | {""}:
        begin += 1
    while end > begin and tokens[end - 1].islower() and tokens[end - 1].isalpha():
        end -= 1
    if (begin, end) != (first, last) and "PER" not in kinds:
        kinds = ("O", *TYPES)
    return begin, end, kinds


def _tell_peoples(tokens: Sequence[str], allowed: list[list[int]]) -> None:
    """Say of "Ukrainian" that it names a people, unless it is part of a longer name."""
    goes = _bits(TYPES, first=False)
    for place, token in enumerate(tokens):
        if token not in peoples():
            continue
        here = allowed[place][0]
        named = not here & 1 << OUTSIDE and not here & goes  # begins a name of the source
        after = allowed[place + 1][0] if place + 1 < len(tokens) else 1
        if here & goes and not here & 1 << OUTSIDE:
            continue  # goes on with one
        if named and after & goes and not after & 1 << OUTSIDE:
            continue  # one of several words
        if named and here == 1 << begins("PER"):
            continue
        allowed[place] = [1 << begins("NORP"), 1 << goes_on("NORP")]


def _open_partial(tokens: Sequence[str], tags: Sequence[str], allowed: list[list[int]]) -> None:
    """Leave open what ``gum`` marks in part: capitals that it passes over, and names beside."""
    passed = [
        tag == "O" and place > 0 and re.fullmatch(r"(?!I$)[A-Z][\w.&-]*", token) is not None
        for place, (token, tag) in enumerate(zip(tokens, tags, strict=True))
    ]
    for place, is_passed in enumerate(passed):
        if is_passed and tokens[place - 1] not in (".", "!", "?", '"', ":", "“", "-"):
            allowed[place] = [ANYTHING, ANYTHING]
    for first, last, _ in list(spans(tags)):
        before = first - 1
        while before >= 0 and tokens[before].lower() in _LINKS:
            before -= 1
        after = last
        while after < len(tokens) and tokens[after].lower() in _LINKS:
            after += 1
        near = (before >= 0 and passed[before]) or (after < len(tokens) and passed[after])
        if near:
            for place in range(max(before, 0), min(after + 1, len(tokens))):
                allowed[place] = [ANYTHING, ANYTHING]


def kind_of(label: int) -> EntityType:
    """The type of a label that is not outside."""
    return TYPES[(label - 1) // 2]


def blind(sentence: Sentence) -> Sentence:
    """``sentence`` with one label a word: O where it may be, else the first that may be."""
    allowed = [1 << OUTSIDE if bits & (1 << OUTSIDE) else bits & -bits for bits in sentence.allowed]
    return Sentence(sentence.words, allowed)
