"""Patterns of written dates. Names of months are looked up, not matched: see :mod:`.months`.

All are for a text of at most a few hundred characters, with its digits made ASCII.
"""

from __future__ import annotations

import re
from typing import Final

_YEAR = r"(?P<year>[12]\d{3})"
_YEAR_END = r"(?:(?!\d)|(?=\d{1,2}:))"
"""Some pages write the clock directly behind the year."""
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])"
_MONTH = r"(?P<month>1[0-2]|0?[1-9])"
_WORD = r"[^\W\d_][^\s\d,;:/|()_\u2013\u2014-]{1,20}+"
_NAME = rf"(?P<name>{_WORD}(?:\s(?:الثاني|الثانی|الأول|الاول))?)(?:\sfh?ómhair)?"
_OF = r"(?:(?:de|del|di|of|da|den|dia|ng|na|mí|mí na|i|ta[’']|gada|am)\s{1,2}|d[’']\s?|[’']\s?)?"
_OF_YEAR = r"(?:(?:de|del|do|of|d[’']|anul|năm|ng|год|года|року|г\.)\s{1,2})?"
_ORDINAL = r"(?:st|nd|rd|th|er|ère|re|:e|:a|º|°|ª|a|an|en|ού?|-(?:го|е|а|ші|ci|nci|cı|ncı|an|en))?"

ISO: Final = re.compile(
    rf"(?<!\d)(?<!\d-){_YEAR}-{_MONTH}-{_DAY}(?!\d)"
    r"(?:(?:[Tt ]|\s-\s)(?P<hour>[01]\d|2[0-3]):?(?P<minute>[0-5]\d)"
    r"(?::?(?P<second>[0-5]\d)(?:[.,]\d{1,9})?)?"
    r"\s?(?P<zone>Z|[+-]\d{2}:?\d{2}\b|[+-]\d{2}\b|[A-Z]{2,4}\b)?)?"
)
DAY_FIRST: Final = re.compile(
    rf"(?<!\d)(?<!\d[.,:]){_DAY}{_ORDINAL}[.,]?(?:\s?[-/–]\s?|\s{{0,3}}){_OF}{_NAME}[.,]?"
    rf"(?:\s?[-/–]\s?|\s{{0,3}}){_OF_YEAR}{_YEAR}{_YEAR_END}",
    re.IGNORECASE,
)
MONTH_FIRST: Final = re.compile(
    rf"(?<![^\W_]){_NAME}(?:\s{{0,3}}|\s?[-/]\s?)(?:the\s)?{_DAY}(?:st|nd|rd|th|er|º|an|en)?"
    rf"(?:[,.]\s{{0,3}}|\s{{1,3}}|\s?[-/]\s?)(?:ng\s)?{_YEAR}{_YEAR_END}",
    re.IGNORECASE,
)
YEAR_FIRST: Final = re.compile(
    rf"(?<!\d){_YEAR}(?:ko|m\.|\.|,)?\s?(?:m\.\s)?[/-]?{_NAME}[\s/-]{{0,2}}{_DAY}(?!\d)",
    re.IGNORECASE,
)
"""Hungarian, Lithuanian, Basque: year, month, day."""
YEAR_DAY: Final = re.compile(
    rf"(?<!\d){_YEAR}(?:\.\sgada|\sжылғы|\sж\.)\s{_DAY}\.?[\s-]{_NAME}", re.IGNORECASE
)
"""Latvian, Kazakh: year, day, month."""
UNIX: Final = re.compile(
    rf"(?<![^\W_]){_NAME}\s{{1,2}}{_DAY}\s(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)"
    rf":(?P<second>[0-5]\d)\s(?P<zone>[A-Z]{{2,5}}|[+-]\d{{4}})?\s?{_YEAR}(?!\d)"
)
"""What ``date`` prints."""
NUMBERS: Final = re.compile(
    rf"(?<!\d)(?<!\d[./-]){_YEAR}\s?(?P<mark>[/.-]|年|년|оны)\s{{0,2}}{_MONTH}\s?"
    rf"(?:[/.-]|月|월|сарын)\s{{0,2}}{_DAY}(?!\d)"
)
"""Year, month, day."""
ERA: Final = re.compile(
    r"(?P<era>令和|平成|昭和|民國|民国)\s?(?P<count>\d{1,3}|元)\s?年"
    rf"\s?{_MONTH}\s?月\s?{_DAY}\s?日"
)
VIETNAMESE: Final = re.compile(
    rf"(?<!\d){_DAY}\s?[,-]?\s?tháng\s{_MONTH}(?:,|\s?-|\snăm)?\s{{1,2}}{_YEAR}(?!\d)",
    re.IGNORECASE,
)
VIETNAMESE_NAMES: Final = (
    "mười một", "mười hai", "giêng", "một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín",
    "mười",
)  # fmt: skip
VIETNAMESE_NUMBERS: Final = (11, 12, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
SLASHED: Final = re.compile(
    r"(?<!\d)(?<!\d[./-])(?P<first>\d{1,2})(?P<mark>\.\s?|[/-])(?P<second_number>\d{1,2})"
    rf"(?P=mark)(?P<year>[12]\d{{3}}{_YEAR_END}|\d\d(?![\d./:-]))"
)
"""Two numbers whose order depends, and a year."""
MONTH_ONLY: Final = re.compile(rf"^\W{{0,3}}{_NAME}(?:,|\s|de\b){{1,5}}{_YEAR}\W{{0,3}}$", re.I)
COMPACT: Final = re.compile(
    r"^(?P<year>(?:19|20)\d{2})(?P<month>1[0-2]|0[1-9])(?P<day>3[01]|[12]\d|0[1-9])"
    r"(?:T?(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<second>[0-5]\d)?(?P<zone>Z)?)?$"
)
EPOCH: Final = re.compile(r"^(\d{10})(\d{3})?(?:\.\d{1,6})?$")

_CLOCK = (
    r"(?P<before>午前|午後|上午|下午|오전|오후)?\s?(?P<hour>[01]?\d|2[0-3])"
    r"(?:(?:[:.h時时]|\s?시)\s?(?P<minute>[0-5]\d))?[분分]?(?::(?P<second>[0-5]\d)(?:[.,]\d{1,9})?)?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\b\.?)?"
)
_ZONE = (
    r"(?:\s?(?:Uhr|hrs?|h)\b)?(?:\s{0,2}\(?(?P<zone>Z\b|(?:UTC|GMT)?[+-]\d{1,2}:?\d{2}\b|МСК|"
    r"[A-Z]{2,5}\b))?"
)
_AT = (
    r"(?:,|\.|\s|T|日|일|d\.|a|at|um|à|às|as|a las|alle|ore|ore:|kl|kl\.|klo|в|о|об|u|om|la|saat|"
    r"στις|ob|pukul|lúc|o|godz\.|г\.|р\.|r\.|\||-|–|—|•|·|/){0,8}"
)
AFTER: Final = re.compile(rf"{_AT}{_CLOCK}{_ZONE}")
"""The clock behind a date."""
_BEFORE = (
    r"(?<![\d.:/-])(?P<hour>[01]?\d|2[0-3])[:h.](?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\b\.?)?(?:\s?Uhr)?"
    r"(?:\s{0,2}\(?(?P<zone>(?:UTC|GMT)?[+-]\d{1,2}:?\d{2}\b|[A-Z]{2,5}\b)\)?)?"
)
BEFORE: Final = re.compile(rf"{_BEFORE}[\s,|·•–—/-]{{0,4}}(?:[^\W\d_]{{2,12}}\.?,?\s{{1,2}})?$")
"""The clock before a date, perhaps with the day of the week between."""
