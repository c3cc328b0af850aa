"""MinHash sketches: how much two texts have in common, from 192 bytes of each.

The share of equal slots of two sketches estimates the Jaccard similarity of their shingle sets
(Broder, "On the resemblance and containment of documents", 1997). Everything is integer
arithmetic modulo a power of two, from fixed seeds: a text has the same sketch on every machine.
A change of any constant here is a new :data:`~services.deduplicator.entry.VERSION`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

from services.deduplicator.groups import UNSPACED, code_points, language_group

Slots = npt.NDArray[np.uint32]

SLOTS = 112
"""Permutations. The standard error of an estimate s is sqrt(s (1 - s) / 112): .043 at .3. On pages
cleaned by many tools, 256 slots and 112 differ by less than .001 of pair F1."""

NEAR_KEYS = 20
"""Slots that texts are looked up by, one at a time: a pair of similarity s shares one of them with
probability 1 - (1 - s)^20: .64 at .05, .88 at .1, .99 at .2. Bands of two slots would need 64 keys
to find as much at .2 and would find a third at .08, where an agency story stands in a long page."""

WORDS = 5
"""Words of a shingle."""

CHARACTERS = 5
"""Characters of a shingle where words are not parted by spaces: two or three words of Chinese."""

_SEED = 0x57495245  # "WIRE"
_CHUNK = 512  # shingles hashed at once: 512 KB of products, which stay in the cache
_MASK = (1 << 64) - 1


def _splitmix64(seed: int, count: int) -> npt.NDArray[np.uint64]:
    """``count`` numbers of the SplitMix64 sequence (Steele, Lea, Flood, OOPSLA 2014)."""
    numbers = []
    for i in range(1, count + 1):
        z = (seed + i * 0x9E3779B97F4A7C15) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        numbers.append(z ^ (z >> 31))
    return np.array(numbers, dtype=np.uint64)


# A permutation is h -> (h xor term) * factor modulo 2^32, with an odd factor. The hashes are mixed
# well before, so that such simple permutations do, and 32-bit products are vectorised.
_FACTORS = (_splitmix64(_SEED, SLOTS) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
_TERMS = (_splitmix64(_SEED + 1, SLOTS) >> np.uint64(32)).astype(np.uint32)
_POSITIONS = _splitmix64(_SEED + 2, max(WORDS, CHARACTERS)) | np.uint64(1)


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """``slots``: shape ``(SLOTS,)``, uint32. ``size``: distinct shingles; 0 for an empty text."""

    slots: Slots
    size: int
    group: int
    """Language group (:mod:`services.deduplicator.groups`)."""

    @property
    def keys(self) -> Slots:
        """The slots that it is found by, shape ``(NEAR_KEYS,)``."""
        return self.slots[:NEAR_KEYS]

    @property
    def kept(self) -> npt.NDArray[np.uint8]:
        """8 bits of each slot: what is compared; shape ``(SLOTS,)``."""
        return self.slots.astype(np.uint8)


def sketch(comparable: str) -> Sketch:
    """The sketch of a text in comparable form (:func:`shared.text.comparable`)."""
    group = language_group(comparable)
    hashes = shingle_hashes(comparable, group)
    slots = np.full(SLOTS, 0xFFFFFFFF, dtype=np.uint32)
    upper = (hashes >> np.uint64(32)).astype(np.uint32)
    for start in range(0, len(upper), _CHUNK):
        products = upper[start : start + _CHUNK, None] ^ _TERMS
        products *= _FACTORS
        np.minimum(slots, products.min(axis=0), out=slots)
    return Sketch(slots, len(hashes), group)


def shingle_hashes(comparable: str, group: int) -> npt.NDArray[np.uint64]:
    """The distinct shingles of ``comparable`` as 64-bit hashes, ascending.

    Shingles are runs of :data:`WORDS` words, or of :data:`CHARACTERS` letters and digits for
    the group of unspaced scripts. Punctuation at the edge of a word does not count. A text
    shorter than a shingle is one shingle of all it has; an empty one has none.
    """
    if group == UNSPACED:
        letters = "".join(filter(str.isalnum, comparable))
        units = code_points(letters).astype(np.uint64)
        width = CHARACTERS
    else:
        units = np.fromiter(
            (
                xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass"))
                for word in words(comparable)
            ),
            dtype=np.uint64,
        )
        width = WORDS
    if not len(units):
        return units
    width = min(width, len(units))
    count = len(units) - width + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for position in range(width):
        mixed += _mix(units[position : position + count] + _POSITIONS[position])
        mixed *= _POSITIONS[position]
    return np.unique(_mix(mixed))


def words(comparable: str) -> list[str]:
    """Words without the punctuation around them: ``"so,"`` and ``so`` are one."""
    stripped = (word.strip(".,;:!?\"'()[]{}-*|/…•·<>«»") for word in comparable.split())
    return [word for word in stripped if word]


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of MurmurHash3 (Appleby): every bit of the input reaches every bit."""
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))
