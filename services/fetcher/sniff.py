"""What can be told about bytes before a format is chosen: names and headers help, bytes decide."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from shared import charset

HEAD = 65_536
"""Bytes and characters that recognition looks at."""

_PIECE = 16_384
"""Bytes of the beginning, middle and end of a longer file that must be readable."""

_WHITE = " \t\r\n\f\v\ufeff\x00"
_PARAMETER = re.compile(r";\s*charset\s*=\s*[\"']?([^\s;\"']+)", re.I)
# Control bytes that no text of an 8-bit or multi-byte charset has. Backspace, bell, ^Z and NUL
# turn up in real text, but not in numbers.
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1b") + b"\x7f"
# Characters without a shape that text may hold: joiners, direction marks, soft hyphens, NULs.
_UNSEEN = "\u200b\u200c\u200d\u200e\u200f\ufeff\u00ad\x00"
_MAX_CONTROLS = 0.05
"""Share of control bytes above which bytes are no text; random bytes have 0.105."""
_MAX_UNREADABLE = 0.03
"""Share of characters that are controls, unassigned or unreadable in decoded text."""


@dataclass(frozen=True)
class Sample:
    """Bytes to be recognised, with what their sender says of them.

    ``name`` is a file name, ``content_type`` a media type with parameters; both may be empty or
    wrong. Derived facts are computed once.
    """

    data: bytes
    name: str = ""
    content_type: str = ""
    complete: bool = True
    """Whether ``data`` is all there is; otherwise it is the beginning."""

    @cached_property
    def media_type(self) -> str:
        """The declared type without parameters, in lower case."""
        return self.content_type.partition(";")[0].strip().lower()

    @cached_property
    def declared(self) -> str | None:
        """The declared charset."""
        match = _PARAMETER.search(self.content_type)
        return match[1] if match else None

    @cached_property
    def suffix(self) -> str:
        """The file name's last suffix in lower case: ``.html``, or empty."""
        name = self.name.replace("\\", "/").rstrip("/ ").rpartition("/")[2].lower()
        return PurePosixPath(name or "_").suffix

    @cached_property
    def head(self) -> bytes:
        """The first :data:`HEAD` bytes."""
        return self.data[:HEAD]

    @cached_property
    def charset(self) -> str:
        """The charset of the bytes read as text or as a page."""
        return charset.detect(self.data, self.declared, self.head.lstrip()[:1] == b"<")

    @property
    def text(self) -> str:
        """All of it as text; not kept, as it can be large."""
        return self.data.decode(self.charset, "replace").removeprefix("\ufeff")

    @cached_property
    def text_head(self) -> str:
        """The beginning as text, without white space and NULs before it."""
        return self.head.decode(self.charset, "replace").lstrip(_WHITE)

    @cached_property
    def is_text(self) -> bool:
        """Whether the bytes are mostly readable characters of some charset."""
        wide = self.charset.startswith(("utf-16", "utf-32"))
        if len(self.data) <= HEAD:
            return self._readable(self.data, wide)
        places = (0, len(self.data) // 2, len(self.data) - _PIECE)
        # Even places keep the units of UTF-16 and UTF-32 whole.
        pieces = (self.data[place // 4 * 4 : place // 4 * 4 + _PIECE] for place in places)
        return all(self._readable(piece, wide) for piece in pieces)

    def _readable(self, piece: bytes, wide: bool) -> bool:
        if not wide:
            controls = len(piece) - len(piece.translate(None, _CONTROLS))
            if controls > max(3, _MAX_CONTROLS * len(piece)) or 2 * controls > len(piece):
                return False
            # Any bytes are characters in an 8-bit charset: it proves nothing, UTF-8 does.
            if self.charset != "utf-8" and controls - piece.count(0) > 1 + 0.01 * len(piece):
                return False
            if (
                self.charset == "utf-8"
                and not controls
                and b"\x1b" not in piece
                and piece.isascii()
            ):
                return True  # as most pages are, and cheaper than what follows
        text = piece.decode(self.charset, "replace")
        odd = text.count("\ufffd")
        if not "".join(text.split()).isprintable():
            odd += sum(
                count
                for char, count in Counter(text).items()
                if not (char.isprintable() or char.isspace() or char in _UNSEEN)
            )
        return odd <= max(4 if len(text) > 40 else 1, _MAX_UNREADABLE * len(text))

    @cached_property
    def is_blank(self) -> bool:
        """Whether nothing but white space, NULs and marks is in it."""
        return not self.data.translate(None, b" \t\r\n\f\v\x00\xef\xbb\xbf\xff\xfe")
