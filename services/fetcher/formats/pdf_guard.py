"""What a PDF may cost before PDFium opens it, and how much memory PDFium may take.

PDFium inflates a stream up to 1 GiB and keeps some 250 bytes for each character of a page; forms
that draw forms multiply without limit. Streams that plainly explode are found first and refused by
name. What explodes in other ways meets a limit on memory, which ends the process: the pool of
workers then refuses the message.
"""

from __future__ import annotations

import contextlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from services.fetcher.limits import Budget, PartRefused

try:
    import resource
except ImportError:  # pragma: no cover - Windows
    resource = None  # type: ignore[assignment]

MAX_MEMORY = 1536 * 1024 * 1024
"""Bytes by which the process may grow while PDFium reads one file. A million characters, all that
is read of one file, take a quarter."""

_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_DICTIONARY = 1_024
"""Bytes before a stream that are looked at for its dictionary."""
_CHUNK = 65_536
_MAX_SOUGHT = 512 * 1024 * 1024
"""Bytes that PDFium may go over in search of the ends of streams, at 250 MB a second. It seeks each
by itself, so that streams without an end take the square of their number."""
_STATM = Path("/proc/self/statm")


def check_streams(data: bytes, budget: Budget) -> None:
    """Inflate each stream but pictures, which only drawing would, and keep none.

    Raises :class:`PartRefused` ``zip_bomb``: by the ratio of one, or by the size of all together;
    ``corrupt_pdf`` where too many have no end.
    """
    total = sought = end = 0
    limit = budget.settings.max_total_bytes
    for begin in _STREAM.finditer(data):
        start = begin.end()
        if end < start:
            end = data.find(b"endstream", start)
            end = len(data) if end < 0 else end
        sought += end - start
        if sought > len(data) + _MAX_SOUGHT:
            raise PartRefused("corrupt_pdf", "too many streams have no end")
        dictionary = data[max(0, begin.start() - _DICTIONARY) : begin.start()]
        if not _is_zlib(data[start : start + 2]) or b"/Image" in dictionary.rpartition(b"obj")[2]:
            continue
        produced = 0
        for size, consumed in _inflated(data, start):
            produced += size
            total += size
            budget.ratio(produced, consumed)
            if total > limit:
                raise PartRefused("zip_bomb", f"streams inflate to more than {limit} bytes")


def _is_zlib(head: bytes) -> bool:
    """Whether a zlib header begins here (RFC 1950, 2.2)."""
    return len(head) == 2 and head[0] & 0x0F == 8 and int.from_bytes(head, "big") % 31 == 0


def _inflated(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Bytes that each step gives, and bytes consumed until then."""
    view, inflater = memoryview(data), zlib.decompressobj()
    place, waiting = start, b""
    while not inflater.eof:
        if not waiting:
            waiting = bytes(view[place : place + _CHUNK])
            place += len(waiting)
            if not waiting:
                return
        try:
            piece = inflater.decompress(waiting, 4 * _CHUNK)
        except zlib.error:
            return
        waiting = inflater.unconsumed_tail
        yield len(piece), place - start - len(waiting)


@contextlib.contextmanager
def memory_limit(growth: int = MAX_MEMORY) -> Iterator[None]:
    """Let the process grow by ``growth`` bytes of address space and not more.

    PDFium ends the process when it gets no memory. Where the system has no such limit (macOS,
    Windows), nothing is done.
    """
    if resource is None or not _STATM.exists():
        yield
        return
    size = int(_STATM.read_text().split()[0]) * resource.getpagesize() + growth
    wanted = {resource.RLIMIT_AS: size, resource.RLIMIT_CORE: 0}  # no dump of its memory either
    before = {kind: resource.getrlimit(kind) for kind in wanted}
    for kind, limit in wanted.items():
        bounds = [bound for bound in before[kind] if bound != resource.RLIM_INFINITY]
        resource.setrlimit(kind, (min([limit, *bounds]), before[kind][1]))
    try:
        yield
    finally:
        for kind, limits in before.items():
            resource.setrlimit(kind, limits)
