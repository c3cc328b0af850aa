"""Dates as they are written in the languages of the press."""

from __future__ import annotations

import pytest

from services.cleaner.dates.reading import Order, read_date

WRITTEN = """
en | March 4, 2022 | 2022-03-04
en | Friday, 4th March 2022 | 2022-03-04
en | Published: Mar. 4, 2022 | 2022-03-04
en | 4 Mar 2022, 09:30 GMT | 2022-03-04T09:30:00+00:00
en | 04-Mar-2022 | 2022-03-04
en | March 4th 2022 at 5:07 pm | 2022-03-04T17:07:00+00:00
en | 5:07 PM EST, Fri March 4, 2022 | 2022-03-04T17:07:00-05:00
en | Fri Mar 04 09:49:32 UTC 2022 | 2022-03-04T09:49:32+00:00
en | Fri Mar 04 2022 09:49:32 GMT-0800 | 2022-03-04T09:49:32-08:00
en | the 4 of March 2022 | 2022-03-04
en | 2022 March 4 | 2022-03-04
en | 2022-Mar-04 | 2022-03-04
en | 2022/03/04 | 2022-03-04
en | 03/31/2022 06:05 PM EDT | 2022-03-31T18:05:00-04:00
en | 12:00 a.m., March 4, 2022 | 2022-03-04T00:00:00+00:00
en | Fri, 4 Mar 22 10:00:00 +0100 | 2022-03-04T10:00:00+01:00
de | Freitag, 4. März 2022 | 2022-03-04
de | 04.03.2022 | 2022-03-04
de | Stand: 04.03.2022, 14:05 Uhr | 2022-03-04T14:05:00+00:00
de | 4. Mär 2022 | 2022-03-04
de | 14:05 Uhr, 4. März 2022 | 2022-03-04T14:05:00+00:00
de | 4. Jänner 2022 | 2022-01-04
de | Veröffentlicht am 30. Dezember 2021 um 8.15 Uhr | 2021-12-30T08:15:00+00:00
nl | vrijdag 4 maart 2022 | 2022-03-04
nl | 4 mei 2022 om 11:20 | 2022-05-04T11:20:00+00:00
nl | 4 mrt 2022 | 2022-03-04
af | 4 Maart 2022 | 2022-03-04
af | 4 Desember 2022 | 2022-12-04
fr | vendredi 4 mars 2022 | 2022-03-04
fr | 1er août 2022 | 2022-08-01
fr | Publié le 4 février 2022 à 18h30 | 2022-02-04T18:30:00+00:00
fr | 4 déc. 2022 | 2022-12-04
fr | 4 FÉVRIER 2022 | 2022-02-04
fr | 4 fevrier 2022 | 2022-02-04
it | venerdì 4 marzo 2022 | 2022-03-04
it | 4 gennaio 2022 alle 10:15 | 2022-01-04T10:15:00+00:00
it | 4 dic 2022 | 2022-12-04
it | 1° maggio 2022 | 2022-05-01
es | viernes, 4 de marzo de 2022 | 2022-03-04
es | 4 de enero del 2022 | 2022-01-04
es | 4 ago. 2022 | 2022-08-04
es | Publicado: 4 de septiembre de 2022, 10:15 | 2022-09-04T10:15:00+00:00
pt | 4 de março de 2022 às 10h15 | 2022-03-04T10:15:00+00:00
pt | 4 de fev. de 2022 | 2022-02-04
pt | sexta-feira, 4 de dezembro de 2022 | 2022-12-04
ca | 4 de març de 2022 | 2022-03-04
ca | 4 d'abril de 2022 | 2022-04-04
ca | 4 d’agost del 2022 | 2022-08-04
gl | 4 de xaneiro de 2022 | 2022-01-04
gl | 4 de outubro de 2022 | 2022-10-04
ro | vineri, 4 martie 2022 | 2022-03-04
ro | 4 noiembrie 2022, ora 10:15 | 2022-11-04
ro | 4 ian. 2022 | 2022-01-04
da | fredag d. 4. marts 2022 | 2022-03-04
da | 4. maj 2022 kl. 10.15 | 2022-05-04T10:15:00+00:00
nb | fredag 4. mars 2022 | 2022-03-04
nb | 4. desember 2022 kl. 10:15 | 2022-12-04T10:15:00+00:00
sv | fredag 4 mars 2022 | 2022-03-04
sv | 4 augusti 2022 kl 10.15 | 2022-08-04T10:15:00+00:00
sv | den 4 maj 2022 | 2022-05-04
is | 4. mars 2022 | 2022-03-04
is | 4. ágúst 2022 | 2022-08-04
is | 4. júní 2022 | 2022-06-04
fi | perjantai 4. maaliskuuta 2022 | 2022-03-04
fi | 4.3.2022 klo 10.15 | 2022-03-04T10:15:00+00:00
fi | 4. joulukuuta 2022 | 2022-12-04
et | 4. märts 2022 | 2022-03-04
et | 4. detsember 2022 | 2022-12-04
et | 4. jaanuar 2022 | 2022-01-04
lv | 2022. gada 4. marts | 2022-03-04
lv | 2022. gada 4. decembrī | 2022-12-04
lv | 4. jūlijs 2022 | 2022-07-04
lt | 2022 m. kovo 4 d. | 2022-03-04
lt | 2022 m. gruodžio 4 d., 10:15 | 2022-12-04T10:15:00+00:00
lt | 2022 sausio 4 | 2022-01-04
pl | piątek, 4 marca 2022 | 2022-03-04
pl | 4 października 2022, godz. 10:15 | 2022-10-04T10:15:00+00:00
pl | 4 listopada 2022 | 2022-11-04
pl | 4 paź 2022 | 2022-10-04
cs | 4. března 2022 | 2022-03-04
cs | 4. července 2022 | 2022-07-04
cs | 4. 3. 2022 10:15 | 2022-03-04T10:15:00+00:00
cs | 4. září 2022 | 2022-09-04
sk | 4. marca 2022 | 2022-03-04
sk | 4. októbra 2022 | 2022-10-04
sk | 4. mája 2022 | 2022-05-04
sl | 4. marec 2022 | 2022-03-04
sl | 4. avgusta 2022 | 2022-08-04
sl | 4. junij 2022 | 2022-06-04
hr | 4. ožujka 2022. | 2022-03-04
hr | 4. listopada 2022. | 2022-10-04
hr | 4. studenoga 2022. | 2022-11-04
hr | 4. srpnja 2022. | 2022-07-04
sr | 4. mart 2022. | 2022-03-04
sr | 4. oktobar 2022. | 2022-10-04
sr | 4. март 2022. | 2022-03-04
sr | 4. децембар 2022. | 2022-12-04
bs | 4. augusta 2022. | 2022-08-04
sq | 4 mars 2022 | 2022-03-04
sq | 4 dhjetor 2022 | 2022-12-04
hu | 2022. március 4. | 2022-03-04
hu | 2022. december 4., 10:15 | 2022-12-04T10:15:00+00:00
hu | 2022. 03. 04. | 2022-03-04
hu | 2022. jún. 4. | 2022-06-04
tr | 4 Mart 2022 Cuma | 2022-03-04
tr | 4 EYLÜL 2022 | 2022-09-04
tr | 4 KASIM 2022 | 2022-11-04
tr | 4 Şub 2022 10:15 | 2022-02-04T10:15:00+00:00
tr | 4 HAZİRAN 2022 | 2022-06-04
az | 4 mart 2022 | 2022-03-04
az | 4 oktyabr 2022 | 2022-10-04
uz | 4-avgust 2022 | 2022-08-04
id | Jumat, 4 Maret 2022 | 2022-03-04
id | 4 Agustus 2022 10:15 WIB | 2022-08-04T10:15:00+07:00
id | 4 Des 2022 | 2022-12-04
ms | 4 Mac 2022 | 2022-03-04
ms | 4 Ogos 2022 | 2022-08-04
ms | 4 Disember 2022 | 2022-12-04
fil | ika-4 ng Marso 2022 | 2022-03-04
fil | Hunyo 4, 2022 | 2022-06-04
sw | 4 Machi 2022 | 2022-03-04
sw | 4 Agosti 2022 | 2022-08-04
ga | 4 Márta 2022 | 2022-03-04
ga | 4 Meán Fómhair 2022 | 2022-09-04
ga | 4 Deireadh Fómhair 2022 | 2022-10-04
cy | 4 Mawrth 2022 | 2022-03-04
cy | 4 Tachwedd 2022 | 2022-11-04
eu | 2022ko martxoaren 4a | 2022-03-04
eu | 2022ko abenduaren 4a | 2022-12-04
mt | 4 ta’ Marzu 2022 | 2022-03-04
mt | 4 Diċembru 2022 | 2022-12-04
vi | 4 tháng 3, 2022 | 2022-03-04
vi | ngày 4 tháng 3 năm 2022 | 2022-03-04
vi | 4 Tháng Mười Hai, 2022 | 2022-12-04
vi | Thứ sáu, 31/12/2021, 10:15 (GMT+7) | 2021-12-31T10:15:00+00:00
ru | 4 марта 2022 года | 2022-03-04
ru | 10:15, 4 марта 2022 | 2022-03-04T10:15:00+00:00
ru | 4 дек. 2022 в 10:15 МСК | 2022-12-04T10:15:00+03:00
ru | 4 мая 2022 г., 10:15 | 2022-05-04T10:15:00+00:00
uk | п'ятниця, 4 березня 2022 | 2022-03-04
uk | 4 листопада 2022, 10:15 | 2022-11-04T10:15:00+00:00
uk | 4 січня 2022 року | 2022-01-04
be | 4 сакавіка 2022 | 2022-03-04
be | 4 снежня 2022 | 2022-12-04
bg | 4 март 2022 г. | 2022-03-04
bg | 4 септември 2022, 10:15 | 2022-09-04T10:15:00+00:00
mk | 4 јануари 2022 | 2022-01-04
mk | 4 октомври 2022 | 2022-10-04
kk | 2022 жылғы 4 наурыз | 2022-03-04
kk | 4 желтоқсан 2022 | 2022-12-04
mn | 2022 оны 3 сарын 4 | 2022-03-04
el | 4 Μαρτίου 2022 | 2022-03-04
el | Παρασκευή, 4 Αυγούστου 2022 | 2022-08-04
el | 4 ΙΑΝΟΥΑΡΙΟΥ 2022 | 2022-01-04
el | 4 Δεκ 2022, 10:15 | 2022-12-04T10:15:00+00:00
hy | 4 մարտի 2022 | 2022-03-04
hy | 4 դեկտեմբերի 2022 | 2022-12-04
ka | 4 მარტი 2022 | 2022-03-04
ka | 4 დეკემბერი, 2022 | 2022-12-04
ar | 4 مارس 2022 | 2022-03-04
ar | ٤ أغسطس ٢٠٢٢ | 2022-08-04
ar | 4 آذار 2022 | 2022-03-04
ar | 4 كانون الثاني 2022 | 2022-01-04
ar | 4 تشرين الأول 2022 | 2022-10-04
ar | 4 كانون الأول 2022 | 2022-12-04
ar | 4 جويلية 2022 | 2022-07-04
ar | 4 غشت 2022 | 2022-08-04
fa | ۱۳ اسفند ۱۴۰۰ | 2022-03-04
fa | ۱۴۰۰/۱۲/۱۳ | 2022-03-04
fa | ۱ فروردین ۱۴۰۳ | 2024-03-20
fa | ۳۰ اسفند ۱۳۹۹ - ۱۰:۱۵ | 2021-03-20T10:15:00+00:00
fa | ۴ مارس ۲۰۲۲ | 2022-03-04
ur | 4 مارچ 2022 | 2022-03-04
ur | 4 اگست 2022 | 2022-08-04
he | 4 במרץ 2022 | 2022-03-04
he | 4 בדצמבר 2022 | 2022-12-04
he | 4 אוגוסט 2022 | 2022-08-04
hi | 4 मार्च 2022 | 2022-03-04
hi | ४ जनवरी २०२२ | 2022-01-04
hi | 4 फ़रवरी 2022 | 2022-02-04
mr | 4 ऑगस्ट 2022 | 2022-08-04
bn | ৪ মার্চ ২০২২ | 2022-03-04
bn | ৪ জানুয়ারি ২০২২ | 2022-01-04
ta | 4 மார்ச் 2022 | 2022-03-04
te | 4 మార్చి 2022 | 2022-03-04
th | 4 มีนาคม 2565 | 2022-03-04
th | 4 มี.ค. 2565 | 2022-03-04
th | ๔ ธันวาคม ๒๕๖๕ | 2022-12-04
th | 4 สิงหาคม 2565 10:15 | 2022-08-04T10:15:00+00:00
zh | 2022年3月4日 | 2022-03-04
zh | 2022年03月04日 10:15 | 2022-03-04T10:15:00+00:00
zh | 2022 年 3 月 4 日 | 2022-03-04
zh | 民國111年3月4日 | 2022-03-04
zh | 2022年3月4日 下午3:05 | 2022-03-04T15:05:00+00:00
ja | 令和4年3月4日 | 2022-03-04
ja | 平成31年4月30日 | 2019-04-30
ja | 令和元年5月1日 | 2019-05-01
ja | ２０２２年３月４日（金） | 2022-03-04
ja | 2022年3月4日 午後3時05分 | 2022-03-04T15:05:00+00:00
ko | 2022년 3월 4일 | 2022-03-04
ko | 2022.03.04 10:15 | 2022-03-04T10:15:00+00:00
ko | 입력 2022. 3. 4. 오후 3:05 | 2022-03-04T15:05:00+00:00
"""


def rows() -> list[tuple[str, str, str]]:
    parts = [line.split(" | ") for line in WRITTEN.strip().splitlines()]
    return [(language, written, moment) for language, written, moment in parts]


@pytest.mark.parametrize(("language", "written", "moment"), rows())
def test_a_date_of_the_press_is_read(language: str, written: str, moment: str) -> None:
    dated = read_date(written, language=language)
    assert dated is not None
    assert dated.moment.isoformat().removesuffix("T00:00:00+00:00") == moment.removesuffix(
        "T00:00:00+00:00"
    )


def test_the_table_covers_the_press_of_the_world() -> None:
    assert len(rows()) >= 150
    assert len({language for language, _, _ in rows()}) >= 40


@pytest.mark.parametrize(
    ("written", "order", "day"),
    [
        ("03/04/2022", "dmy", "2022-04-03"),
        ("03/04/2022", "mdy", "2022-03-04"),
        ("03/04/2022", None, None),
        ("03/04/22", "dmy", "2022-04-03"),
        ("30.10.23", "dmy", "2023-10-30"),
        ("30.10.23", None, None),
        ("13/04/2022", "mdy", "2022-04-13"),
        ("04.03.2022", "mdy", "2022-03-04"),
        ("version 1.10.23.4", "dmy", None),
        ("10.20.30.40", "mdy", None),
    ],
)
def test_the_order_of_numbers_decides(written: str, order: Order | None, day: str | None) -> None:
    dated = read_date(written, order)
    assert (dated and dated.moment.date().isoformat()) == day


@pytest.mark.parametrize(
    "written",
    [
        "4 Foober 2022", "Room 4 March", "0 March 2022", "32 March 2022", "31 April 2022",
        "29 February 2022", "0000-00-00", "9999-99-99", "0001-01-01", "4 March 0000",
        "4 March 9999", "1 Esfand 1400", "۳۱ اسفند ۱۴۰۱", "民國999年1月1日", "99999999999999999999",
        "-62135596800", "4 March 3022", "٤٤ أغسطس ٢٠٢٢", "令和4年13月1日",
    ],
)  # fmt: skip
def test_what_stands_in_no_calendar_is_no_date(written: str) -> None:
    assert read_date(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "1" * 5_000_000, "2022-" * 1_000_000, "Mar " * 1_000_000, " " * 5_000_000 + "2022",
        "a" * 5_000_000, "1 " * 2_000_000, "１" * 1_000_000, "2022. " * 500_000, "at " * 500_000,
        "²² ³³ 2022", "4 March ²⁰²²", "٢" * 100_000, "1.1.1.1.2022", "\x00 2022 \x00",
    ],
)  # fmt: skip
def test_hostile_strings_are_no_dates(written: str) -> None:
    assert read_date(written) is None
    assert read_date(written, "dmy", "vi") is None
