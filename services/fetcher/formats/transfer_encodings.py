"""Transfer encodings of mail (RFC 2045, section 6, and uuencode), with damage passed over."""

from __future__ import annotations

import binascii

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_UU = ("uuencode", "x-uuencode", "x-uue", "uue")


def undone(body: bytes, encoding: str) -> bytes:
    """``body`` without the encoding; an unknown one is none."""
    name = encoding.strip(" \t;\"'").lower()
    if name == "base64":
        return _base64(body)
    if name == "quoted-printable":
        return binascii.a2b_qp(body)
    return _uu(body) if name in _UU else body


def _base64(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        pass
    clean = body.translate(None, _NOT_BASE64)
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def _uu(body: bytes) -> bytes:
    pieces: list[bytes] = []
    begun = False
    for line in body.split(b"\n"):
        line = line.rstrip(b"\r")
        if not begun:
            begun = line.startswith(b"begin ")
        elif line == b"end":
            break
        else:
            try:
                pieces.append(binascii.a2b_uu(line))
            except binascii.Error:
                continue
    return b"".join(pieces)
