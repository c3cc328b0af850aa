"""Envelopes of any producer, and models on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.events import (
    Article,
    Duplicate,
    EnrichedArticle,
    Entity,
    Envelope,
    Mention,
    Message,
    TaggedArticle,
    format_time,
    from_milliseconds,
    parse_time,
)

NOW = datetime(2026, 3, 1, 12, 30, 45, 123000, UTC)
ARTICLE = Article(
    article_id="0123456789ABCDEFGHJKMNPQRS",
    document_id="d",
    content_hash="h",
    received_at=NOW,
    title="Title",
    text="Text",
)

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
facts = words.map(str.strip)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
    lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000, tzinfo=UTC)
)
own_names = st.sampled_from(["ce_origin", "x-request", "Ünicode", "a.b"])


@given(
    st.builds(
        Envelope,
        id=facts,
        type=facts,
        source=facts,
        time=moments | st.none(),
        content_type=facts,
        filename=facts,
        url=facts,
        parent=facts,
        member=facts,
        received_at=moments | st.none(),
        traceparent=facts,
        extra=st.dictionaries(own_names, facts, max_size=3),
    )
)
def test_an_envelope_is_read_as_it_was_written(envelope: Envelope) -> None:
    assert Envelope.parse(envelope.headers()) == envelope


known_names = st.sampled_from(
    [
        "ce_id",
        "CE_ID",
        "ce_time",
        "ce_receivedat",
        "content-type",
        "filename",
        "URL",
        "ce_specversion",
    ]
)


@given(st.lists(st.tuples(known_names | st.text(max_size=8), st.binary(max_size=30) | st.none())))
def test_headers_of_any_producer_never_raise(headers: list[tuple[str, bytes | None]]) -> None:
    envelope = Envelope.parse(headers)
    for name, value in envelope.headers():
        assert isinstance(name, str)
        assert isinstance(value, bytes)
    assert "\x00" not in envelope.id + envelope.filename


def test_plain_names_are_read_and_the_envelope_s_own_win() -> None:
    plain = Envelope.parse(
        [("Filename", b"a.txt"), ("URL", b"http://a/"), ("Content_Type", b"x/y")]
    )
    assert (plain.filename, plain.url, plain.content_type) == ("a.txt", "http://a/", "x/y")
    for headers in (
        [("filename", b"plain"), ("ce_filename", b"own")],
        [("ce_filename", b"own"), ("filename", b"plain")],
    ):
        assert Envelope.parse(headers).filename == "own"


def test_bytes_that_are_no_text_and_nul_become_text() -> None:
    envelope = Envelope.parse([("filename", b" \xffna\x00me "), ("ce_id", None)])
    assert (envelope.filename, envelope.id) == ("\ufffdname", "")


def test_an_envelope_with_surrogates_can_be_written() -> None:
    headers = dict(Envelope(filename="a\udcffb", extra={"x": "\ud800"}).headers())
    assert (headers["ce_filename"], headers["x"]) == (b"a?b", b"?")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:30:45.123Z", NOW),
        ("2026-03-01T12:30:45.123", NOW),
        ("2026-03-01T14:30:45.123+02:00", NOW),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        ("2026-02-30", None),
        ("\ud800", None),
        # Moments that UTC cannot write.
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-12:00", None),
        # Moments whose day before or after no calendar holds.
        ("9999-12-31T00:30:00+01:00", None),
        ("0001-01-01T23:59:59Z", None),
        ("9999-12-30T23:59:59Z", datetime(9999, 12, 30, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    assert parse_time(text) == moment


@given(st.text(max_size=40))
def test_what_is_read_as_a_moment_can_be_written(text: str) -> None:
    moment = parse_time(text)
    if moment is not None:
        assert format_time(moment)


@pytest.mark.parametrize("timestamp_ms", [-(2**63), -1, 0, 253_402_214_400_001, 2**62, 2**63 - 1])
def test_a_time_of_a_record_that_no_calendar_holds_is_the_epoch(timestamp_ms: int) -> None:
    assert from_milliseconds(timestamp_ms) == datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(-(2**63), 2**63 - 1))
def test_the_time_of_any_record_can_be_written_and_has_a_next_day(timestamp_ms: int) -> None:
    assert format_time(from_milliseconds(timestamp_ms) + timedelta(days=1))


def test_times_are_written_in_utc_with_milliseconds() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert format_time(there) == "2026-03-01T12:30:45.123Z"
    assert from_milliseconds(1_772_368_245_123) == NOW


def test_a_message_tells_its_place() -> None:
    assert Message(b"", topic="news.ingest", partition=3, offset=7).place == "news.ingest/3/7"


def test_models_are_read_as_they_were_written() -> None:
    tagged = TaggedArticle(
        **dict(ARTICLE),
        entities=[
            Entity(
                name="Ann",
                type="PER",
                entity_id="Q1",
                linked_by="alias",
                mentions=[Mention(start=0, end=3, text="Ann")],
                salience=0.5,
                location=(1.5, -2.5),
            )
        ],
    )
    enriched = EnrichedArticle(
        **dict(tagged), first_seen_at=NOW, version=3, duplicate=Duplicate(group_id="g")
    )
    for model in (ARTICLE, tagged, enriched):
        again = type(model).decode(model.encode())
        assert again == model
        assert again.encode() == model.encode()


def test_a_moment_keeps_its_zone_on_the_wire() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    article = ARTICLE.model_copy(update={"published_at": there})
    again = Article.decode(Article.decode(article.encode()).encode())
    assert again.published_at == there


def test_lone_surrogates_are_replaced_wherever_they_stand() -> None:
    broken = ARTICLE.model_copy(
        update={"title": "a\ud800b", "authors": ["\udfff"], "provenance": {"\ud800": "\ud801"}}
    )
    read = Article.decode(broken.encode())
    assert (read.title, read.authors, read.provenance) == ("a?b", ["?"], {"?": "?"})


def changed(**fields: object) -> bytes:
    return orjson.dumps({**orjson.loads(ARTICLE.encode()), **fields})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "the record has no value"),
        (b"", "not a valid Article: value: "),
        (b"{", "not a valid Article: value: Invalid JSON"),
        (b"[]", "not a valid Article: value: "),
        (b"\xff\xfe", "not a valid Article: value: "),
        (b"[" * 100_000, "not a valid Article: value: "),
        (changed(schema_version=2), "not a valid Article: schema_version: "),
        (changed(article_id="short"), "not a valid Article: article_id: "),
        (changed(article_id="I" * 26), "not a valid Article: article_id: "),
        (changed(authors=["a", 1]), "not a valid Article: authors.1: "),
        (changed(surprise=1), "not a valid Article: surprise: Extra inputs"),
        (changed(received_at="2026-03-01T00:00:00"), "not a valid Article: received_at: "),
        (changed(title=1, text=2), "not a valid Article: title: .*and 1 more"),
    ],
)
def test_what_is_wrong_is_named(value: bytes | None, words: str) -> None:
    with pytest.raises(PermanentError, match=words) as caught:
        Article.decode(value)
    assert caught.value.reason == "invalid_message"


@given(st.binary(max_size=200))
def test_decoding_raises_nothing_else(value: bytes) -> None:
    with pytest.raises(PermanentError):
        Article.decode(value)
