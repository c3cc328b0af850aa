"""Sites, whole on one side of every split."""

from __future__ import annotations

import zlib
from urllib.parse import urlsplit

FOLDS = 5


def site_of(url: str | None) -> str:
    """The registered domain in ``url``, about: the last two labels of its host, three where the
    last is a country's and the one before it is short (``co.uk``, ``com.br``)."""
    labels = (urlsplit(url or "").hostname or "").split(".")
    three = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if three else -2 :])


def fold_of(url: str | None) -> int:
    """The part of the data, 0 to ``FOLDS - 1``, that the site of ``url`` is in."""
    return zlib.crc32(site_of(url).encode()) % FOLDS
