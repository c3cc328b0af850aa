"""Opening things with formats by hand: what a format yields, with streams read as a caller must."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from services.fetcher.formats.base import Child, Document, Format, Found, Refused
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record
from shared.settings import load_settings
from tests.shared_data import shared_data


def limits(**changes: Any) -> FetcherSettings:
    """The fetcher's settings with ``changes``, the environment's left out."""
    return load_settings(FetcherSettings, **changes)


def unwrap(
    chosen: Format,
    content: bytes | BinaryIO,
    name: str = "",
    content_type: str = "",
    settings: FetcherSettings | None = None,
) -> Iterator[Found]:
    """What ``chosen`` finds in ``content``: children hold bytes, and a part that breaks off while
    it is read, or an error that ends the whole, is given as its refusal."""
    settings = settings or limits()
    source = Source(
        content, limit=settings.max_container_bytes, name=name, content_type=content_type
    )
    try:
        for found in chosen.unwrap(source, Budget(settings)):
            if not isinstance(found, Child) or isinstance(found.data, bytes):
                yield found
                continue
            try:
                yield replace(found, data=found.data.read())
            except PartRefused as refused:
                yield Refused(refused.reason, refused.detail, step=found.step)
    except PartRefused as refused:
        yield Refused(refused.reason, refused.detail, whole=True)


def children(found: list[Found]) -> list[Child]:
    """The children among ``found``."""
    return [item for item in found if isinstance(item, Child)]


def reasons(found: list[Found]) -> list[str]:
    """The reasons of what was refused or skipped, in order."""
    return [item.reason for item in found if not isinstance(item, Child | Document)]


def records(found: list[Found]) -> list[Record]:
    """The records among ``found``."""
    documents = [item for item in found if isinstance(item, Document)]
    return [
        Record.model_validate_json(item.data)
        for item in documents
        if item.content_type == Record.CONTENT_TYPE
    ]


def recognised(chosen: Format, data: bytes, name: str = "", content_type: str = "") -> int:
    """How sure ``chosen`` is of ``data``."""
    return chosen.recognise(Sample(data, name, content_type))


def suite(name: str, under: str) -> dict[str, bytes]:
    """The files under ``under`` in a peer's suite, by their names there."""
    with tarfile.open(shared_data("suites", f"{name}.tar.gz")) as archive:
        found = {
            info.name.partition(under)[2]: (archive.extractfile(info) or _NONE).read()
            for info in archive
            if info.isfile() and under in info.name
        }
    assert found, f"no files under {under} in the suite {name}"
    return found


class _Nothing:
    def read(self) -> bytes:
        return b""


_NONE = _Nothing()
