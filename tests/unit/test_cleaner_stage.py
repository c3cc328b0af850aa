"""The transform as a whole: messages in, articles out; and its JSON Lines form."""

from __future__ import annotations

import base64
import pickle

import orjson
import pytest

from services.cleaner.characters import decode, storable
from services.cleaner.lines import CleanLine
from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from shared.errors import PermanentError
from shared.events import Article, Envelope, Message, parse_time
from shared.records import Record
from shared.runtime.stage import Emit
from shared.text import article_id, content_hash

NOW = parse_time("2026-11-22T12:00:00Z")
TEXT = (
    "Ferry hits pier in Lindvik\n\nThe harbour of Lindvik was closed on Tuesday after a ferry ran "
    "into the eastern pier, the port’s master said."
)


def clean(data: bytes, content_type: str = "text/plain; charset=utf-8", **facts: str) -> Article:
    return Article.decode(emit(data, content_type, **facts).value)


def emit(data: bytes, content_type: str = "text/plain; charset=utf-8", **facts: str) -> Emit:
    envelope = Envelope(id="DOC", content_type=content_type, received_at=NOW, **facts)  # type: ignore[arg-type]
    (outcome,) = Clean(CleanerSettings())(Message(value=data, headers=envelope.headers()))
    assert isinstance(outcome, Emit)
    return outcome


def test_an_article_carries_its_identity_and_its_documents_facts() -> None:
    outcome = emit(TEXT.encode(), filename="a.txt", parent="P", member="line 7", traceparent="00-t")
    article = Article.decode(outcome.value)
    assert outcome.key == article.article_id.encode()
    assert article.article_id == article_id(None, article.text)
    assert article.content_hash == content_hash(article.text)
    assert (article.document_id, article.filename) == ("DOC", "a.txt")
    assert (article.parent, article.member) == ("P", "line 7")
    assert article.received_at == NOW
    envelope = Envelope.parse(outcome.headers)
    assert (envelope.id, envelope.type) == (article.article_id, Article.TYPE)
    assert (envelope.source, envelope.content_type) == ("wireroom/cleaner", "application/json")
    assert envelope.traceparent == "00-t"


def test_the_same_message_gives_the_same_bytes_also_from_a_pickled_copy() -> None:
    message = Message(value=TEXT.encode(), timestamp_ms=1_700_000_000_000)
    transform = Clean(CleanerSettings())
    assert transform(message) == pickle.loads(pickle.dumps(transform))(message)


def test_without_a_header_the_brokers_time_is_now() -> None:
    (outcome,) = Clean(CleanerSettings())(
        Message(value=TEXT.encode(), timestamp_ms=1_700_000_000_000)
    )
    assert isinstance(outcome, Emit)
    assert Article.decode(outcome.value).received_at.timestamp() == 1_700_000_000


@pytest.mark.parametrize(
    ("data", "content_type", "reason"),
    [
        (b"", "text/plain", "no_text"),
        (b"  \n ", "text/html", "no_text"),
        (b"<html><body></body></html>", "text/html", "no_text"),
        (bytes(range(256)) * 40, "text/plain", "undecodable"),
        (b"\x89PNG\r\n", "image/png", "unsupported_type"),
        (b'{"title": "no text"}', Record.CONTENT_TYPE, "invalid_message"),
        (b"not JSON", Record.CONTENT_TYPE, "invalid_message"),
    ],
)
def test_what_cannot_be_an_article_is_refused_with_a_reason(
    data: bytes, content_type: str, reason: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        emit(data, content_type, filename="bad.bin")
    assert caught.value.reason == reason


def test_a_records_own_fields_win() -> None:
    record = Record(
        text=TEXT,
        title="The record’s title",
        authors=["The Harbour Desk"],
        published_at="2021-03-02T18:30:00+01:00",
        topics=["ships"],
        site_name="The Lindvik Post",
        language="en-GB",
        url="https://a.example/x?utm_source=y",
    )
    article = clean(record.encode(), Record.CONTENT_TYPE)
    assert article.title == "The record’s title"
    assert article.authors == ["The Harbour Desk"]
    assert article.published_at == parse_time("2021-03-02T17:30:00+00:00")
    assert (article.published_precision, article.published_from) == ("second", "record")
    assert (article.topics, article.site_name) == (["ships"], "The Lindvik Post")
    assert article.language == "en"
    assert article.canonical_url == "https://a.example/x"
    assert article.provenance["title"] == "record"
    assert article.text.startswith("The harbour of Lindvik")


def test_a_record_of_html_takes_the_pages_path() -> None:
    record = Record(html="<p>The harbour of Lindvik was closed on Tuesday, officials said.</p>")
    article = clean(record.encode(), Record.CONTENT_TYPE)
    assert article.text == "The harbour of Lindvik was closed on Tuesday, officials said."


def test_another_sites_canonical_address_is_not_the_articles() -> None:
    html = (
        "<html><head><link rel='canonical' href='https://evil.example/x'></head><body><p>"
        + "The harbour of Lindvik was closed on Tuesday. " * 9
        + "</p></body></html>"
    )
    article = clean(html.encode(), "text/html", url="https://a.example/y")
    assert article.canonical_url == "https://a.example/y"


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        ("Zürich – “ça va”".encode("cp1252"), "text/plain; charset=iso-8859-1"),
        ("Zürich – “ça va”".encode("utf-16"), "text/plain"),
        ("Zürich – “ça va”".encode("utf-8-sig"), "text/plain; charset=cp1252"),
        ("Zürich – “ça va”".encode(), "text/plain; charset=no-such-charset"),
        ("Zürich – “ça va”".encode(), "text/plain; charset=ascii"),
    ],
)
def test_bytes_become_characters_also_when_headers_lie(data: bytes, content_type: str) -> None:
    assert decode(data, content_type, "x") == "Zürich – “ça va”"


PAGE = "<html><head><meta charset='{}'></head><body><p>Zürich – “ça va”, 12 €</p></body></html>"


@pytest.mark.parametrize(
    ("says", "is_in", "header"),
    [
        ("iso-8859-1", "utf-8", "text/html"),
        ("utf-8", "cp1252", "text/html"),
        ("iso-8859-1", "cp1252", "text/html; charset=utf-8"),
        ("utf-8", "utf-8", "text/html; charset=iso-8859-1"),
        ("no-such", "utf-8", "text/html; charset=utf-16"),
        ("utf-16", "utf-8", ""),
        ("utf-8", "utf-16", "text/html; charset=utf-8"),
    ],
)
def test_a_page_is_read_by_its_bytes_where_its_declaration_is_wrong(
    says: str, is_in: str, header: str
) -> None:
    html = PAGE.format(says)
    assert decode(html.encode(is_in), header, "x") == html


@pytest.mark.parametrize(
    ("text", "is_in"),
    [
        ("Городской совет решил закрыть старый мост до весны, сообщил мэр.", "cp1251"),
        ("Городской совет решил закрыть старый мост до весны, сообщил мэр.", "koi8-r"),
        ("市议会决定将旧桥关闭到春天，居民们说事先没有人问过他们。", "gb18030"),
        ("市議會決定將舊橋關閉到春天，居民們說事先沒有人問過他們。", "big5"),
        ("市議会は古い橋を春まで閉鎖することを決めた。", "shift_jis"),
        ("市議会は古い橋を春まで閉鎖することを決めた。", "euc-jp"),
        ("시의회는 오래된 다리를 봄까지 폐쇄하기로 결정했다.", "euc-kr"),
        ("قرر مجلس المدينة إغلاق الجسر القديم حتى الربيع.", "cp1256"),
    ],
)
def test_declared_character_sets_of_all_scripts_are_read(text: str, is_in: str) -> None:
    html = f"<html><head><meta charset='{is_in}'></head><body><p>{text}</p></body></html>"
    assert text in decode(html.encode(is_in), "text/html", "x")
    assert decode(text.encode(is_in), f"text/plain; charset={is_in}", "x") == text


def test_stored_text_is_what_was_published_without_controls() -> None:
    assert storable("a\x00b\x07c\r\nd\u2028e\ud800f") == "abc\nd\ne\ufffdf"
    assert storable("ﬁne ½ “quotes” x\u00a0y") == "ﬁne ½ “quotes” x\u00a0y"


def test_short_text_has_no_language() -> None:
    assert clean(b"Hello there, world.").language is None
    assert clean(TEXT.encode()).language == "en"


CHINESE = (
    "市议会周二决定将旧桥关闭到春天，\n        维修费用约为四百万元。"
    "居民们说，事先没有人问过\n他们冬天是否需要这条路，也没有人告诉他们公共汽车将改走哪一条路线。"
)
JAPANESE = (
    "\u3000市議会は古い橋を春まで閉鎖することを決めた。修理には約四百万円かかる\n見込みで、"
    "住民は冬の間に道路が必要かどうか、事前に誰からも聞かれなかったと話している。"
)
ARABIC = (
    "\u200fقرر مجلس المدينة إغلاق الجسر القديم حتى الربيع. وستكلف أعمال الإصلاح نحو أربعة\n"
    "ملايين، ويقول السكان إن أحدا لم يسألهم مسبقا عما إذا كانوا بحاجة إلى الطريق في الشتاء."
)
RUSSIAN = (
    "Городской совет решил закрыть старый мост до весны. Ремонт обойдётся примерно в четыре\n"
    "миллиона рублей, а жители говорят, что никто не спросил их, нужна ли им дорога зимой."
)


@pytest.mark.parametrize(
    ("language", "text", "stored"),
    [
        ("zh", CHINESE, CHINESE.replace("\n        ", "").replace("\n", "")),
        ("ja", JAPANESE, JAPANESE.replace("\n", "").strip()),
        ("ar", ARABIC, ARABIC.replace("\n", " ")),
        ("ru", RUSSIAN, RUSSIAN.replace("\n", " ")),
    ],
)
def test_paragraphs_of_other_scripts_are_stored_as_published(
    language: str, text: str, stored: str
) -> None:
    body = "".join(f"<p>{number}. {text}</p>" for number in range(6))
    html = f"<html lang='en'><body><article><h1>2026</h1>{body}</article></body></html>"
    article = clean(html.encode(), "text/html; charset=utf-8")
    assert article.language == language
    assert article.text.split("\n\n") == [f"{number}. {stored}" for number in range(6)]


def test_an_amp_cachs_copy_is_the_article_itself() -> None:
    html = f"<html><body><article><p>{TEXT}</p><p>{TEXT[::-1]}</p></article></body></html>"
    cached = clean(
        html.encode(),
        "text/html",
        url="https://www-a-example.cdn.ampproject.org/c/s/www.a.example/x",
    )
    own = clean(html.encode(), "text/html", url="https://www.a.example/x")
    assert cached.article_id == own.article_id
    assert cached.canonical_url == "https://www.a.example/x"


def test_an_article_says_how_sure_it_is_in_two_decimals() -> None:
    article = clean(Record(text=TEXT, title="A title").encode(), Record.CONTENT_TYPE)
    assert article.confidence["title"] == 0.98
    assert all(sure == round(sure, 2) and 0 < sure <= 1 for sure in article.confidence.values())
    assert set(article.confidence) <= set(article.provenance)


def test_a_statement_quoted_in_another_language_is_a_passage() -> None:
    russian = f"{RUSSIAN} {RUSSIAN}".replace("\n", " ")
    text = "\n\n".join([TEXT, *(f"{n}. {TEXT.split(chr(10))[-1]}" for n in range(4)), russian])
    article = clean(Record(text=text).encode(), Record.CONTENT_TYPE)
    (passage,) = article.passages
    assert passage.language == "ru"
    assert article.text[passage.start : passage.end] == russian


CONTRACT = [
    "id", "title", "authors", "published_at", "published_precision", "published_from", "language",
    "description", "topics", "site_name", "canonical_url", "text",
]  # fmt: skip


def test_a_line_has_the_contracts_fields_in_order() -> None:
    line = CleanLine()({"id": "1", "content": TEXT, "content_type": "text/plain; charset=utf-16"})
    assert list(line)[: len(CONTRACT)] == CONTRACT
    assert line["title"] == "Ferry hits pier in Lindvik"
    assert line["published_at"] is None
    assert orjson.loads(orjson.dumps(line)) == line


def test_a_line_may_carry_bytes() -> None:
    data = base64.b64encode(TEXT.encode("cp1252")).decode()
    line = CleanLine()(
        {"id": "1", "content_base64": data, "content_type": "text/plain; charset=cp1252"}
    )
    assert "port’s master" in line["text"]


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"content": "x"}, "id"),
        ({"id": "1"}, "content"),
        ({"id": "1", "content": 5}, "content"),
        ({"id": "1", "content_base64": "***"}, "content_base64"),
        ({"id": "1", "content": TEXT, "url": 5}, "url"),
        ({"id": "1", "content": TEXT, "received_at": "soon"}, "received_at"),
    ],
)
def test_a_wrong_line_is_refused_by_the_name_of_its_field(
    record: dict[str, object], named: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        CleanLine()(record)
    assert caught.value.reason == "invalid_record"
    assert named in caught.value.detail
