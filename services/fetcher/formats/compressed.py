"""gzip, bzip2, xz, lzma and Zstandard: one file each, in one stream or several."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Iterator

from services.fetcher.formats.base import MAGIC, NO, Child, Found, Refused
from services.fetcher.formats.inflating import Inflating, Method, Zlib
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source, stream_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MEMORY = 128 * 1024 * 1024
"""Bytes that decompressing may take: ``xz -9`` needs 65 MiB, Zstandard's largest usual window
(RFC 8878, section 3.1.1.1.2, asks for 8 MiB; its command line takes 128 MiB) no more."""
_WINDOW_LOG = 27  # 128 MiB
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")  # a block, and the end of an empty stream
_XZ = b"\xfd7zXZ\x00"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = bytes(range(0x50, 0x60)), b"\x2a\x4d\x18"  # RFC 8878, section 3.1.2
_LZMA_HEADER = 13  # properties, size of the dictionary, size of the content
_LZMA_LARGEST = 1 << 38
_OWN_TYPES = ("gzip", "bzip", "xz", "lzma", "zstd")
_FNAME = 8  # flags of gzip's header (RFC 1952, section 2.3.1)
_FEXTRA = 4


class _Compressed:
    """One compressed file. Decompresses while counting; bytes behind the end are refused."""

    name: str
    container = True
    streams = True
    method: Method
    suffixes: tuple[str, ...]

    def recognise(self, sample: Sample) -> int:
        """By the magic number."""
        return MAGIC if self._matches(sample) else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """The one file inside, and whatever stands behind the last stream as a refusal."""
        sample = source.sample
        name = self._inner_name(sample)
        inflating = Inflating(source.stream, self.method, budget)
        pieces = inflating.pieces()
        # A producer may declare what is inside (Content-Encoding is seldom carried over).
        own = any(word in sample.media_type for word in _OWN_TYPES)
        kind = "" if own else sample.content_type
        yield Child(stream_of(pieces), name, name, kind, source.url)
        for _ in pieces:  # what the reader of the content left is checked all the same
            pass
        if inflating.trailing:
            yield Refused(
                "trailing_data",
                f"{inflating.trailing_size} bytes that are no {self.name} stand behind the stream",
                inflating.trailing,
                f"{name} (behind the end)",
            )

    def _matches(self, sample: Sample) -> bool:
        return self.method.begins(sample.head)

    def _inner_name(self, sample: Sample) -> str:
        base = sample.name.replace("\\", "/").rpartition("/")[2]
        for suffix in self.suffixes:
            if base.lower().endswith(suffix) and len(base) > len(suffix):
                stem = base[: -len(suffix)]
                return f"{stem}.tar" if suffix.startswith(".t") else stem
        return base or "content"


class Gzip(_Compressed):
    """gzip (RFC 1952): members one after another are one stream, as every gzip reads them."""

    name = "gzip"
    suffixes = (".gz", ".gzip", ".tgz")
    method = Method(
        "gzip",
        lambda: Zlib(31),
        lambda head: head.startswith(b"\x1f\x8b\x08"),
        (zlib.error, ValueError, EOFError),
    )

    def _inner_name(self, sample: Sample) -> str:
        """The name that the header keeps, else the outer one without its suffix."""
        data = sample.head
        if len(data) > 10 and data[3] & _FNAME and not data[3] & _FEXTRA:
            end = data.find(b"\0", 10, 10 + 1024)
            if end > 10:
                raw = data[10:end]
                try:
                    return raw.decode("utf-8")
                except UnicodeDecodeError:
                    return raw.decode("latin-1")
        return super()._inner_name(sample)


class Bzip2(_Compressed):
    """bzip2, also of several streams, as parallel compressors write it."""

    name = "bzip2"
    suffixes = (".bz2", ".bz", ".tbz2", ".tbz")
    method = Method(
        "bzip2",
        bz2.BZ2Decompressor,
        lambda head: head[:3] == b"BZh",
        (OSError, ValueError, EOFError),
    )

    def _matches(self, sample: Sample) -> bool:
        head = sample.head
        sized = head[:3] == b"BZh" and head[3:4] in b"123456789"
        return sized and head[4:10] in _BZIP2_BLOCKS


class Xz(_Compressed):
    """xz, also of several streams, and the older lzma, which has no magic number of its own."""

    name = "xz"
    suffixes = (".xz", ".lzma", ".txz", ".tlz")
    method = Method(
        "xz",
        lambda: lzma.LZMADecompressor(memlimit=_MEMORY),
        lambda head: head.startswith(_XZ),
        (lzma.LZMAError, ValueError, EOFError),
        "memory usage limit",
    )

    def _matches(self, sample: Sample) -> bool:
        return sample.head.startswith(_XZ) or _is_lzma(sample.head)


class Zstandard(_Compressed):
    """Zstandard (RFC 8878), also of several frames, skippable ones among them."""

    name = "zstd"
    suffixes = (".zst", ".zstd", ".tzst")
    method = Method(
        "zstd",
        lambda: zstd.ZstdDecompressor(
            options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
        ),
        lambda head: head.startswith(_ZSTD) or _is_skippable(head),
        (zstd.ZstdError, ValueError, EOFError),
        "too much memory",
    )

    def _matches(self, sample: Sample) -> bool:
        head = sample.head
        if not _is_skippable(head):
            return head.startswith(_ZSTD)
        # Other methods skip the same frames: what follows decides, or the name.
        end = 8 + int.from_bytes(head[4:8], "little")
        return head.startswith(_ZSTD, end) or sample.suffix in self.suffixes


def _is_skippable(head: bytes) -> bool:
    first, rest = _SKIPPABLE
    return len(head) > 3 and head[0] in first and head[1:4] == rest


def _is_lzma(head: bytes) -> bool:
    """The usual properties, a dictionary of a usual size, and a content of a size that can be."""
    if len(head) < _LZMA_HEADER or head[0] != 0x5D:
        return False
    window = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    usual = window >= 4096 and (window & (window - 1) == 0 or window % 3 == 0)
    while usual and window % 2 == 0:
        window //= 2
    return usual and window in (1, 3) and (size == (1 << 64) - 1 or size < _LZMA_LARGEST)
