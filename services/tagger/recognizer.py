"""Finds and links the entities of an article: an engine, the knowledge base, and what says how."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from services.tagger.engines import check_choice, check_installed, load_finder
from services.tagger.knowledge.base import KnowledgeBase, open_base
from services.tagger.knowledge.folding import CYRILLIC
from services.tagger.linking.known import KnownNames
from services.tagger.linking.repeats import with_surnames
from services.tagger.linking.resolver import Resolver
from services.tagger.settings import TaggerSettings
from services.tagger.spans import Finder, Span
from shared.events import Entity
from shared.settings import load_settings

_TITLE: Final = 2_000
_TEXT: Final = 150_000
"""Code points that the engine reads, of title and text: some 25,000 words, two seconds. In what
follows, which no news has, the knowledge base alone finds names: it is a hundred times as fast."""

_REGION: Final = re.compile(r"[-_]")
_PART: Final = re.compile(r"[^\W_]+")


class Tagging(NamedTuple):
    """The entities of an article, the most salient first, and name and version of what found and
    linked them."""

    entities: list[Entity]
    tagger: str


class Recognizer:
    """Names found by ``finder``, or by the knowledge base alone in languages that it does not
    cover, linked by ``base``."""

    def __init__(self, finder: Finder, base: KnowledgeBase) -> None:
        self.base = base
        self._finder = finder
        self._known = KnownNames(base)
        self._resolver = Resolver(base)

    def tag(self, text: str, title: str = "", language: str | None = None) -> Tagging:
        """The entities named in ``title`` and ``text``.

        Offsets count Unicode code points of the field that the mention names. ``language`` is
        ISO 639-1, with a region or not ("en-US"), or ``None``. Never raises, whatever the text.
        """
        language = _REGION.split(language or "", maxsplit=1)[0].lower() or None
        finder = self._finder if self._finder.covers(language) else self._known
        head, body = _read(title, _TITLE), _read(text, _TEXT)
        spans = [list(names) for names in finder.find((head, body))]
        if len(body) < len(text) and finder is not self._known:
            (rest,) = self._known.find((text[len(body) :],))
            spans[1] += [
                name._replace(start=name.start + len(body), end=name.end + len(body))
                for name in rest
            ]
        if finder is not self._known:
            known = self._known.unmistakable((head, body))
            spans = [_with_known(*each) for each in zip((head, body), spans, known, strict=True)]
            spans = with_surnames((head, body), spans)
        entities = self._resolver.entities(title, text, spans)
        return Tagging(entities, f"{finder.version}; base {self.base.version}")


def _with_known(text: str, names: list[Span], known: list[Span]) -> list[Span]:
    """``names`` of ``text`` with those of ``known`` that are beyond doubt, where engines erred.

    These are names of several words, of which an engine found none or but parts, and names in
    Cyrillic letters, which no model reads: articles give those of their people so, in brackets.
    """
    kept: list[Span] = []
    place = 0
    for sure in known:
        if not _beyond_doubt(text, sure):
            continue
        while place < len(names) and names[place].end <= sure.start:
            kept.append(names[place])
            place += 1
        last = place
        while last < len(names) and names[last].start < sure.end:
            last += 1
        parts = names[place:last]
        if all(sure.start <= part.start and part.end <= sure.end for part in parts):
            same = len(parts) == 1 and parts[0][:2] == sure[:2]
            agreed = same and (parts[0].type == "PER") == (sure.type == "PER")
            kept.append(parts[0] if agreed else sure)
            place = last
    return [*kept, *names[place:]]


def _beyond_doubt(text: str, name: Span) -> bool:
    written = text[name.start : name.end]
    if CYRILLIC.search(written):
        return True
    return name.type in ("PER", "ORG", "LOC", "FACILITY") and len(_PART.findall(written)) > 1


def _read(text: str, most: int) -> str:
    """``text`` up to the last white space among its first ``most`` code points."""
    if len(text) <= most:
        return text
    end = most
    while end > most // 2 and not text[end].isspace():
        end -= 1
    return text[:end]


def check(settings: TaggerSettings) -> None:
    """Whether what ``settings`` name is there, in milliseconds and without loading a model.

    Raises :class:`~shared.errors.SettingsError` naming the setting or the file and what is wrong.
    """
    check_choice(settings.engine, settings.model)
    check_installed(settings.engine)
    open_base(settings.layers(), settings.entities)


def recognizer(settings: TaggerSettings | None = None) -> Recognizer:
    """The recognizer that ``settings`` ask for, loaded once in this process.

    Raises :class:`~shared.errors.SettingsError` for an engine, a model or a file that is not
    there or is wrong.
    """
    chosen = settings or load_settings(TaggerSettings)
    key = chosen.model_dump_json(exclude={"min_salience"})
    if key not in _LOADED:
        finder = load_finder(
            chosen.engine, chosen.model, languages=chosen.languages, threshold=chosen.threshold
        )
        _LOADED[key] = Recognizer(finder, open_base(chosen.layers(), chosen.entities))
    return _LOADED[key]


_LOADED: Final[dict[str, Recognizer]] = {}
