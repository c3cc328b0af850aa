"""The log entries' binary forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deduplicator import verdicts
from services.deduplicator.entry import (
    ENTRY,
    NO_DATE,
    PUBLISHED_EVIDENCE,
    entries,
    is_entry,
    packed_id,
    sealed,
    unpacked_id,
)
from services.deduplicator.fingerprinting import Published, fingerprint, fingerprint_text
from services.deduplicator.original import PRECISIONS, is_earlier, told
from services.deduplicator.verdicts import VERDICT
from shared.errors import PermanentError
from shared.events import Article
from shared.testing.builders import build
from shared.text import stable_id


def random_entry(seed: int) -> Any:
    data = np.random.default_rng(seed).bytes(ENTRY.itemsize)
    return np.frombuffer(data, ENTRY).copy()[0]


@given(st.integers(0, 1000))
def test_what_is_written_is_read(seed: int) -> None:
    written = random_entry(seed)
    value = sealed(written)
    assert is_entry(value)
    (read,) = entries([value])
    for name in set(ENTRY.names or ()) - {"kind", "version", "crc"}:
        assert np.array_equal(read[name], written[name]), name


@given(st.integers(0, 1000), st.data())
def test_a_changed_byte_is_noticed(seed: int, data: st.DataObject) -> None:
    value = bytearray(sealed(random_entry(seed)))
    place = data.draw(st.integers(2, len(value) - 1))
    value[place] ^= data.draw(st.integers(1, 255))
    assert not is_entry(bytes(value))


@given(st.binary(max_size=100).filter(lambda data: data[:1] not in (b"F", b"V")))
def test_foreign_bytes_are_nothing(data: bytes) -> None:
    assert not is_entry(data)
    assert verdicts.decode(data) is None


@given(st.lists(st.integers(1, 40), max_size=8), st.integers(100, 3000))
def test_verdicts_are_read_as_written_those_of_one_cause_together(
    sizes: list[int], most: int
) -> None:
    parts = []
    for cause, size in enumerate(sizes):
        part = np.frombuffer(np.random.default_rng(cause).bytes(size * VERDICT.itemsize), VERDICT)
        parts.append(part.copy())
        parts[-1]["cause"] = cause
    values = verdicts.encoded(parts, most)
    read = [verdicts.decode(value) for value in values]
    assert b"".join(r.tobytes() for r in read if r is not None) == b"".join(
        part.tobytes() for part in parts
    )
    causes = [set(r["cause"].tolist()) for r in read if r is not None]
    assert sum(map(len, causes)) == len(sizes)
    if len(values) > 1:
        assert all(len(value) < most + 41 * VERDICT.itemsize for value in values)


@given(st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26))
def test_an_id_is_packed_and_unpacked(article_id: str) -> None:
    assert unpacked_id(packed_id(article_id)) == article_id


@pytest.mark.parametrize("wrong", ["", "0" * 25, "0" * 27, "0" * 25 + "U", "é" * 26])
def test_what_is_no_article_id_is_refused(wrong: str) -> None:
    with pytest.raises(PermanentError, match="no article id"):
        packed_id(wrong)


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
def test_an_article_has_an_entry_whatever_its_date(published: datetime | None) -> None:
    made = fingerprint(article(published_at=published, name="x"), ())
    assert is_entry(sealed(made))
    assert ENTRY.itemsize < 1000
    assert (made["published"] == NO_DATE) == (published is None)
    assert bool(made["flags"] & PUBLISHED_EVIDENCE) == (published is not None)
    assert unpacked_id(made["article"].tobytes()) == stable_id("x")
    same = fingerprint(article(title="BRIDGE  opened"), ())
    other = fingerprint(article(title=" "), ())
    assert (same["title"] == made["title"], other["title"]) == (True, 0)


@pytest.mark.parametrize("wrong", ["", "beef", "z" * 64, "ab" * 33])
def test_a_wrong_content_hash_is_refused(wrong: str) -> None:
    with pytest.raises(PermanentError, match="content_hash"):
        fingerprint(article(content_hash=wrong), ())


def dated(moment: str, precision: str | None, found_in: str = "meta") -> Any:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert precision in PRECISIONS
    return fingerprint_text("", "", Published(at, precision, found_in))


@pytest.mark.parametrize(
    ("one", "other", "earlier"),
    [
        (("2022-03-01T10:00", "second"), ("2022-03-01T10:01", "second"), True),
        (("2022-03-01T10:00", "minute"), ("2022-03-01T10:00", "minute"), False),
        (("2022-03-01T10:00", "hour"), ("2022-03-01T10:30", "minute"), False),
        (("2022-03-01", "day"), ("2022-03-02T11:00", "minute"), False),
        (("2022-03-01", "day"), ("2022-03-02T12:00", "minute"), True),
        (("2022-03-01", "day"), ("2022-03-02", "day"), False),
        (("2022-03-01", "day"), ("2022-03-03", "day"), True),
        (("2022-01-01", "month"), ("2022-03-01", "month"), True),
        (("2020-01-01", "year"), ("2022-01-01T00:00", "second"), True),
        (("2020-01-01", None), ("2022-01-01T00:00", "second"), False),
    ],
)
def test_earlier_is_what_is_certain(
    one: tuple[str, str], other: tuple[str, str], earlier: bool
) -> None:
    assert is_earlier(dated(*one), dated(*other)) == earlier
    assert not is_earlier(dated(*other), dated(*one))
    assert not is_earlier(dated(*one, "text"), dated(*other))
    assert not is_earlier(dated(*one), dated(*other, ""))


def test_a_date_is_told_as_precisely_as_it_is_known() -> None:
    assert told(dated("2022-03-01T10:00", "minute")) == "2022-03-01T10:00:00.000Z"
    assert told(dated("2022-03-01", "day")) == "2022-03-01"
