"""What the cleaner's readers of text promise of any text, however odd or long it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cleaner.characters import storable
from services.cleaner.dates.in_text import date_in_text
from services.cleaner.dates.reading import EARLIEST, Order, believable, read_date, url_date
from services.cleaner.language.identify import identify
from services.cleaner.metadata.names import credits_of, people, signed
from services.cleaner.passages import passages
from services.cleaner.plain.article import extract_text
from services.cleaner.plain.bylines import boxed, credited, lone_name, lone_team, says_who, wire
from services.cleaner.plain.choice import choose
from services.cleaner.plain.lines import lines_of
from shared.errors import PermanentError

NOW: Final = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
LONG: Final = 100_000
PROSE: Final = "The council of the town met on Monday and said that the pier is to be built.\n\n"

# Pieces that dates, bylines and pages are made of, and what breaks readers of them.
PIECES: Final = (
    "1", "31", "2020", "0000", "9999", "1899", "2100", "1/", "12:", "24:00", "23:59:60", "2020-",
    "2020-01-01T", "1648000000000", "+99:99", "-2359", "Z", "GMT", "EST", "Mon, ", "March ",
    "mars ", "3 марта ", "شهریور ", "۱۴۰۲", "٣/", "令和", "2020年", "월 ", "tháng Giêng ",
    "พ.ศ. 2565 ", "午後", "pm ", "/2020/01/02/", "http://a.example/", "By ", "Von ", "文：",
    "Jane Doe ",
    "O'Neil-", " and ", " и ", ", ", " | ", "&amp;", "&#", "@a ", "Staff ", "(", "[{<", ")", "“",
    "a\u0301\u0301", "\u0301", "\ud800", "\udc00", "\u200f", "\u202e", "\u200d", "\u2028", "\x00",
    "\ufeff", "İ", "ß", "市長", "はい。", "ไทย", "قال ", "Я не знаю. ", "\n", "\n\n", "\t", "> a\n",
    "Home\n", "Read more\n", "1\n", "March 3, 2020\n", "© 2020 ", "KYIV, March 3 (A) — ", PROSE,
)  # fmt: skip
REPEATED: Final = (
    "1", "1.", "1/", "12:", "2020-01-01T", "March 3, ", " - | ", "(", "([{<", "a\u0301\u0301",
    "\ud800", "\u200f", "\u202e1\u202c/", "By ", "By Jane Doe and ", "Jane, ", " ", "\n", "a\n",
    "> a\n", "1\n", "&amp;", "市長は。\n\n", "http://a/", "/2020/01/", "KYIV, March 3 (A) ",
    PROSE + "Я не знаю, что это было, но это было давно, и это было здесь.\n\n",
)  # fmt: skip

odd = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=()), max_size=6),
    max_size=14,
).map("".join)
bounded = settings(max_examples=150, deadline=None, derandomize=True)


@pytest.fixture(params=REPEATED, ids=lambda unit: ascii(unit[:12]))
def long_text(request: pytest.FixtureRequest) -> str:
    unit = str(request.param)
    return (unit * (LONG // len(unit) + 1))[:LONG]


def assert_dates(text: str, order: Order | None, language: str) -> None:
    for dated in (read_date(text, order, language), url_date(text)):
        if dated is None:
            continue
        assert dated.moment.tzinfo is not None
        assert dated.precision in ("month", "day", "hour", "minute", "second")
        believed = believable(dated, NOW)
        assert believed is None or EARLIEST <= believed.moment <= NOW + timedelta(days=1)
    found = date_in_text([], text, text, text, NOW)
    assert found is None or EARLIEST <= found.moment <= NOW + timedelta(days=1)


def assert_names(text: str) -> None:
    found = [credit.name for credit in credits_of([text], site="The Post")]
    assert len(found) <= 40
    assert len({name.casefold() for name in found}) == len(found)
    for name in found:
        assert 2 <= len(name) <= 80
        assert "\n" not in name
        assert name == name.strip()
        assert name.encode()
    assert set(people([text], site="The Post")) <= set(found)
    assert signed(text) in (True, False)
    for one in [boxed(text), lone_name(text), lone_team(text), *credited(text)]:
        assert one is None or one.strip()
    assert all(credit.name for credit in says_who(text))
    assert all(wire(text.split("\n\n")))


def assert_language(text: str, declared: str | None) -> None:
    told = identify(text, declared)
    if told is not None:
        assert len(told.language) == 2
        assert 0.0 < told.sure <= 1.0 + 1e-6
    for language in (None, "en", "ru", "ja"):
        end = 0
        for passage in passages(text, language):
            assert end <= passage.start < passage.end <= len(text)
            assert passage.language != language
            end = passage.end


def assert_lines(text: str) -> None:
    lines = lines_of(storable(text))
    verdict = choose(lines)
    assert len(verdict.dropped) == len(lines)
    assert 0 <= verdict.start <= len(lines)
    assert all(lines[index].text.strip() for index in verdict.kept)
    if verdict.sure is not None:
        assert len(verdict.sure) == len(lines)
        assert ((verdict.sure >= 0) & (verdict.sure <= 1)).all()
    if not verdict.kept:
        with pytest.raises(PermanentError, match="no article text"):
            extract_text(text, url=None, now=NOW, name="a.txt")
        return
    found = extract_text(text, url=None, now=NOW, name="a.txt")
    assert found.text.strip()
    assert found.text.encode()
    assert found.title.encode()


@bounded
@given(odd, st.sampled_from((None, "dmy", "mdy")), st.sampled_from(("", "en", "de", "fa", "vi")))
def test_dates_are_read_within_their_bounds(text: str, order: Order | None, language: str) -> None:
    assert_dates(text, order, language)


@bounded
@given(odd)
def test_names_are_short_single_and_storable(text: str) -> None:
    assert_names(text)


@bounded
@given(odd, st.sampled_from((None, "en", "zz", "")), st.integers(0, 6))
def test_languages_are_known_and_passages_stand_in_the_text(
    text: str, declared: str | None, prose: int
) -> None:
    assert_language(PROSE * prose + text, declared)


@bounded
@given(odd, st.integers(0, 3))
def test_each_line_of_a_text_is_judged(text: str, prose: int) -> None:
    assert_lines(PROSE * prose + text)


# A reader whose time grows with the square of the text's length does not come to an end here.
@pytest.mark.timeout(30)
def test_long_texts_of_one_piece_are_read(long_text: str) -> None:
    for text in (long_text, f"By {long_text}", f"{long_text} 2020"):
        assert_dates(text, "mdy", "en")
        assert_names(text)
    assert_language(long_text, "en")
    assert_lines(long_text)
