"""Walking through what is nested: from one source to the documents in it, whatever is in what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from services.fetcher.formats import recognise, registry
from services.fetcher.formats.base import Child, Document, Format, Refused, Skipped
from services.fetcher.formats.zip_archive import ZipArchive
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.source import Source

_NAME_LIMIT = 512
"""Characters of a place or a file name that are kept; longer ones end in a hash of themselves."""


@dataclass(frozen=True, slots=True)
class Part:
    """A source at its place: ``place`` is the path of members that leads to it, empty for the root.

    ``seen_at`` comes from the container that tells it (a WARC), or is empty.
    """

    source: Source
    place: str = ""
    seen_at: datetime | None = None
    depth: int = 0

    @property
    def url(self) -> str:
        """Where it was fetched from; empty for one of several parts, unless its container tells."""
        return self.source.url


@dataclass(frozen=True, slots=True)
class Found:
    """Something found at ``place``, which for what a format reads itself is the format's step."""

    part: Part
    place: str
    item: Document | Refused | Skipped


class Unpacker:
    """Opens containers within containers, one member at a time, in a fixed order.

    Containers that stream are read piece by piece, so that memory does not grow with their size;
    anything else is read whole, up to ``max_container_bytes``.
    """

    def __init__(self, settings: FetcherSettings) -> None:
        self._settings = settings
        self._formats = registry(settings)

    def source(
        self, content: bytes | BinaryIO, name: str = "", content_type: str = "", url: str = ""
    ) -> Source:
        """A source under the limits of the settings."""
        limit = self._settings.max_container_bytes
        return Source(content, limit=limit, name=name, content_type=content_type, url=url)

    def documents(self, part: Part, budget: Budget) -> Iterator[Found]:
        """Every document, refusal and skipped part in ``part``.

        Raises :class:`~services.fetcher.limits.Exhausted` when a limit on the whole is reached.
        """
        for item in self._walk(part, budget, leaves=False):
            assert isinstance(item, Found)
            yield item

    def leaves(self, part: Part, budget: Budget) -> Iterator[Part | Found]:
        """As :meth:`documents`, but what is not opened piece by piece is given as it is.

        A leaf is a :class:`Part` whose source must be read before the next one is asked for.
        What becomes of it is the same as had it been reached by :meth:`documents`, given its
        place and the id of the root.
        """
        return self._walk(part, budget, leaves=True)

    def _walk(self, part: Part, budget: Budget, *, leaves: bool) -> Iterator[Part | Found]:
        source = part.source
        try:
            chosen = self._chosen(source, budget)
            if leaves and not (chosen and chosen.streams):
                yield part
                return
            if chosen is None or not chosen.streams:
                whole, data = source.whole, source.data
                if not whole:  # with all of it at hand it may look different
                    chosen = self._chosen(source, budget)
                if source.sample.is_blank:
                    detail = f"nothing but white space in {len(data)} bytes"
                    yield _found(part, _whole("empty", detail))
                    return
            if chosen is None:
                head = source.kept[:8].hex(" ")
                detail = f"neither text nor a known format; it begins {head}"
                yield _found(part, _whole("not_text", detail))
            elif chosen.container and part.depth >= self._settings.max_depth:
                limit = self._settings.max_depth
                detail = f"a {chosen.name} inside {part.depth} containers, max_depth={limit}"
                yield _found(part, _whole("nested_too_deep", detail))
            else:
                yield from self._open(part, chosen, budget, leaves=leaves)
        except PartRefused as refused:
            yield _found(part, _whole(refused.reason, refused.detail))

    def _chosen(self, source: Source, budget: Budget) -> Format | None:
        chosen = recognise(self._formats, source.sample)
        if isinstance(chosen, ZipArchive):
            return chosen.package(source, budget) or chosen
        return chosen

    def _open(
        self, part: Part, chosen: Format, budget: Budget, *, leaves: bool
    ) -> Iterator[Part | Found]:
        for item in chosen.unwrap(part.source, budget):
            budget.member()
            if not isinstance(item, Child):
                yield _found(part, item)
                continue
            if part.depth >= self._settings.max_depth:  # what counts as no container may nest too
                detail = f"inside {part.depth} containers, max_depth={self._settings.max_depth}"
                kept = item.data if isinstance(item.data, bytes) else b""
                yield _found(part, Refused("nested_too_deep", detail, kept, item.step))
                continue
            child = Part(
                self.source(item.data, clip(item.name), item.content_type, item.url),
                join(part.place, item.step),
                item.seen_at or part.seen_at,
                part.depth + 1,
            )
            try:
                yield from self._walk(child, budget, leaves=leaves)
            finally:
                child.source.close()


def _found(part: Part, item: Document | Refused | Skipped) -> Found:
    return Found(part, join(part.place, "" if isinstance(item, Skipped) else item.step), item)


def _whole(reason: str, detail: str) -> Refused:
    return Refused(reason, detail, whole=True)


def join(place: str, step: str) -> str:
    """The place of ``step`` in what is at ``place``."""
    return clip("/".join(filter(None, (place, step))))


def clip(name: str) -> str:
    """``name``, shortened where it is too long to be carried in a header."""
    if len(name) <= _NAME_LIMIT:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{name[: _NAME_LIMIT - 20]}…{digest}"
