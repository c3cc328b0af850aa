"""Formats that are recognised only to be refused by name, instead of as noise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.fetcher.formats.base import MAGIC, NO, Found, Refused
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source

# Offset, bytes, name. Signatures of formats' own specifications; those of two or three letters
# that text can begin with stand in `_weak` with a second look.
_MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG image"),
    (0, b"\xff\xd8\xff", "JPEG image"),
    (0, b"II*\x00", "TIFF image"),
    (0, b"MM\x00*", "TIFF image"),
    (0, b"\x00\x00\x01\x00", "icon"),
    (0, b"%!PS-Adobe", "PostScript"),
    (0, b"%!PS\n", "PostScript"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office file (OLE)"),
    (0, b"\x7fELF", "ELF program"),
    (0, b"\xca\xfe\xba\xbe", "Java class or Mach-O program"),
    (0, b"\xcf\xfa\xed\xfe", "Mach-O program"),
    (0, b"\xce\xfa\xed\xfe", "Mach-O program"),
    (0, b"\x00asm", "WebAssembly program"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (0, b"Rar!\x1a\x07", "RAR archive"),
    (0, b"\x04\x22\x4d\x18", "LZ4 file"),
    (0, b"OggS\x00", "Ogg media"),
    (0, b"fLaC\x00", "FLAC audio"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska media"),
    (0, b"SQLite format 3\x00", "SQLite database"),
    (0, b"\x00\x01\x00\x00\x00", "font"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_NEAR = 64
# Signatures in letters: what has nothing but letters behind them is an article about them.
_LETTERS = (
    (0, b"GIF87a", "GIF image"),
    (0, b"GIF89a", "GIF image"),
    (4, b"ftyp", "MP4 or HEIF media"),
    (0, b"wOFF", "font"),
    (0, b"wOF2", "font"),
    (0, b"PAR1", "Parquet file"),
)


class Foreign:
    """Images, office files, programs, archives and media that are not read."""

    name = "foreign"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By the magic number."""
        head = sample.head
        if _named(head, _MAGIC) or _weak(head):
            return MAGIC
        return MAGIC if _named(head, _LETTERS) and _CONTROL.search(head, 0, _NEAR) else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """One refusal that names the format."""
        yield Refused("unsupported_format", f"{_kind(source.sample.head)} is not read", whole=True)


def _kind(head: bytes) -> str:
    return _named(head, _MAGIC) or _named(head, _LETTERS) or _weak(head)


def _named(head: bytes, signatures: tuple[tuple[int, bytes, str], ...]) -> str:
    for offset, magic, name in signatures:
        if head.startswith(magic, offset):
            return name
    return ""


def _weak(head: bytes) -> str:
    """Formats whose signature alone text could hold: a second fact must agree."""
    if head.startswith(b"MZ") and b"\x00\x00" in head[:64]:
        return "Windows program"
    if head.startswith(b"RIFF") and head[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        return f"RIFF media ({head[8:12].decode().strip()})"
    if head.startswith(b"BM") and head[6:10] == b"\x00\x00\x00\x00" and len(head) > 26:
        return "BMP image"
    if head.startswith(b"ID3") and head[3:4] in (b"\x02", b"\x03", b"\x04"):
        return "MP3 audio"
    return ""
