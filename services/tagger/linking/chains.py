"""Coreference of names: which places of an article name the same one, by the names alone."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.tagger.knowledge.base import KnowledgeBase
from services.tagger.knowledge.entity import Fit, Match
from services.tagger.knowledge.folding import fold
from services.tagger.knowledge.variants import person_words
from services.tagger.linking.mentions import Found, Place
from services.tagger.spelling import word_set
from shared.events import EntityType

_SMALL: Final = word_set("of the and for in on at to de la le du des del da do di y et und der &")
_INITIAL: Final = re.compile(r"[^\W\d_]\.?")
_ACRONYM: Final = re.compile(r"[A-Z][A-Z&.]{1,9}")
_SURE: Final = 0.95
"""How sure an engine is that a person's surname is a place's name this time."""
_LARGE: Final = 0.7
"""The prior of a place that remains one whoever bears its name: London."""
_WELL_KNOWN: Final = 0.4
"""The prior from which a short name stands for whom the base knows by it, not for a given name."""


@dataclass(slots=True)
class Chain:
    """Places that name one entity. ``name`` is the fullest form."""

    key: str
    name: str
    type: EntityType
    own: list[Place] = field(default_factory=list)
    """Places with the name in full."""
    short: list[Place] = field(default_factory=list)
    """Places with a short form or an acronym."""
    spellings: Counter[str] = field(default_factory=Counter)

    @property
    def places(self) -> list[Place]:
        """All places, in reading order."""
        return sorted([*self.own, *self.short])


def chains(article: Found, base: KnowledgeBase) -> list[Chain]:
    """The chains of ``article``'s places, in the order of their first full name.

    A surname goes with the full name before it that has it, or else with the first after it; so
    two namesakes share an article. An acronym goes with the name that it abbreviates, part of an
    organization's name with the whole. Takes time in proportion to the number of places.
    """
    held: dict[str, Chain] = {}
    for place in article.places:
        key = _key(place)
        chain = held.get(key)
        if chain is None:
            chain = held[key] = Chain(key, place.text, place.type)
        chain.own.append(place)
        chain.spellings[place.text] += 1
    for chain in held.values():
        chain.name = _best_spelling(chain.spellings)
    full = _Index()
    for chain in held.values():
        for form in _short_forms(chain):
            full.add(form, chain)
    explained = set()
    for acronym, name in article.explained.items():
        key, owner = f"/{fold(acronym)}", held.get(f"/{fold(name) or name}")
        if owner is not None and key in held and held[key] is not owner:
            explained.add(key)
            full.add(key, owner)
    short = [
        chain
        for chain in held.values()
        if full.knows(chain.key) and (chain.key in explained or _is_short(chain, full, base))
    ]
    shortened = {id(chain) for chain in short}
    for chain in short:
        owners = [owner for owner in full.among(chain) if id(owner) not in shortened]
        if owners:
            nearest = _Owners(owners).nearest
            for place in chain.own:
                nearest(place).short.append(place)
            held.pop(chain.key)
    return list(held.values())


def _key(place: Place) -> str:
    """What the places of one name share: initials and middle names of persons do not count."""
    kind = "NORP" if place.type == "NORP" else "PER" if place.type == "PER" else ""
    name = place.text
    if place.type == "PER":
        words = person_words(name)
        if len(words) > 2:
            middle = [word for word in words[1:-1] if not _INITIAL.fullmatch(word)]
            name = " ".join([words[0], *middle, words[-1]])
        else:
            name = " ".join(words)
    return f"{kind}/{fold(name) or name}"


def _best_spelling(spellings: Counter[str]) -> str:
    """The commonest, one in capitals only where there is no other."""
    return min(spellings, key=lambda s: (s.isupper() and " " in s, -spellings[s], s))


class _Owners:
    """The chains that have one short form, by where they are named in full."""

    def __init__(self, chains_: Sequence[Chain]) -> None:
        named = sorted((p.field, p.start, n) for n, c in enumerate(chains_) for p in c.own)
        self._chains = chains_
        self._starts = [(field, start) for field, start, _ in named]
        self._numbers = [number for _, _, number in named]

    def nearest(self, place: Place) -> Chain:
        """The chain named last before ``place``, else the first one after it."""
        before = bisect_right(self._starts, (place.field, place.start)) - 1
        return self._chains[self._numbers[max(before, 0)]]


class _Index:
    def __init__(self) -> None:
        self._chains: defaultdict[str, dict[int, Chain]] = defaultdict(dict)

    def add(self, short: str, chain: Chain) -> None:
        self._chains[short][id(chain)] = chain

    def knows(self, short: str) -> bool:
        return short in self._chains or "PER/" + short.partition("/")[2] in self._chains

    def among(self, chain: Chain) -> list[Chain]:
        """Whom the chain's name may shorten: by surname rather than by given name."""
        key = chain.key
        if key not in self._chains:
            key = "PER/" + key.partition("/")[2]
        owners = [owner for owner in self._chains[key].values() if owner is not chain]
        return [owner for owner in owners if _surname(owner) == key] or owners


def _short_forms(chain: Chain) -> Iterator[str]:
    """Keys of what the chain's name may be shortened to."""
    if chain.type == "PER":
        words = [w for w in person_words(chain.name) if not _INITIAL.fullmatch(w)][:8]
        for number in range(1, len(words)):
            yield "PER/" + fold(" ".join(words[number:]))
        if len(words) > 1:
            yield "PER/" + fold(words[0])
    elif chain.type in ("ORG", "EVENT", "FACILITY", "LOC", "MISC"):
        words = chain.name.split()[:12]
        telling = [word for word in words if word.lower() not in _SMALL]
        if len(telling) > 1:
            yield "/" + fold("".join(word[0] for word in telling))
            yield "/" + fold("".join(word[0] for word in words))
        if chain.type == "ORG" and len(words) > 1:
            yield "/" + fold(words[-1])
            if words[1].lower() in ("of", "for"):
                yield "/" + fold(words[0])
            for number in range(1, len(words) - 1):
                yield "/" + fold(" ".join(words[number:]))
                yield "/" + fold(" ".join(words[: number + 1]))


def _surname(chain: Chain) -> str:
    return "PER/" + fold(person_words(chain.name)[-1])


def _is_short(chain: Chain, full: _Index, base: KnowledgeBase) -> bool:
    """Whether ``chain`` is but a short form of others."""
    owners = full.among(chain)
    if not owners:
        return False
    known = [c for c in base.candidates(chain.name) if c.match <= Match.FOLDED]
    if owners[0].type == "PER":
        if chain.type != "PER":
            # "Kuleba", taken for a town; "Austin", when Lloyd Austin was named before.
            if not any(_surname(owner) == f"PER/{chain.key.partition('/')[2]}" for owner in owners):
                return False
            before = min(place for owner in owners for place in owner.own) < chain.own[0]
            sure = max(place.confidence for place in chain.own) >= _SURE
            return not any(
                c.fit is not Fit.SHORT and (sure or not before or c.entity.prior >= _LARGE)
                for c in known
            )
        key = chain.key.partition("/")[2]
        famous = {
            c.entity.id
            for c in known
            if c.entity.type == "PER" and c.fit is not Fit.SHORT and c.entity.prior >= _WELL_KNOWN
        }
        if any(_surname(owner) == chain.key for owner in owners) or " " in key:
            # "Biden ... his son Hunter Biden": the short form came first, and by itself.
            first = min(place for owner in owners for place in owner.own)
            if first < chain.own[0] or not famous:
                return True
            return any(c.entity.id in famous for o in owners for c in base.candidates(o.name))
        # A given name, which may be someone's whole name: "Madonna".
        return not famous
    if _ACRONYM.fullmatch(chain.name):
        of_owner = {c.entity.id for o in owners for c in base.candidates(o.name)[:1]}
        return not known or bool(of_owner & {c.entity.id for c in known})
    if chain.type != "ORG":
        return False
    named = [owner for owner in owners if owner.own[0] < chain.own[0]]
    if any(f"/{fold(owner.name.split()[-1])}" == chain.key for owner in named):
        return True  # after "Manchester United" no airline is "United"
    return not any(
        c.fit is not Fit.SHORT
        # In "Moscow, Idaho" no University of Idaho, which is named only later.
        and (c.entity.type == "ORG" or (not named and c.entity.prior >= _LARGE))
        for c in known
    )
