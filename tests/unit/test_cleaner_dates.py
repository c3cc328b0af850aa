"""Dates as pages write them: what is read, how precisely, and what is not believed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.cleaner.dates.in_text import date_in_text
from services.cleaner.dates.reading import believable, on_day_of, read_date, url_date
from services.cleaner.extracted import Dated

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "moment", "precision"),
    [
        ("2022-02-28", "2022-02-28T00:00:00+00:00", "day"),
        ("2022-02-28T10:11:12-05:00", "2022-02-28T10:11:12-05:00", "second"),
        ("2022-02-28T10:11:12.123Z", "2022-02-28T10:11:12+00:00", "second"),
        ("2022-02-28 10:11", "2022-02-28T10:11:00+00:00", "minute"),
        ("2022-02-28T00:00:00Z", "2022-02-28T00:00:00+00:00", "day"),
        ("Dec 15, 2023, 12:54 PM ET", "2023-12-15T12:54:00-05:00", "minute"),
        ("Jul 15, 2023, 12:54 PM ET", "2023-07-15T12:54:00-04:00", "minute"),
        ("Posted: Aug 9, 2019 / 07:35 AM EDT", "2019-08-09T07:35:00-04:00", "minute"),
        ("Sept. 1, 2022 at 5 p.m.", "2022-09-01T17:00:00+00:00", "hour"),
        ("December 22, 20235:00 AM", "2023-12-22T05:00:00+00:00", "minute"),
        ("Sunday, Dec 24th 2023", "2023-12-24T00:00:00+00:00", "day"),
        ("12. März 2022, 14:05 Uhr", "2022-03-12T14:05:00+00:00", "minute"),
        ("1er mars 2021", "2021-03-01T00:00:00+00:00", "day"),
        ("3 de enero de 2020", "2020-01-03T00:00:00+00:00", "day"),
        ("28 лютого 2022", "2022-02-28T00:00:00+00:00", "day"),
        ("2022年3月4日", "2022-03-04T00:00:00+00:00", "day"),
        ("31.12.2021", "2021-12-31T00:00:00+00:00", "day"),
        ("13/02/2022", "2022-02-13T00:00:00+00:00", "day"),
        ("02/13/2022", "2022-02-13T00:00:00+00:00", "day"),
        ("Mon, 28 Feb 2022 10:00:00 GMT", "2022-02-28T10:00:00+00:00", "second"),
        ("20220228", "2022-02-28T00:00:00+00:00", "day"),
        ("1646042400", "2022-02-28T10:00:00+00:00", "second"),
        ("February 2022", "2022-02-01T00:00:00+00:00", "month"),
        ("By someone // 2022-02-28", "2022-02-28T00:00:00+00:00", "day"),
    ],
)
def test_a_written_date_is_read(written: str, moment: str, precision: str) -> None:
    dated = read_date(written)
    assert dated is not None
    assert dated.moment.isoformat() == moment
    assert dated.precision == precision


@pytest.mark.parametrize(
    "written",
    ["", "yesterday", "Monday", "03/04/2022", "2022-02-30", "99/99/2022", "Room 2022", "2022",
     "call 555-2022-12", "2022-13-01"],
)  # fmt: skip
def test_what_is_no_date_or_an_ambiguous_one_is_not_read(written: str) -> None:
    assert read_date(written) is None


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://a.example/news/2022/02/27/story", "2022-02-27"),
        ("https://a.example/2022-2-7/story", "2022-02-07"),
        ("https://a.example/story-20220227.html", "2022-02-27"),
        ("https://a.example/2022/02/story", None),
        ("https://a.example/item/20229999", None),
        ("https://a.example/2022/02/31/story", None),
    ],
)
def test_the_day_in_an_address(url: str, day: str | None) -> None:
    dated = url_date(url)
    assert (dated and dated.moment.date().isoformat()) == day


@pytest.mark.parametrize(
    ("moment", "believed"),
    [
        (datetime(1989, 12, 31, tzinfo=UTC), False),
        (datetime(1990, 1, 1, tzinfo=UTC), True),
        (datetime(2026, 11, 22, 23, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 1, tzinfo=UTC), False),
    ],
)
def test_dates_out_of_range_are_not_believed(moment: datetime, believed: bool) -> None:
    assert (believable(Dated(moment, "day"), NOW) is not None) is believed


def in_text(text: str, url: str | None = None) -> Dated | None:
    return date_in_text([], text, text, url, NOW)


def test_a_named_weekday_gives_the_year() -> None:
    dated = in_text("In an address this morning, Monday, February 28, she said so.")
    assert dated is not None
    assert dated.moment.date().isoformat() == "2022-02-28"
    assert dated.found_in == "text"


@pytest.mark.parametrize(
    "text",
    [
        "She spoke on Monday.",
        "She spoke on Monday, February 28, of that year.",
        "This morning, Monday, February 30, nothing happened.",
        "See https://a.example/2022/02/27/x for more.",
        "On Friday, see https://a.example/2022/02/27/x, as on February 25, 2022.",
        "On Sunday, see https://a.example/2022/02/27/x, as on January 5, 2022.",
        "On Sunday, see https://a.example/2022/02/27/x, as on March 5, 2022.",
        "Sunday, February 25, 2022: https://a.example/2022/02/27/x https://a.example/2022/02/20/x",
    ],
)
def test_rather_no_date_than_a_wrong_one(text: str) -> None:
    assert in_text(text) is None


def test_an_address_in_the_text_counts_where_the_text_agrees() -> None:
    dated = in_text(
        "A picture of February 25, 2022. On Sunday they met. "
        "https://t.example/x?ref=https%3A%2F%2Fa.example%2F2022%2F02%2F27%2Fy"
    )
    assert dated is not None
    assert dated.moment.date().isoformat() == "2022-02-27"
    assert dated.found_in == "url-in-text"


def test_the_documents_own_address_counts() -> None:
    dated = in_text("No date here.", url="https://a.example/2021/05/06/x")
    assert dated is not None
    assert (dated.moment.date().isoformat(), dated.found_in) == ("2021-05-06", "url")


@pytest.mark.parametrize(
    ("written", "address", "local"),
    [
        ("2023-11-09T01:49:09Z", "/2023/11/08/ferry", "2023-11-08T23:49:09-02:00"),
        ("2023-11-01T23:01:00Z", "/2023/11/02/ferry", "2023-11-02T00:01:00+01:00"),
        ("2023-11-09T01:49:09Z", "/2023/11/09/ferry", "2023-11-09T01:49:09+00:00"),
        ("2023-11-09T01:49:09Z", "/2023/11/05/ferry", "2023-11-09T01:49:09+00:00"),
        ("2023-11-09T01:49:09+01:00", "/2023/11/08/ferry", "2023-11-09T01:49:09+01:00"),
        ("2023-11-09", "/2023/11/08/ferry", "2023-11-09T00:00:00+00:00"),
        ("2023-11-09T01:49:09Z", "/ferry", "2023-11-09T01:49:09+00:00"),
    ],
)
def test_a_moment_in_utc_is_told_in_the_zone_of_its_addresss_day(
    written: str, address: str, local: str
) -> None:
    dated = read_date(written)
    assert dated is not None
    told = on_day_of(dated, url_date(f"https://a.example{address}"))
    assert told.moment == dated.moment
    assert told.moment.isoformat() == local
    assert told.precision == dated.precision


@pytest.mark.parametrize(
    "text", ["1 Jan 1750 10:00:00 +0000", "31 Dec 9999 23:59:59 -2359", "1 Jan 2100 10:00:00 +0000"]
)
def test_the_date_of_a_mail_is_of_the_years_that_are_read(text: str) -> None:
    assert read_date(text) is None
