"""Pipelines of spaCy as an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from services.tagger.engines.labels import known
from services.tagger.engines.loading import (
    MODEL_SETTING,
    fingerprint,
    named,
    package,
    stay_offline,
)
from services.tagger.engines.pieces import moved, pieces, readable, tidy
from services.tagger.spans import Span
from shared.errors import SettingsError

EXTRA: Final = "spacy"
_PIECE: Final = 10_000
"""Characters that are read at once. Memory grows with them, some megabyte for a thousand."""
_RUN: Final = 250
"""Characters without a space that are read at once: spaCy takes off prefixes one by one."""
_BATCH: Final = 8
_ANNOTATED: Final = frozenset(
    {"POS", "TAG", "MORPH", "LEMMA", "DEP", "SENT_START", "IS_SENT_START"}
)
"""What patterns of a ruler may ask that other components write."""
_ANY: Final = "xx"
"""What spaCy calls a pipeline for several languages."""
_SAME: Final = {"nb": frozenset({"nb", "no"})}
"""Languages that have another code where the language of a text is told."""


class SpacyFinder:
    """A :class:`~services.tagger.spans.Finder` by the pipeline ``name``: a package or a folder.

    spaCy tells no confidence: that of every name is 1.
    """

    def __init__(self, name: str) -> None:
        """Raises :class:`~shared.errors.SettingsError` when there is no such pipeline here."""
        spacy = package("spacy", EXTRA)
        stay_offline()  # For pipelines that hold a transformer.
        folder = Path(name).expanduser()
        with named(name, EXTRA):
            self._nlp = spacy.load(folder if folder.is_dir() else name)
        finders = _keep_finders(self._nlp)
        labels = {label for finder in finders for label in self._nlp.get_pipe(finder).labels}
        self._types = known(labels)
        if not self._types:
            raise SettingsError(
                f"{MODEL_SETTING}: the pipeline {name!r} finds no names: of its components "
                f"{', '.join(self._nlp.pipe_names) or '(none)'} the labels that are names' are "
                f"missing (it has {', '.join(sorted(labels)) or 'none'})"
            )
        self._most = min(_PIECE, self._nlp.max_length)
        meta = self._nlp.meta
        called = f"{meta['lang']}_{meta['name']}-{meta['version']}"
        where = self._nlp.path
        files = "" if where is None else f" {fingerprint(Path(where))}"
        self.version = f"spacy-{spacy.__version__} {called}{files}"

    def covers(self, language: str | None) -> bool:
        """Whether the pipeline was made for ``language``."""
        own = self._nlp.lang
        return language is None or own == _ANY or language in _SAME.get(own, {own})

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The names of each of ``texts``."""
        # One text at a time: what else is in a batch changes sums by a rounding, which may tip a
        # decision.
        return [tidy(text, self._spans(readable(text))) for text in texts]

    def _spans(self, text: str) -> Iterator[Span]:
        cut = list(pieces(text, self._most, _RUN))
        # Without a zone the pipeline remembers every word that it ever saw.
        with self._nlp.memory_zone():
            read = self._nlp.pipe(
                (text[piece.start : piece.end] for piece in cut), batch_size=_BATCH
            )
            for piece, document in zip(cut, read, strict=True):
                found = (
                    Span(name.start_char, name.end_char, self._types[name.label_], 1.0)
                    for name in document.ents
                    if name.label_ in self._types
                )
                yield from moved(found, piece.start)


def _keep_finders(nlp: Any) -> list[str]:
    """Removes from ``nlp`` what no finder of names needs; the finders that it has."""
    finders = [name for name in nlp.pipe_names if _finds(nlp, name)]
    if any(_asks_others(nlp.get_pipe(name)) for name in finders):
        return finders
    needed = set(finders)
    for name, component in nlp.pipeline:
        # Vectors and transformers that are shared tell whom they serve.
        if needed & set(getattr(component, "listening_components", ())):
            needed.add(name)
    for name in list(nlp.pipe_names):
        if name not in needed:
            nlp.remove_pipe(name)
    return finders


def _finds(nlp: Any, name: str) -> bool:
    if "doc.ents" in nlp.get_pipe_meta(name).assigns:
        return True
    return bool(getattr(nlp.get_pipe(name), "annotate_ents", False))


def _asks_others(component: Any) -> bool:
    """Whether it is a ruler with patterns over what taggers and parsers write."""
    return any(
        key.upper() in _ANNOTATED
        for pattern in getattr(component, "patterns", ())
        if isinstance(pattern["pattern"], list)
        for token in pattern["pattern"]
        for key in token
    )
