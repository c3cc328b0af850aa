"""Ids of entities as numbers, so that they sort and take four bytes."""

from __future__ import annotations

import re

import xxhash

from services.tagger.spelling import key_of

SCHEMES = ("wikidata", "geonames", "ror", "local")
_LOCAL = SCHEMES.index("local")
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_ROR = re.compile(r"ror:0[0-9a-hj-km-np-tv-z]{6}\d\d")
_WORD = re.compile(r"[^\W_]+")


def pack(entity_id: str) -> tuple[int, int]:
    """Index in :data:`SCHEMES`, and the number; that of a local id is a hash of it."""
    if entity_id[:1] == "Q" and entity_id[1:].isascii() and entity_id[1:].isdigit():
        number = int(entity_id[1:])
        if str(number) == entity_id[1:] and number < 1 << 32:
            return 0, number
    scheme, _, rest = entity_id.partition(":")
    if scheme == "geonames" and rest.isascii() and rest.isdigit() and str(int(rest)) == rest:
        return 1, int(rest)
    if _ROR.fullmatch(entity_id):
        number = 0
        for digit in rest[1:7]:
            number = number * 32 + _VALUES[digit]
        if unpack(2, number) == entity_id:
            return 2, number
    return _LOCAL, xxhash.xxh32_intdigest(entity_id.encode())


def unpack(scheme: int, number: int) -> str | None:
    """The id; ``None`` for a local one, of which the number does not tell it."""
    if scheme == 0:
        return f"Q{number}"
    if scheme == 1:
        return f"geonames:{number}"
    if scheme == 2:
        digits, rest = "", number
        for _ in range(6):
            rest, value = divmod(rest, 32)
            digits = _DIGITS[value] + digits
        # ROR's two last digits are a checksum after ISO 7064.
        return f"ror:0{digits}{98 - number * 100 % 97:02d}"
    return None


def local_id(name: str) -> str:
    """The local id of what is called ``name``; it stays the same from build to build."""
    return "wireroom:" + "-".join(_WORD.findall(key_of(name).lower()))
