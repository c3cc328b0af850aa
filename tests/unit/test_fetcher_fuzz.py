"""The fetcher under arbitrary bytes: it answers, within its limits, always the same."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.events import Envelope, Message
from shared.runtime.stage import Emit, Reject
from shared.settings import load_settings

LIMITS = load_settings(
    FetcherSettings,
    max_document_bytes=20_000,
    max_container_bytes=60_000,
    max_json_bytes=30_000,
    max_total_bytes=100_000,
    max_members=50,
    max_depth=3,
    max_rejected_bytes=1_000,
    max_header_bytes=5_000,
)
FETCH = Fetch(LIMITS)
ROOM = 4_000  # a last rejection's own words

HEADER_NAMES = st.sampled_from(
    ("content-type", "filename", "ce_filename", "ce_url", "ce_time", "ce_receivedat", "ce_member",
     "ce_parent", "traceparent", "ce_id", "x")
)  # fmt: skip
HEADER_VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        (b"text/html; charset=utf-16", b"text/plain; charset=rot13", b"application/json",
         b"a.jsonl", b"a.html", b"x; charset=idna", b"x; charset=undefined", b"x; charset=hex",
         b"x; charset=unicode_escape", b"9999-12-31T23:59:59-10:00", b"0001-01-01T00:00+10:00")
    ),
)  # fmt: skip
HEADERS = st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=5).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("text", "html", "title", "author", "date", "articles", "url", "tags"))
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


def _zip(members: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, data) in enumerate(members):
            archive.writestr(zipfile.ZipInfo(f"{number}{name}"), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


LEAVES = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        (b"<html><p>Rain.</p>", b"Rain fell.", b"[Reuters] Rain", b"\xef\xbb\xbf{}", b"PK\x03\x04",
         b"\x1f\x8b\x08", b"\xff\xfe", b"\x00" * 3_000, b"x" * 30_000, b"{" * 5_000, b"[" * 5_000)
    ),
    JSON.map(_json),
    st.lists(JSON.map(_json), max_size=5).map(b"\n".join),
)  # fmt: skip
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=10)
FILES = st.recursive(
    LEAVES,
    lambda inner: (
        inner.map(_gzip)
        | st.lists(st.tuples(NAMES, inner), max_size=4).map(_zip)
        | st.tuples(inner, inner).map(b"".join)
    ),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file with some of its bytes changed, cut out or doubled."""
    data = bytearray(draw(FILES))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        action = draw(st.integers(0, 3))
        if action == 0 and data:
            data[at] = draw(st.integers(0, 255))
        elif action == 1:
            del data[at : at + draw(st.integers(1, 20))]
        elif action == 2:
            data[at:at] = draw(st.binary(max_size=8))
        else:
            del data[at:]
    return bytes(data)


def check(message: Message) -> None:
    """What holds for every message."""
    outcomes = FETCH(message)
    assert outcomes
    size = 0
    for outcome in outcomes:
        if isinstance(outcome, Emit):
            assert 0 < len(outcome.value) <= LIMITS.max_document_bytes
            envelope = Envelope.parse(outcome.headers)
            assert outcome.key == envelope.id.encode()
            assert envelope.content_type
            assert envelope.received_at is not None
            size += len(outcome.value) + sum(len(n) + len(v) for n, v in outcome.headers)
        elif isinstance(outcome, Reject):
            assert outcome.reason
            assert outcome.detail
            assert len(outcome.data or b"") <= LIMITS.max_rejected_bytes
            size += len(outcome.data or b"") + len(outcome.detail) + len(outcome.member)
    assert size <= LIMITS.max_total_bytes + ROOM
    assert len(outcomes) <= LIMITS.max_members + 1
    assert FETCH(message) == outcomes


COMMON = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@COMMON
@given(st.binary(max_size=2_000) | LEAVES, HEADERS, st.integers(-(2**70), 2**70))
def test_arbitrary_bytes_and_headers(data: bytes, headers: Any, moment: int) -> None:
    check(Message(data, headers=headers, timestamp_ms=moment))


@COMMON
@given(mutated(), HEADERS)
def test_mutated_files(data: bytes, headers: Any) -> None:
    check(Message(data, headers=headers))


@COMMON
@given(st.lists(JSON, max_size=5), st.booleans())
def test_any_json(values: list[Any], lines: bool) -> None:
    check(Message(b"\n".join(map(_json, values)) if lines else _json(values)))
