"""Markdown: its front matter, its body as HTML, and what only looks like it."""

from __future__ import annotations

import pytest

from services.fetcher.formats.base import Document
from services.fetcher.formats.markdown import Markdown
from tests.unit.unwrapping import limits, recognised, records, unwrap

MD = Markdown(limits())
YAML = """---
title: "Flut: die Nacht"
author: Ada Wenz
date: 2024-01-02 10:00:00 +0100
tags: [Flut, Köln]
lang: de
permalink: /2024/flut
body: no text
---
# Überschrift

Das **Wasser** [stieg](https://a.example/x).

| a | b |
|---|---|
| 1 | 2 |
"""
TOML = '+++\ntitle = "T"\ndate = 2024-01-02T03:04:05Z\nauthors = ["A B", "C D"]\n+++\n\nText.\n'


def test_front_matter_tells_what_it_is_about() -> None:
    assert recognised(MD, YAML.encode()) > 60
    (record,) = records(list(unwrap(MD, YAML.encode())))
    assert (record.title, record.authors) == ("Flut: die Nacht", ["Ada Wenz"])
    assert (record.topics, record.language) == (["Flut", "Köln"], "de")
    assert (record.published_at, record.url) == ("2024-01-02 10:00:00 +0100", None)
    assert record.text is None
    assert record.html is not None
    assert '<strong>Wasser</strong> <a href="https://a.example/x">stieg</a>' in record.html
    assert "<td>2</td>" in record.html


def test_toml_and_json_are_front_matter_too() -> None:
    (record,) = records(list(unwrap(MD, TOML.encode())))
    assert (record.title, record.authors) == ("T", ["A B", "C D"])
    assert record.published_at == "2024-01-02T03:04:05+00:00"
    data = b'{"title": "J", "url": "https://a.example/j"}\n\nText.\n'
    assert recognised(MD, data, "a.md") > 60
    (record,) = records(list(unwrap(MD, data, "a.md")))
    assert (record.title, record.url, record.html) == ("J", "https://a.example/j", "<p>Text.</p>")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# A *big* [one](x) #\n\nText.", "A big one"),
        ("A title\n=======\n\nText.", "A title"),
        ("Text.\n\n# Later", None),
        ("## Second\n\nText.", None),
    ],
)
def test_the_first_heading_is_the_title(text: str, title: str | None) -> None:
    (record,) = records(list(unwrap(MD, text.encode(), "a.md")))
    assert record.title == title


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"Text with *one* asterisk and a # sign.", ""),
        (b"# one heading\n\nand text", ""),
        (b"---\nA line\n---\nText", ""),
        (b"# include <stdio.h>\n# define X\nint a;", ""),
        (b"1. First\n2. Second\n\n* a\n* b\n", ""),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08" * 9, "a.md"),
        (b"", "a.md"),
    ],
)
def test_text_stays_text(data: bytes, name: str) -> None:
    assert recognised(MD, data, name) == 0


def test_names_types_and_structure_tell_it() -> None:
    assert recognised(MD, b"Text", "a.md") > 60
    assert recognised(MD, b"Text", "", "text/markdown; charset=utf-8") > 60
    both = b"# A\n\nSee [this](https://a.example/).\n\n## B\n"
    assert 1 < recognised(MD, both) < 60


@pytest.mark.parametrize(
    "front",
    [
        "a: &a [x]\nb: [*a, *a]",
        "[" * 5_000,
        "a: {" * 3_000,
        "title: [unclosed",
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_front_matter_that_cannot_be_read_is_left_in_the_text(front: str) -> None:
    (found,) = unwrap(MD, f"---\n{front}\n---\nText.\n".encode(), "a.md")
    assert isinstance(found, Document)
    assert b"Text." in found.data


@pytest.mark.parametrize(
    "sign", ["[", "![", "*a_ ", "<", "`", "> ", "- ", "[a](", "&", "|\n|-\n", "&#"]
)
def test_hostile_markdown_takes_no_longer_than_its_size(sign: str) -> None:
    data = (sign * (20_000 // len(sign)) + " text").encode()
    (found,) = unwrap(MD, data, "a.md")
    assert isinstance(found, Document)


def test_what_is_too_large_is_handed_on_as_text() -> None:
    (found,) = unwrap(MD, b"# A\n\n" + b"Some words. " * 100_000, "a.md")
    assert isinstance(found, Document)
    assert found.content_type == "text/plain; charset=utf-8"
