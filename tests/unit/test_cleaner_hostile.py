"""Whatever comes in: an article or a PermanentError, and never a hang."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.cleaner.markup.page import Page
from services.cleaner.plain.furniture import Kind, kind_of
from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from shared.errors import PermanentError
from shared.events import Article, Envelope, Message, parse_time
from shared.records import Record
from shared.runtime.stage import Emit

CLEAN = Clean(CleanerSettings())
NOW = parse_time("2026-11-22T12:00:00Z")

PIECES = st.sampled_from(
    (
        "<p>", "</p>", "<div class='byline'>", "</div>", "<table><tr><td>", "<script>", "</script>",
        "<script type='application/ld+json'>",
        '{"@type":"NewsArticle","author":[{"@id":"#a"}]}',
        "<meta property='article:published_time' content='", "'>", "<h1>", "</h1>",
        "<time datetime=",
        "2022-02-30T99:00:00", "9999-12-31", "0001-01-01", "By ", "By Ann Lee | ", "Topics: a, b",
        "Source: ", "\x00", "\ud800", "&#0;", "&#xD800;", "<!--", "]]>", "<![CDATA[",
        "\r", "\u2028",
        "A sentence of a good many words stands here, so that it may be taken for an article. ",
        "Leave a comment", "https://example.com/2022/02/27/x", "today, Monday, February 29", "•",
        "<base href='http://['>", "<link rel='canonical' href='http://[::1'>", "\n", " ", "<", ">",
    )
)  # fmt: skip
DOCUMENTS = st.one_of(
    st.binary(max_size=2_000),
    st.text(max_size=1_000).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=60).map(
        lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
    ),
)
TYPES = st.one_of(
    st.sampled_from(
        (
            "text/html", "text/html; charset=utf-16", "text/html; charset=rot13", "text/plain",
            "text/plain; charset=utf-8", "text/plain; charset=base64", "text/plain; charset=idna",
            "application/json", Record.CONTENT_TYPE, "", "application/xhtml+xml", "text/xml",
            "application/octet-stream", "image/png", "text/plain; charset=unicode_escape",
        )
    ),
    st.text(max_size=30),
)  # fmt: skip


def clean(data: bytes, content_type: str, url: str = "") -> Article | PermanentError:
    envelope = Envelope(
        id="D", filename="hostile.bin", content_type=content_type, url=url, received_at=NOW
    )
    try:
        outcomes = CLEAN(Message(value=data, headers=envelope.headers()))
    except PermanentError as error:
        return error
    assert len(outcomes) == 1
    assert isinstance(outcomes[0], Emit)
    return Article.decode(outcomes[0].value)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=DOCUMENTS, content_type=TYPES, url=st.sampled_from(("", "http://[", "https://a.b/c")))
def test_anything_is_an_article_or_a_permanent_error(
    data: bytes, content_type: str, url: str
) -> None:
    result = clean(data, content_type, url)
    if isinstance(result, Article):
        assert result.text.strip()
        assert "\x00" not in result.text + result.title
        assert result == clean(data, content_type, url)
    else:
        assert result.reason
        assert result.reason == "invalid_message" or "hostile.bin" in result.detail


SENTENCE = "The council of the small town voted on Monday to repair the old stone bridge. "
PATHOLOGICAL = {
    "deep nesting": ("<div>" * 10_000 + SENTENCE * 20 + "</div>" * 10_000, "text/html"),
    "deep lists": ("<ul><li>" * 5_000 + SENTENCE * 20, "text/html"),
    "deep spans": ("<p>" + "<span>" * 10_000 + SENTENCE * 20, "text/html"),
    "nested deeper than the parser reads": (
        "<div>" * 100_000 + SENTENCE * 20 + "</div>" * 100_000, "text/html",
    ),
    "nested inline": ("<p>" + "<span>" * 100_000 + SENTENCE * 20, "text/html"),
    "nested of no name": ("<zz>" * 100_000 + SENTENCE * 20, "text/html"),
    "deep tables": ("<table><tr><td>" * 600 + SENTENCE * 20, "text/html"),
    "ten megabytes": (f"<p>{SENTENCE * 3}</p>" * 40_000, "text/html"),
    "one line of markup": ("<p>" + "word " * 900_000, "text/html"),
    "words in blocks": ("<p>word</p>" * 90_000, "text/html"),
    "line breaks": (SENTENCE * 5 + "<br>" * 90_000 + SENTENCE, "text/html"),
    "spans": ("<p>" + "<span>a b</span> " * 90_000, "text/html"),
    "links": ("<li><a href=/x>A link to it</a></li>" * 45_000 + SENTENCE * 9, "text/html"),
    "cells": ("<table>" + "<tr><td>1</td><td>two words</td></tr>" * 30_000, "text/html"),
    "millions of siblings": ("<i></i>" * 1_000_000 + SENTENCE * 9, "text/html"),
    "half a page": (f"<html><head><title>Bridge</title><body><p>{SENTENCE}</p><p cla", "text/html"),
    "no body": ("<html><head><title>Bridge</title></head></html>", "text/html"),
    "a frameset": ("<html><frameset><frame src='a'><noframes>No</noframes>", "text/html"),
    "wrong charset": (f"<meta charset=utf-16><p>{SENTENCE * 9}ø</p>", "text/html; charset=big5"),
    "only brackets": ("<" * 1_000_000, "text/html"),
    "only open tags": ("<a " * 200_000, "text/html"),
    "one attribute": ("<p class='" + "by-" * 200_000 + "'>" + SENTENCE * 9, "text/html"),
    "many headings": ("<h1>x</h1><time>y</time>" * 1_500 + SENTENCE * 9, "text/html"),
    "deep JSON-LD": (
        "<script type='application/ld+json'>" + '{"@graph":[' * 50_000 + "</script><p>"
        + SENTENCE * 20, "text/html",
    ),
    "one line": ("word " * 190_000, "text/plain"),
    "one word": ("a" * 900_000, "text/plain"),
    "brackets as text": ("<" * 900_000, "text/plain"),
    "spaces": (" " * 900_000 + "x", "text/plain"),
    "blank lines": ("\n" * 900_000 + SENTENCE * 9, "text/plain"),
    "quotes": ('"' * 500_000 + SENTENCE, "text/plain"),
    "short lines": ("By a\n" * 30_000, "text/plain"),
    "months": ("January " * 100_000, "text/plain"),
    "addresses": ("https://a.b/2022/02/27/" * 30_000, "text/plain"),
}  # fmt: skip


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_pathological_documents_come_to_an_end(name: str) -> None:
    text, content_type = PATHOLOGICAL[name]
    result = clean(text.encode(), content_type)
    if isinstance(result, PermanentError):
        assert result.reason in ("no_text", "too_long", "extraction_failed", "too_many_elements")
        assert "hostile.bin" in result.detail
    else:
        assert result.text.strip()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "start",
    ["related ", "more ", "sign up ", "please enter your ", "share this ", "by ", "topics: ",
     "source: ", "(", "photo by ", "if you would like ", "you may also like ", "12 comments on "],
)  # fmt: skip
def test_no_line_pattern_explodes(start: str) -> None:
    for filler in ("a ", " ", "related ", "ly ", "- ", "12 ", "on the ", "comment ", "donate "):
        assert kind_of(start + filler * 4_000 + "!") is None
        kind = kind_of((start + filler * 200)[:400] + "!")
        assert kind is None or isinstance(kind, Kind)


def test_an_article_too_long_is_refused_whole_and_names_the_limit() -> None:
    paragraph = SENTENCE * 10 + "\n\n"
    short = Clean(CleanerSettings(max_characters=1_000))
    with pytest.raises(PermanentError) as caught:
        short(Message(value=(paragraph * 3).encode(), headers=(("filename", b"long.txt"),)))
    assert caught.value.reason == "too_long"
    assert "long.txt" in caught.value.detail
    assert "1000" in caught.value.detail


def test_a_page_of_too_many_elements_is_refused_by_name() -> None:
    page = b"<html><body>" + b"<p>a b</p>" * 150_000
    headers = Envelope(id="D", filename="many.html", content_type="text/html").headers()
    with pytest.raises(PermanentError, match=r"too_many_elements: many\.html: 1\d{5} elements"):
        CLEAN(Message(page, headers=headers))


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 1_500 + f"<p>{SENTENCE * 9}</p>" + "</div>" * 1_500,
        "<div>" * 100_000 + SENTENCE * 9 + "</div>" * 100_000,
        "<ul><li>" * 5_000 + SENTENCE * 9,
        f"<html><body><article><p>{SENTENCE * 4}</p><p>{SENTENCE * 5}</p><p cla",
        f"<meta charset=utf-16><p>{SENTENCE * 9}</p>",
    ],
)
def test_text_that_browsers_show_is_not_lost(html: str) -> None:
    result = clean(html.encode(), "text/html")
    assert isinstance(result, Article)
    assert result.text.count("old stone bridge") == 9


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["words in blocks", "links", "cells", "ten megabytes", "spans"])
def test_memory_of_a_worker_is_bounded(name: str, tmp_path: Path) -> None:
    text, content_type = PATHOLOGICAL[name]
    page = tmp_path / "hostile.bin"
    page.write_bytes(text.encode())
    # The kernel's own count of this program: ``ru_maxrss`` has what the test that starts it took.
    program = f"""
from pathlib import Path
from tests.unit.test_cleaner_hostile import clean
clean(Path({str(page)!r}).read_bytes(), {content_type!r})
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=100
    )
    # Of these the test's own packages take 80 MB.
    assert int(done.stdout) < 380_000  # KiB


def test_class_names_of_megabytes_are_not_read_to_their_end() -> None:
    assert NOW is not None
    page = Page(f"<html><body><div class='{'menu, ' * 300_000}'>One</div></body></html>", None, NOW)
    assert max(len(node.label) for node in page.nodes) < 10_000
