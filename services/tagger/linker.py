"""Decides, for all matches of one article together, which entity each stands for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from typing import NamedTuple

from services.tagger import context
from services.tagger.gazetteer import Entry, Gazetteer, first_word, surname_keys
from services.tagger.matcher import Field, Match, scan

# How much it counts that the other places of the article lie in the candidate's country. Enough
# to turn Georgia into the state among American towns, not enough to move Paris to Texas.
_COHERENCE = 0.6
# From this prior on a name is known so well that it is read in capitals, too.
_CAPITALS = 0.5
_ACRONYM = re.compile(r"\s*\(\s*[\"“]?$")


class Link(NamedTuple):
    """A match decided. ``order`` is its place in reading order: title first."""

    field: Field
    match: Match
    entry: int
    linked_by: str


class Linker:
    """Links the matches of one article; ``fields`` in reading order."""

    def __init__(self, gazetteer: Gazetteer, fields: list[Field]) -> None:
        self._gazetteer = gazetteer
        self._entries = gazetteer.entries
        self._fields = fields

    def links(self) -> list[Link]:
        """Every decided match, in reading order."""
        matched = [scan(f, self._gazetteer.names, self._gazetteer.longest) for f in self._fields]
        evidence = self._evidence(matched)
        links: list[Link] = []
        doubtful: list[Link] = []
        for field, matches in zip(self._fields, matched, strict=True):
            for position, match in enumerate(matches):
                following = context.following(field, matches, position)
                chosen = self._choose(field, match, following, evidence)
                if chosen is None:
                    continue
                entry = self._entries[chosen[0]]
                link = Link(field, match, *chosen)
                careful = match.key in self._gazetteer.careful and context.single(match)
                if careful and not context.speaks_for(field, match, entry):
                    doubtful.append(link)
                else:
                    links.append(link)
        sure = {link.entry for link in links}
        places = [link for link in links if self._entries[link.entry].type == "LOC"]
        starts = {(id(link.field), link.match.first) for link in places}
        ends = {(id(link.field), link.match.last) for link in places}
        links.extend(
            link
            for link in doubtful
            if self._entries[link.entry].type != "PER"
            and (link.entry in sure or context.listed(link.field, link.match, starts, ends))
        )
        return self._with_short_forms(links)

    def _evidence(self, matched: list[list[Match]]) -> Counter[str]:
        """Countries of the places and peoples that are beyond doubt, by how much they tell."""
        evidence: Counter[str] = Counter()
        for match in (match for matches in matched for match in matches):
            if len(match.candidates) != 1 or match.key in self._gazetteer.careful:
                continue
            entry = self._entries[match.candidates[0]]
            if entry.country and not entry.rival:
                evidence[entry.country] += 2 if entry.kind in ("city", "region", "place") else 1
        return evidence

    def _choose(
        self, field: Field, match: Match, following: Match | None, evidence: Counter[str]
    ) -> tuple[int, str] | None:
        """The candidate that the article means and how that was found; ``None`` for none."""
        candidates = [i for i in match.candidates if self._plausible(field, match, i)]
        if following is not None:
            within = [index for index in candidates if self._lies_in(index, following)]
            if within:
                by = "context" if len(match.candidates) > 1 else "alias"
                return max(within, key=lambda index: self._entries[index].prior), by
            if self._is_american(following):
                candidates = [
                    index
                    for index in candidates
                    if self._entries[index].kind not in ("city", "place")
                ]
        candidates = [index for index in candidates if not self._entries[index].rival]
        if not candidates:
            return None
        total = sum(evidence.values())

        def score(index: int) -> float:
            entry = self._entries[index]
            share = evidence[entry.country] / total if total and entry.country else 0.0
            return entry.prior + _COHERENCE * share

        best = max(candidates, key=lambda index: (score(index), -index))
        first = max(candidates, key=lambda index: (self._entries[index].prior, -index))
        if self._entries[best].kind == "people":
            return best, "demonym"
        return best, "alias" if best == first else "context"

    def _plausible(self, field: Field, match: Match, index: int) -> bool:
        """Whether the words next to the name let it stand for entry ``index``."""
        entry = self._entries[index]
        if match.key.isupper() and match.key not in self._gazetteer.names:
            # Letters in capitals are an acronym sooner than a small town: "PISA".
            return entry.prior >= _CAPITALS
        return not context.part_of_another_name(
            field, match, entry, self._gazetteer
        ) and not context.part_of_organization(field, match, entry)

    def _lies_in(self, index: int, following: Match) -> bool:
        entry = self._entries[index]
        if entry.kind not in ("city", "place", "region"):
            return False
        for candidate in following.candidates:
            around = self._entries[candidate]
            if around.kind == "country" and around.country == entry.country and index != candidate:
                return True
            if around.kind == "region" and entry.region == following.key:
                return around.country == entry.country
        return False

    def _is_american(self, match: Match) -> bool:
        """Whether ``match`` is a state: "Odessa, Texas" is no list of places."""
        return any(
            self._entries[index].kind == "region" and self._entries[index].country == "US"
            for index in match.candidates
        )

    def _with_short_forms(self, links: list[Link]) -> list[Link]:
        """Add the short forms of what the article names in full, and put all in order.

        A short form that two share goes to the one named in full last before it.
        """
        order = {id(field): number for number, field in enumerate(self._fields)}
        full: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for link in links:
            entry = self._entries[link.entry]
            for key in self._short_keys(link, entry):
                full[key].append((order[id(link.field)], link.match.first, link.entry))
        for places in full.values():
            places.sort()
        if full:
            longest: dict[str, int] = {}
            for key in full:
                first, count = first_word(key)
                longest[first] = max(count, longest.get(first, 0))
            names = {key: tuple({place[2] for place in places}) for key, places in full.items()}
            for field in self._fields:
                links = self._merge(field, links, scan(field, names, longest), full, order)
        return sorted(links, key=lambda link: (order[id(link.field)], link.match.first))

    def _merge(
        self,
        field: Field,
        links: list[Link],
        shorts: list[Match],
        full: dict[str, list[tuple[int, int, int]]],
        order: dict[int, int],
    ) -> list[Link]:
        taken = {
            number: link
            for link in links
            if link.field is field
            for number in range(link.match.first, link.match.last)
        }
        dropped: set[int] = set()
        added: list[Link] = []
        for match in shorts:
            here = (order[id(field)], match.first)
            places = full.get(match.key)
            if not places:  # found in capitals
                continue
            entry = places[max(bisect_right(places, (*here, len(self._entries))) - 1, 0)][2]
            holders = {id(taken[n]): taken[n] for n in range(match.first, match.last) if n in taken}
            if any(
                link.entry == entry or link.match.last - link.match.first > match.last - match.first
                for link in holders.values()
            ):
                continue
            known = self._entries[entry]
            if context.part_of_another_name(field, match, known, self._gazetteer) or (
                match.key in self._gazetteer.careful and not context.speaks_for(field, match, known)
            ):
                continue
            dropped.update(holders)
            added.append(Link(field, match, entry, "short-form"))
        return [link for link in links if id(link) not in dropped] + added

    def _short_keys(self, link: Link, entry: Entry) -> list[str]:
        """Keys that from here on stand for the entity that ``link`` names in full."""
        match = link.match
        if entry.type == "PER":
            if context.single(match):
                return []
            return [*surname_keys(entry.name), *entry.short, *self._last_word(match.key)]
        keys = list(entry.short)
        if entry.type == "ORG" and not context.single(match):
            keys.extend(self._acronym(link))
        return keys

    @staticmethod
    def _last_word(key: str) -> list[str]:
        last = key.rsplit(" ", 1)[-1]
        return [last] if len(last) > 2 else []

    def _acronym(self, link: Link) -> list[str]:
        """The acronym in brackets behind an organization's full name."""
        words = link.field.words
        index = link.match.last
        if index < len(words) and _ACRONYM.match(link.field.gap(index)):
            key = words[index].key
            if 2 <= len(key) <= 8 and key.isupper() and key.isalpha():
                return [key]
        return []
