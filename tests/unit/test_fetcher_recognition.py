"""What only looks like a format is given as the text that it is, whole and once."""

from __future__ import annotations

import gc

import pytest

from services.fetcher.limits import PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.source import Source, stream_of
from services.fetcher.stage import Fetch
from shared.events import Envelope, Message
from shared.runtime.stage import Emit, Outcome, Reject
from shared.settings import load_settings

FETCH = Fetch(load_settings(FetcherSettings))
STORY = (
    "The storm hit the coast on Monday morning, officials said. Hundreds left their homes.\n\n"
    "The mayor said help was on its way. More rain is expected on Tuesday.\n"
)
TEXTS = {
    "from": "From: Jane Doe, Lisbon\nDate: 2 March 2026\nSubject: Storm\n\n" + STORY,
    "press": "FROM: Press office\nTO: All news desks\nDATE: 2 March\nSUBJECT: Storm\n\n" + STORY,
    "fields": "Title: Storm\nAuthor: Jane Doe\nDate: 2026-03-02\nTags: a, b\n\n" + STORY,
    "interview": "Reporter: What happened?\nMayor: The storm hit.\nReporter: And then?\n\n" + STORY,
    "from a place": "From Lisbon to Porto at 10:00\n\n" + STORY,
    "from a day": "From Monday 2026-03-02\nWeather: rain\n\n" + STORY,
    "list": "- Storm hits the coast\n- Rain is expected\n- Roads closed\n\n" + STORY,
    "stars": "** Breaking **\n\n*Lisbon* - " + STORY + "\n* * *\n\n# of people hurt: 12\n",
    "tags of people": "#storm #coast\n\n" + STORY + "\n#lisbon\n",
    "title, text": "Title, text, and other stories\nA mayor, a storm, a coast\nToday, we, tell\n",
    "name, body": "Name, body, soul\nOne, two, three\nFour, five, six\n",
    "table": "Team | Played | Points\nLisbon | 3 | 9\nPorto | 3 | 6\n\n" + STORY,
    "semicolons": "Storm; rain; text; roads\nMore; and more; of it; here\n",
    "story": "Story\n\n" + STORY,
    "agency in brackets": "[Reuters] - " + STORY,
    "notes": "[1] The storm\n[2] The rain\n\n" + STORY,
    "editor's note": "{Editor's note: the following}\n" + STORY,
    "quotation in braces": '{"Help is on its way," he said}\n' + STORY,
    "place in brackets": "[{Lisbon}] " + STORY,
    "quotation in brackets": '["We will help," the mayor said.]\n' + STORY,
    "template": "{{ headline }}\n" + STORY,
    "code": "import os\n\nprint('storm')\n# one\n# two\n" + STORY,
    "less than": "< 5 people hurt\n" + STORY,
    "shouting": "<<< BREAKING >>>\n" + STORY,
    "address first": "https://a.example/1\n\n" + STORY,
    "address and year": "https://a.example/storm 2026\n" + STORY,
    "subtitles": "1\n00:00:01,000 --> 00:00:02,000\nThe storm\n\n2\n00:00:03 --> 00:00:04\nhit\n",
    "page break": STORY + "\f" + STORY,
    "page break first": "\f" + STORY,
    "about WARC": "WARC/1.0 is a file format. " + STORY,
    "about GIF": "GIF89a was the format of the web. " + STORY,
    "about PostScript": "%!PS is how it begins. " + STORY,
    "PAR1S": "PAR1S is Paris. " + STORY,
    "BMW": "BMW said sales rose. " + STORY,
    "about bzip2": "BZh91 is a number. " + STORY,
    "about HTML": "".join(f"How <table> and <li> nest, part {n}.\n\n{STORY}\n" for n in range(12))
    + "</table></li>",
    "Chinese fields": "标题：风暴\n作者：张三\n日期：2026年3月2日\n\n周一早上，风暴袭击了海岸。\n",
    "Arabic fields": "من: لشبونة\nالتاريخ: 2 مارس\n\nضربت العاصفة الساحل صباح الاثنين.\n",
    "German fields": "Von: Jana\nDatum: 2. März\nBetreff: Sturm\n\nDer Sturm traf die Küste.\n",
}  # fmt: skip


def outcomes(data: bytes, name: str = "") -> list[Outcome]:
    return list(FETCH(Message(data, headers=Envelope(filename=name).headers())))


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_is_given_as_it_came(text: str, charset: str) -> None:
    data = text.encode(charset)
    (outcome,) = outcomes(data)
    assert isinstance(outcome, Emit), outcome
    assert outcome.value == data
    assert Envelope.parse(outcome.headers).content_type.startswith("text/plain")


@pytest.mark.parametrize(
    "data",
    [
        b'{"text": "Rain fell on',
        b'[{"text": "Rain fell on Lisbon."}, {"te',
        b'{\n  "title": "Rain", "text": }',
        b'[{"text": "Rain fell on Lisbon."} and more',
    ],
)
def test_broken_json_is_named_so(data: bytes) -> None:
    (outcome,) = outcomes(data)
    assert isinstance(outcome, Reject)
    assert outcome.reason == "invalid_json"


def test_a_file_named_json_with_single_quotes_is_broken_json() -> None:
    (outcome,) = outcomes(b"[{'text': 'Rain fell on Lisbon.'}]", "rain.json")
    assert isinstance(outcome, Reject)
    assert outcome.reason == "invalid_json"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04", "GIF image"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08", "MP4"),
        (b"PAR1\x15\x04\x15\xa0\x80\x01\x15\xd4\x22\x4c\x15\x90\x05\x15\x00\x12", "Parquet"),
        (b"%!PS-Adobe-3.0\n%%Pages: 1\nshowpage\n", "PostScript"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, name: str) -> None:
    (outcome,) = outcomes(data)
    assert isinstance(outcome, Reject)
    assert outcome.reason == "unsupported_format"
    assert name in outcome.detail


def test_a_fragment_of_a_page_that_begins_with_prose_is_a_page() -> None:
    page = "Rain fell.<br>\n" * 4 + "".join(f"<p>Day <b>{n}</b> was wet.</p>\n" for n in range(9))
    (outcome,) = outcomes(page.encode())
    assert isinstance(outcome, Emit)
    assert Envelope.parse(outcome.headers).content_type.startswith("text/html")


@pytest.mark.parametrize("name", ["", "old.mbox"])
@pytest.mark.parametrize("mails", [1, 2, 3])
def test_large_mails_of_a_mailbox_are_no_mailboxes(mails: int, name: str) -> None:
    """They begin as one does, and are larger than what is looked at."""
    letter = (
        "From jane@a.example Mon Mar  2 10:00:00 2026\nFrom: Jane <jane@a.example>\n"
        "To: desk@b.example\nSubject: Rain\nMessage-ID: <1@a.example>\n\n"
        + STORY * 600 + "\n"
    )  # fmt: skip
    assert len(letter) > 65_536
    found = outcomes((letter * mails).encode(), name)
    records = [Envelope.parse(one.headers) for one in found if isinstance(one, Emit)]
    assert len(records) == len(found) == mails
    assert [told.member for told in records] == [f"message {n}" for n in range(1, mails + 1)]


def test_a_copy_of_a_stream_that_breaks_is_given_back() -> None:
    """Left open, it would be told of as an unclosed file, which fails the test."""

    def pieces() -> object:
        for _ in range(36):
            yield b"x" * 262_144
        raise PartRefused("corrupt_gzip", "it breaks")

    source = Source(stream_of(pieces()), limit=20_000_000)  # type: ignore[arg-type]
    with pytest.raises(PartRefused, match="corrupt_gzip"):
        source.seekable()
    del source
    gc.collect()
