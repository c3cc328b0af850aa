"""What a title of Wikipedia says of the thing it names: "David Butler (director)", "Denton, Texas".

Only what the shape of the title tells for sure; ``None`` where it tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from services.tagger.spelling import key_of, word_set


class Title(NamedTuple):
    """What a title tells. ``region`` is the place that it says the thing lies in."""

    name: str
    type: str
    kind: str
    region: str | None = None
    qualified: bool = False
    """The title has more than the name in it, since others bear the name."""


_QUALIFIED = re.compile(r"(?P<name>.+?) \((?P<what>[^()]+)\)")
_PERSON = re.compile(
    r"\b(?:footballer|politician|actor|actress|musician|director|singer|writer|composer|author|"
    r"mathematician|screenwriter|rapper|producer|physicist|filmmaker|novelist|poet|businessman|"
    r"judge|comedian|scientist|general|journalist|philosopher|chemist|academic|economist|"
    r"governor|artist|cricketer|mayor|playwright|architect|engineer|lawyer|songwriter|editor|"
    r"manager|bishop|admiral|officer|soldier|historian|congressman|senator|activist|painter|"
    r"coach|swimmer|cyclist|athlete|boxer|wrestler|soccer|basketball|ice hockey|rugby union|"
    r"American football|tennis|baseball|born \d{4})\b",
)
_WORK = re.compile(r"\b(?:film|series|miniseries|serial|album|song|novel|book|band|game|play)\b")
_PLACES = word_set(
    "district province city town state region canton prefecture municipality island river lake "
    "county village commune department comarca mountain parish"
)
_ORGANIZATIONS = word_set("company airline franchise group newspaper publisher organization bank")
_FACILITY = word_set(
    "Airport Airfield Aerodrome Stadium Bridge Cathedral Speedway Dam Arena Tower Castle Hospital "
    "Museum Palace Station Prison Raceway Tunnel Cemetery Monastery Abbey"
)
_LOCATION = word_set(
    "District County Province Municipality Region Department River Parish Township Governorate "
    "Island Islands Lake Oblast Prefecture Sea Mountains Mountain Valley Peninsula Bay Creek "
    "Subregion Wilderness Forest Desert Voivodeship Raion Krai Strait Canal Desert Archipelago "
    "Glacier Ocean Gulf Hills Park"
)
_ORGANIZATION = word_set(
    "F.C. FC A.F.C. AFC S.C. SC F.K. FK C.F. CF B.C. K.K. University College Party Club Clube "
    "Airlines Airways Air Corporation Company Group Technology Academy School Institute Records "
    "Entertainment Studios Pictures Calcio Movement Union League Association Federation Army Navy "
    "Foundation Council Committee Bank Orchestra Society Agency Ministry Inc. Ltd. Ltd Corp. "
    "Press Team Brigade Regiment Division Squadron Basket Productions Television Motors Museum"
)
# "Winter War", but no film: "Path to War".
_WAR = re.compile(r".*(?:Civil|World|Cold|Gulf|Winter|Independence|an|ese|ish|ch|i) War")
_EVENT = word_set("Olympics Revolution Uprising Massacre Rebellion Crisis Earthquake Treaty")
_FIRST = {
    "Gmina": "LOC", "Province": "LOC", "Municipality": "LOC", "Lake": "LOC", "Mount": "LOC",
    "Isle": "LOC", "Battle": "EVENT", "Siege": "EVENT", "University": "ORG", "FC": "ORG",
    "FK": "ORG", "SV": "ORG", "VfL": "ORG", "SK": "ORG", "NK": "ORG", "HK": "ORG", "BC": "ORG",
    "AC": "ORG", "AS": "ORG", "SC": "ORG", "CD": "ORG", "CF": "ORG", "RC": "ORG", "US": "ORG",
    "Club": "ORG", "Ministry": "ORG", "Sport": "ORG", "Atlético": "ORG", "Deportivo": "ORG",
}  # fmt: skip
_NONE = word_set("Medal Award Prize Awards Order List Law language people dynasty (album) Cup")
_TEAM = re.compile(r".+ (?:national|women's national)\b.* team$|.+ (?:football|basketball) team$")
_KINDS = {"LOC": "place", "ORG": "organization", "PER": "person", "FACILITY": "place",
          "EVENT": "event", "MISC": "other"}  # fmt: skip
_NOBLE = word_set("of the de von van der di da bin ibn al la le du dos das do del")
_RANKS = word_set("Prince Princess Sir Lord Lady Saint Pope King Queen Order Duke Count")


class Titles:
    """Reads titles with the help of lists: names of people, of regions and countries."""

    def __init__(
        self, given: Collection[str], surnames: Collection[str], regions: Mapping[str, str]
    ) -> None:
        """Keys of ``given`` names and ``surnames``; ``regions`` has their countries."""
        self._given = given
        self._surnames = surnames
        self._regions = regions

    def read(self, title: str) -> Title | None:
        """What ``title`` (with spaces) tells."""
        match = _QUALIFIED.fullmatch(title)
        if match:
            return self._qualified(match["name"], match["what"])
        if ", " in title:
            return self._comma(title)
        words = title.split()
        kind = _shape(title, words)
        if kind is not None:
            return Title(title, kind, _KINDS[kind]) if kind else None
        if self._person(words):
            return Title(title, "PER", "person")
        return None

    def _qualified(self, name: str, what: str) -> Title | None:
        if _WORK.search(what):
            return None
        if _PERSON.search(what) and " " in name:
            return Title(name, "PER", "person", qualified=True)
        last = what.split()[-1]
        if last in _PLACES:
            return Title(name, "LOC", "place", qualified=True)
        if last in _ORGANIZATIONS or what.endswith("political party"):
            return Title(name, "ORG", "organization", qualified=True)
        if what in self._regions:
            # Parties and schools are told apart by country, too: "Democrats (Brazil)".
            kind = _shape(name, name.split())
            return Title(name, kind, _KINDS[kind], what, True) if kind else None
        return None

    def _comma(self, title: str) -> Title | None:
        name, _, rest = title.rpartition(", ")
        if rest in ("Jr.", "Sr.") and self._person(name.split()):
            return Title(title.replace(",", ""), "PER", "person")
        if rest in ("Inc.", "Ltd.", "LLC"):
            return Title(title, "ORG", "organization")
        if rest in self._regions and "," not in name:
            kind = _shape(name, name.split())
            kind = "LOC" if kind is None else kind
            return Title(name, kind, _KINDS[kind], rest, True) if kind else None
        return None

    def _person(self, words: list[str]) -> bool:
        if not 2 <= len(words) <= 4 or words[0] in _RANKS:
            return False
        if any(not word[:1].isupper() and word not in _NOBLE for word in words):
            return False
        first, last = key_of(words[0]), key_of(words[-1])
        named = first in self._given or (len(words[0]) == 2 and words[0].endswith("."))
        return named and (last in self._surnames or last in self._given)


def _shape(title: str, words: list[str]) -> str | None:
    """The type that first or last word tell; empty for what is no name; ``None`` where neither."""
    if words[-1] in _NONE or words[0] in ("List", "Order", "History"):
        return ""
    if re.match(r"\d{4}\b", title) or words[-1] in _EVENT or _WAR.fullmatch(title):
        return "EVENT" if len(words) > 1 else ""
    if _TEAM.fullmatch(title):
        return "ORG"
    if len(words) < 2:
        return None
    last = words[-1]
    if last in _FACILITY:
        return "FACILITY"
    if last in _LOCATION or last == "district":
        return "LOC"
    if last in _ORGANIZATION:
        return "ORG"
    return _FIRST.get(words[0])
