"""Engines that find names, by name. Their packages are extras and imported when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from services.tagger.engines.loading import ENGINE_SETTING, MODEL_SETTING, check_package
from services.tagger.spans import Finder
from shared.errors import SettingsError

__all__ = ["ENGINES", "SHIPPED_MODELS", "Choice", "check_choice", "check_installed", "load_finder"]


@dataclass(frozen=True)
class Choice:
    """Which model an engine loads, and how it is asked. An engine ignores what is not its own."""

    model: str
    """A name that the engine knows, or a folder."""
    languages: frozenset[str] | None = None
    """ISO 639-1 codes of what the model was made for; ``None`` for all. spaCy's tell themselves."""
    threshold: float = 0.5
    """The confidence from which GLiNER tells of a name."""


def _spacy(choice: Choice) -> Finder:
    from services.tagger.engines.spacy_engine import SpacyFinder

    return SpacyFinder(choice.model)


def _gliner(choice: Choice) -> Finder:
    from services.tagger.engines.gliner_engine import GlinerFinder

    return GlinerFinder(choice.model, choice.threshold, choice.languages)


def _transformers(choice: Choice) -> Finder:
    from services.tagger.engines.transformers_engine import TransformersFinder

    return TransformersFinder(choice.model, choice.languages)


SHIPPED_MODELS: Final = ("open", "research")
"""The weights of the engine ``wireroom``."""


def _wireroom(choice: Choice) -> Finder:
    # Imported here: whoever asks for another engine does not load onnxruntime.
    from services.tagger.model.finder import ModelFinder

    return ModelFinder(choice.model.strip())


ENGINES: Final[dict[str, Callable[[Choice], Finder]]] = {
    # What is shipped needs no extra.
    "wireroom": _wireroom,
    "spacy": _spacy,
    "gliner": _gliner,
    "transformers": _transformers,
}
"""How each engine is loaded."""


_PACKAGES: Final = {
    "spacy": ("spacy",),
    "gliner": ("gliner",),
    "transformers": ("transformers", "torch"),
}


def load_finder(
    engine: str,
    model: str,
    *,
    languages: Collection[str] | None = None,
    threshold: float = 0.5,
) -> Finder:
    """The finder of ``engine`` with ``model``. Nothing is downloaded.

    Raises :class:`~shared.errors.SettingsError` when there is no such engine, its package is not
    installed, or the model is not on this machine.
    """
    check_choice(engine, model)
    known = None if languages is None else frozenset(languages)
    return ENGINES[engine](Choice(model, known, threshold))


def check_choice(engine: str, model: str) -> None:
    """Raises :class:`~shared.errors.SettingsError` when there is no such engine, no model is
    named, or the shipped engine has none of that name. Loads nothing."""
    if engine not in ENGINES:
        raise SettingsError(
            f"{ENGINE_SETTING}: there is no engine {engine!r}; there are {', '.join(ENGINES)}"
        )
    if not model.strip():
        raise SettingsError(f"{MODEL_SETTING}: the engine {engine} needs a model's name or folder")
    if engine == "wireroom" and model.strip() not in SHIPPED_MODELS:
        raise SettingsError(
            f"{MODEL_SETTING}: the engine wireroom has no model {model!r}; it has "
            f"{', '.join(SHIPPED_MODELS)}"
        )


def check_installed(engine: str) -> None:
    """Raises :class:`~shared.errors.SettingsError` when a package that ``engine`` needs is not
    installed. Imports nothing; whether the model is there only loading tells."""
    for name in _PACKAGES.get(engine, ()):
        check_package(name, engine)
