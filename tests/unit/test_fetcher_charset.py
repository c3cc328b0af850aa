"""Bytes become the right text, whatever is declared."""

from __future__ import annotations

import codecs
import re
import tarfile
from collections.abc import Iterator

import pytest

from shared.charset import SAMPLE, codec_name, decode, detect
from tests.shared_data import shared_data

RUSSIAN = "Ночью в городе шёл сильный дождь, сообщили в местной службе спасения. " * 5
FRENCH = "La pluie a cessé à l'aube, où l'été s'était déjà annoncé, d'après les élèves. "
POLISH = (
    "W nocy spadł ulewny deszcz, a rzeka wystąpiła z brzegów. Strażacy wywieźli mieszkańców, "
    "lecz nikt nie został ranny. Władze obiecały pomoc jeszcze dziś. "
)
TURKISH = "Yağmur gece boyunca sürdü, ışıklar söndü; çocuklar şaşkın, büyükler üzgündü. "
HUNGARIAN = "Az árvíztűrő tükörfúrógép működött, az erdőből pedig őzek jöttek a hűvösbe. "
JAPANESE = "昨夜、町で大雨が降りました。けが人はいませんでした。川の水は朝までに引きました。" * 5
CHINESE = "昨天晚上城里下了一场大雨，没有人员受伤。河水在早晨之前退去了，学校照常上课。" * 5


# Read as declared: a wrong label within the Latin script goes unnoticed.
LATIN = ("mac_roman", "cp850", "cp1250", "iso8859-2", "cp1254")
TEXTS = [
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8-r"),
    (RUSSIAN, "iso8859-5"),
    (RUSSIAN, "cp866"),
    (FRENCH, "cp1252"),
    (FRENCH, "mac_roman"),
    (FRENCH, "cp850"),
    (POLISH, "cp1250"),
    (POLISH, "iso8859-2"),
    (TURKISH, "cp1254"),
    (HUNGARIAN, "cp1250"),
    (JAPANESE, "shift_jis"),
    (JAPANESE, "euc-jp"),
    (JAPANESE, "iso-2022-jp"),
    (CHINESE, "gb18030"),
    (RUSSIAN, "utf-16-le"),
    (RUSSIAN, "utf-16-be"),
    (FRENCH, "utf-16-le"),
    (FRENCH, "utf-32-be"),
    (FRENCH, "utf-32-le"),
    (CHINESE, "utf-16"),
    (FRENCH, "utf-8-sig"),
    (FRENCH, "utf-8"),
]


@pytest.mark.parametrize(
    ("text", "charset", "declared"),
    [
        (text, charset, declared)
        for text, charset in TEXTS
        for declared in (None, "utf-8", "iso-8859-1", "no-such-charset")
        if not (declared == "iso-8859-1" and charset in LATIN)
    ],
)
def test_charset_is_found_against_any_declaration(
    text: str, charset: str, declared: str | None
) -> None:
    assert decode(text.encode(charset), declared, False)[0] == text


def test_declared_latin_that_is_utf8_is_utf8() -> None:
    page = '<meta charset="iso-8859-1"><p>' + FRENCH
    assert decode(page.encode(), "latin-1", True) == (page, "utf-8")


def test_declaration_in_the_page_decides_between_look_alikes() -> None:
    greek = "Η βροχή έπεσε"
    page = f'<?xml version="1.0" encoding="iso-8859-7"?><html><p>{greek}</p></html>'
    assert decode(page.encode("iso8859-7"), None, True) == (page, "iso8859-7")


def test_cut_and_spliced_utf8_stays_utf8() -> None:
    data = RUSSIAN.encode()
    assert detect(data[:-2]) == "utf-8"
    broken = data[:501] + data[502:]
    text, name = decode(broken, "windows-1252", False)
    assert name == "utf-8"
    assert text.count("\ufffd") <= 2


@pytest.mark.parametrize(
    "label", ["rot13", "hex", "idna", "unicode_escape", "undefined", "", "x" * 99, "a\x00b", "ж"]
)
def test_labels_that_are_no_charset(label: str) -> None:
    assert codec_name(label) is None
    assert decode(FRENCH.encode(), label, False) == (FRENCH, "utf-8")


def test_labels_mean_what_browsers_take_them_for() -> None:
    assert codec_name("ISO-8859-1") == codec_name("us-ascii") == codec_name("latin1") == "cp1252"
    assert codec_name("gb2312") == "gb18030"


def test_detection_sees_the_first_accent_of_a_long_file() -> None:
    text = "Rain fell. \n" * SAMPLE + POLISH * 20
    assert decode(text.encode("cp1250"), None, False)[0] == text


def suite() -> Iterator[tuple[str, bytes]]:
    """Encoding and bytes of each file of the chardet suite whose encoding Python knows."""
    with tarfile.open(shared_data("suites", "charsets.tar.gz")) as archive:
        for member in archive:
            folder = re.match(r"charsets/tests/([^/]+)/", member.name)
            stream = archive.extractfile(member) if folder and member.isfile() else None
            if folder is None or stream is None:
                continue
            # Folders are an encoding, some with a language behind it.
            for name in (folder[1], folder[1].rpartition("-")[0]):
                try:
                    codecs.lookup(name)
                except LookupError:
                    continue
                yield name, stream.read()
                break


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("hidden", "least"), [(False, 0.97), (True, 0.94)], ids=["as they are", "declarations hidden"]
)
def test_suite_of_real_files(hidden: bool, least: float) -> None:
    right = total = 0
    for charset, data in suite():
        if hidden:
            data = re.sub(rb"(?i)encoding(\s*=)|charset(\s*=)", rb"xxxx\1\2", data)
        expected = data.decode(charset, "replace").removeprefix("\ufeff")
        total += 1
        right += decode(data, None, True)[0] == expected
    assert total > 200
    assert right / total >= least
