"""What stands in the fingerprint log for an article: some 600 bytes, of fixed size.

An entry is one record of :data:`ENTRY`, little-endian, ended by a CRC-32 of everything before it.
A fixed size lets an instance that catches up read a thousand of them at once. An entry that cannot
be read (a torn or a foreign record) is skipped by every instance in the same way, because whether
it can be read depends on its bytes alone; one of a *newer* version stops the instance, which would
otherwise decide differently from those that can read it.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.deduplicator.sizes import ANCHORS, DIMENSIONS, SPUN_KEYS, TERMS
from services.deduplicator.sketch import NEAR_KEYS, SLOTS
from shared.errors import PermanentError, SettingsError

KIND: Final = ord("F")
VERSION: Final = 2
"""Raised with every change of the layout, or of how anything in it is computed."""

NO_DATE: Final = -(1 << 63)
PUBLISHED_EVIDENCE: Final = 1
"""Flag: the page or its producer stated the date; it was not guessed."""

ID_BYTES: Final = 17
"""An article id is 26 characters of 5 bits: 130 bits."""

ENTRY: Final = np.dtype(
    [
        ("kind", "u1"),
        ("version", "u1"),
        ("group", "u1"),
        ("flags", "u1"),
        ("precision", "u1"),
        ("tortured", "u1"),
        ("source", "<u2"),
        ("position", "<i8"),
        ("article", f"V{ID_BYTES}"),
        ("content", "V16"),
        ("title", "<u4"),
        ("size", "<u4"),
        ("published", "<i8"),
        ("keys", "<u4", (NEAR_KEYS,)),
        ("slots", "u1", (SLOTS,)),
        ("spun_keys", "<u4", (SPUN_KEYS,)),
        ("anchors", "<u2", (ANCHORS,)),
        ("embedding", "i1", (DIMENSIONS,)),
        ("terms", "<u4", (TERMS,)),
        ("crc", "<u4"),
    ]
)
"""``source`` and ``position``: partition and offset of the tagged article, for a correction.
``article``: :func:`packed_id`. ``content``: the first 16 bytes of the SHA-256 of the comparable
text. ``title``: 32 bits of the comparable title's hash. ``size``: distinct shingles.
``published``: Unix milliseconds."""

Entries = npt.NDArray[np.void]

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS: Final = {digit: value for value, digit in enumerate(_CROCKFORD)}
_ID_LENGTH: Final = 26


def packed_id(article_id: str) -> bytes:
    """26 characters of Crockford's base32 in 17 bytes; raises :class:`PermanentError`."""
    try:
        number = 0
        for digit in article_id:
            number = number << 5 | _DIGITS[digit]
        if len(article_id) != _ID_LENGTH:
            raise KeyError
    except KeyError:
        raise PermanentError("invalid_fingerprint", f"no article id: {article_id!r}") from None
    return number.to_bytes(ID_BYTES, "big")


def unpacked_id(packed: bytes) -> str:
    """The article id of :func:`packed_id`."""
    number = int.from_bytes(packed, "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def sealed(fields: Any) -> bytes:
    """The log entry's value of one record of :data:`ENTRY`, its checksum computed."""
    fields["kind"], fields["version"] = KIND, VERSION
    body: bytes = fields.tobytes()[:-4]
    return summed(body)


def sourced(value: bytes, partition: int, offset: int) -> bytes:
    """The entry ``value`` with the place of its tagged article."""
    fields = np.frombuffer(value, ENTRY).copy()[0]
    fields["source"], fields["position"] = partition, offset
    return sealed(fields)


def is_entry(value: bytes) -> bool:
    """Whether ``value`` is an entry that can be read.

    Raises :class:`SettingsError` for one of a newer version.
    """
    if value[:1] != bytes([KIND]) or not is_whole(value):
        return False
    if value[1] > VERSION:
        raise newer("fingerprint", value[1], VERSION)
    return value[1] == VERSION and len(value) == ENTRY.itemsize


def summed(body: bytes) -> bytes:
    """``body`` with its CRC-32 behind it, as :func:`is_whole` wants it."""
    return body + zlib.crc32(body).to_bytes(4, "little")


def is_whole(value: bytes) -> bool:
    """Whether ``value`` ends with the CRC-32 of what stands before it: what is torn or foreign does
    not, and must not be taken for an entry of a newer version."""
    return len(value) > 5 and zlib.crc32(value[:-4]).to_bytes(4, "little") == value[-4:]


def newer(what: str, found: int, known: int) -> SettingsError:
    """The error for an entry that a newer release wrote."""
    return SettingsError(
        f"the fingerprint log holds a {what} of version {found}, this release reads up to {known}: "
        "upgrade every instance of the deduplicator"
    )


def entries(values: Sequence[bytes]) -> Entries:
    """Values that :func:`is_entry` holds of, as an array of :data:`ENTRY`."""
    return np.frombuffer(b"".join(values), ENTRY)
