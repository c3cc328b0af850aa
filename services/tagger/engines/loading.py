"""Packages and models that may not be there, and errors that say what to do then."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import xxhash

from shared.errors import SettingsError

ENGINE_SETTING: Final = "WIREROOM_TAGGER_ENGINE"
MODEL_SETTING: Final = "WIREROOM_TAGGER_MODEL"
_OFFLINE: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")
_CHUNK: Final = 1 << 20


def package(name: str, extra: str) -> Any:
    """The package ``name``, which comes with ``extra``."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _absent(name, extra, str(error)) from error


def check_package(name: str, extra: str) -> None:
    """Whether the package ``name`` is installed, without importing it, which takes seconds."""
    if name not in sys.modules and importlib.util.find_spec(name) is None:
        raise _absent(name, extra, "it is not installed")


def _absent(name: str, extra: str, why: str) -> SettingsError:
    return SettingsError(
        f"{ENGINE_SETTING}: the engine {extra} needs the package {name}, which cannot be "
        f"imported ({why}); pip install 'wireroom[{extra}]'"
    )


def stay_offline() -> None:
    """Bid the libraries of the model hub ask nothing of the network, in this whole process.

    They read these variables when they are imported; models are loaded with ``local_files_only``
    besides, for where they are imported already.
    """
    for variable in _OFFLINE:
        os.environ[variable] = "1"


def model_folder(model: str, extra: str) -> Path:
    """The folder of ``model``: the folder itself, or where the hub's cache keeps that name."""
    path = Path(model).expanduser()
    if path.is_dir():
        return path.resolve()
    stay_offline()
    hub = package("huggingface_hub", extra)
    with named(model, extra):
        return Path(hub.snapshot_download(model, local_files_only=True))


def model_name(model: str) -> str:
    """What ``model`` is called where the article says which one read it."""
    path = Path(model).expanduser()
    return path.resolve().name if path.is_dir() else model.rsplit("/", 1)[-1]


@contextmanager
def named(model: str, extra: str) -> Iterator[None]:
    """Turns whatever a library raises on loading ``model`` into an error that says what to do."""
    try:
        yield
    except SettingsError:
        raise
    except Exception as error:
        # What libraries raise for a model that is absent, broken or of another version differs
        # from one to the next and from release to release.
        reason = " ".join(str(error).split())[:300]
        raise SettingsError(
            f"{MODEL_SETTING}: {model!r} cannot be loaded by the engine {extra}: "
            f"{type(error).__name__}: {reason}. Nothing is downloaded: {_WHERE[extra]}"
        ) from error


_WHERE: Final = {
    "spacy": "install the model's package into this environment (its wheel is a release of "
    "github.com/explosion/spacy-models), or name the folder of a pipeline",
    "gliner": "name the folder that holds gliner_config.json, the weights, and the tokenizer "
    "and encoder that they were made with",
    "transformers": "name the folder that holds config.json, the weights and tokenizer.json",
}


def fingerprint(folder: Path) -> str:
    """Eight digits that tell one model from another of the same name: a hash of its files."""
    digest = xxhash.xxh3_64()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if not path.is_file() or any(part.startswith((".", "__")) for part in parts):
            continue
        digest.update("/".join(parts).encode("utf-8", "surrogateescape") + b"\0")
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()[:8]
