"""Language groups: which partition of the fingerprint log a text belongs to.

Copies of one text must meet in one partition, whatever language was detected or declared for
each of them. So a group is the languages that share a *script*, and it is counted from the
compared text itself: equal texts are always in one group, near ones unless they are half and
half. The article's ``language`` field is not asked, and a text without a letter is in group 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LATIN, CYRILLIC, UNSPACED, OTHER = range(4)
"""The groups: Latin; Greek, Cyrillic, Armenian, Georgian; scripts written without spaces (and
Hangul, which stands among Han in Korean news); everything else (Arabic, Hebrew, Indic…)."""

GROUPS = 4

# Where a range of code points begins (Unicode 16 blocks) and whose letters it holds; -1 for marks,
# digits and signs that belong to no script.
_RANGES: tuple[tuple[int, int], ...] = (
    (0x0000, -1),
    (0x0041, LATIN),
    (0x005B, -1),
    (0x0061, LATIN),
    (0x007B, -1),
    (0x00C0, LATIN),
    (0x02B0, -1),
    (0x0370, CYRILLIC),
    (0x0590, OTHER),
    (0x0E00, UNSPACED),  # Thai, Lao
    (0x0F00, OTHER),
    (0x1000, UNSPACED),  # Myanmar
    (0x10A0, CYRILLIC),  # Georgian
    (0x1100, UNSPACED),  # Hangul Jamo
    (0x1200, OTHER),
    (0x1780, UNSPACED),  # Khmer
    (0x1800, OTHER),
    (0x1C80, CYRILLIC),
    (0x1CC0, OTHER),
    (0x1D00, -1),
    (0x1E00, LATIN),
    (0x1F00, CYRILLIC),  # Greek Extended
    (0x2000, -1),
    (0x2C60, LATIN),
    (0x2C80, OTHER),
    (0x2DE0, CYRILLIC),
    (0x2E00, -1),
    (0x2E80, UNSPACED),
    (0xA640, CYRILLIC),
    (0xA6A0, OTHER),
    (0xA720, LATIN),
    (0xA800, OTHER),
    (0xA960, UNSPACED),
    (0xA980, OTHER),
    (0xAC00, UNSPACED),
    (0xD800, -1),
    (0xF900, UNSPACED),
    (0xFB00, OTHER),
    (0xFE00, -1),
    (0xFE70, OTHER),
    (0xFF00, -1),
    (0x10000, OTHER),
    (0x1F000, -1),
    (0x20000, UNSPACED),
    (0x32000, -1),
)
_STARTS = np.array([start for start, _ in _RANGES], dtype=np.uint32)
_OWNERS = np.array([owner for _, owner in _RANGES], dtype=np.int64)


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """The code points of ``text``, shape ``(len(text),)``."""
    data = text.encode("utf-32-le", "surrogatepass")
    return np.frombuffer(data, dtype="<u4").astype(np.uint32, copy=False)


def language_group(comparable: str) -> int:
    """The group with most letters in ``comparable``; the lowest of equals."""
    if comparable.isascii():
        return LATIN
    owners = _OWNERS[np.searchsorted(_STARTS, code_points(comparable), side="right") - 1]
    counts = np.bincount(owners[owners >= 0], minlength=GROUPS)
    # A letter of an unspaced script stands for about half a word, three Latin ones for the same.
    counts[UNSPACED] *= 3
    return int(np.argmax(counts))
