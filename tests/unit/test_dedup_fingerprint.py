"""The log entry's binary form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deduplicator.fingerprint import Fingerprint, Known, title_hash
from services.deduplicator.fingerprinting import fingerprint
from services.deduplicator.sketch import SLOTS, Sketch
from shared.errors import PermanentError
from shared.events import Article
from shared.testing.builders import build
from shared.text import stable_id

_WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@st.composite
def fingerprints(draw: st.DrawFn) -> Fingerprint:
    slots = np.random.default_rng(draw(st.integers(0, 99))).integers(
        0, 1 << 32, SLOTS, dtype=np.uint32
    )
    known = st.builds(Known, st.integers(0, 1 << 62), st.integers(0, 1 << 31), _WORD)
    return Fingerprint(
        article_id=draw(_WORD),
        content_hash=draw(st.binary(min_size=32, max_size=32)),
        sketch=Sketch(slots, draw(st.integers(0, 1 << 31)), draw(st.integers(0, 3))),
        document_id=draw(_WORD),
        published_ms=draw(st.none() | st.integers(-(1 << 62), 1 << 62)),
        published_precision=draw(st.sampled_from([None, "second", "day", "year"])),
        published_from=draw(_WORD),
        title_hash=draw(st.integers(0, (1 << 64) - 1)),
        known=draw(st.none() | known),
    )


@given(fingerprints())
def test_what_is_written_is_read(written: Fingerprint) -> None:
    read = Fingerprint.decode(written.encode())
    assert read.encode() == written.encode()
    assert (read.sketch.slots == written.sketch.slots).all()
    assert (read.sketch.size, read.sketch.group) == (written.sketch.size, written.sketch.group)
    for name in (
        "article_id", "content_hash", "document_id", "published_ms", "published_precision",
        "published_from", "title_hash", "known",
    ):  # fmt: skip
        assert getattr(read, name) == getattr(written, name)


@given(fingerprints(), st.data())
def test_a_changed_byte_is_noticed(written: Fingerprint, data: st.DataObject) -> None:
    encoded = bytearray(written.encode())
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PermanentError, match="unreadable_fingerprint"):
        Fingerprint.decode(bytes(encoded))


@given(st.binary(max_size=100))
def test_foreign_bytes_are_unreadable(data: bytes) -> None:
    with pytest.raises(PermanentError, match="unreadable_fingerprint"):
        Fingerprint.decode(data)


def article(**fields: Any) -> Article:
    text = "A bridge was opened in the town. " * 20
    facts: dict[str, Any] = {
        "title": "Bridge opened",
        "published_from": "json-ld",
        "published_precision": "day",
    }
    return build(Article, text, **(facts | fields))


@pytest.mark.parametrize(
    "published", [None, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)]
)
def test_an_article_takes_about_a_kilobyte_whatever_its_date(published: datetime | None) -> None:
    made = fingerprint(article(published_at=published))
    encoded = made.with_known(Known(1_700_000_000_000, 2, stable_id("g"))).encode()
    assert 1100 < len(encoded) < 1200
    read = Fingerprint.decode(encoded)
    assert (read.published_ms is None) == (published is None)
    assert read.title_hash == title_hash("BRIDGE  opened") != 0
    assert title_hash(" ") == 0


@pytest.mark.parametrize("wrong", ["", "beef", "z" * 64, "ab" * 33])
def test_a_wrong_content_hash_is_refused(wrong: str) -> None:
    with pytest.raises(PermanentError, match="content_hash"):
        fingerprint(article(content_hash=wrong))


def test_a_field_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PermanentError, match="invalid_fingerprint"):
        fingerprint(article(document_id="x" * 256)).encode()
