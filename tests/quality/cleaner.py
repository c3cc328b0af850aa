"""The cleaner's figures, with trafilatura alone on the same pages in the same run.

Run it with ``python -m tests.quality.cleaner [--sample N]``; ``N`` takes every N-th page.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from services.cleaner.extracted import Extracted
from services.cleaner.html import extract_html
from services.cleaner.plaintext import extract_text
from shared.errors import PermanentError
from shared.text import comparable
from tests.quality.table import Row, print_table
from tests.shared_data import shared_root

PEER = "trafilatura 2.3.1"
PAGE_AS_IT_IS = "page as it is"
_NOW = datetime(2026, 11, 1, tzinfo=UTC)  # after all pages were collected
_TOKEN = re.compile(r"\w+")
_NAMES = re.compile(r"\s*(?:[,;|&\n]|\band\b|\bund\b)\s*")
_PROCESSES = 2


@dataclass(slots=True)
class Answer:
    """What one extractor says of one page, and the CPU seconds it took."""

    text: str = ""
    title: str = ""
    authors: list[str] = field(default_factory=list)
    day: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Score:
    """One page measured: ``None`` where the page has no gold for it."""

    body: float | None
    title: float | None
    day: float | None
    authors: tuple[int, int, int] | None
    """True positives, found, wanted."""
    seconds: float


def body_f1(found: str, wanted: str) -> float:
    """F1 over multisets of 4-word shingles, as article-extraction-benchmark has it
    (https://github.com/scrapinghub/article-extraction-benchmark)."""
    ours, gold = _shingles(found), _shingles(wanted)
    common = sum((ours & gold).values())
    return 2 * common / (sum(ours.values()) + sum(gold.values())) if common else 0.0


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _TOKEN.findall(text)
    return Counter(tuple(words[i : i + 4]) for i in range(max(1, len(words) - 3)) if words)


def score(row: dict[str, Any], answer: Answer) -> Score:
    """Measure ``answer`` against the gold in ``row``."""
    title, names, day = row.get("title"), row.get("authors"), row.get("published")
    authors = None
    if names:
        gold, found = _people(names), _people(answer.authors)
        authors = (len(gold & found), len(found), len(gold))
    return Score(
        body=body_f1(answer.text, row["text"]) if row.get("text") else None,
        title=float(_plain(answer.title) == _plain(title)) if title else None,
        day=float(answer.day[:10] == day[:10]) if day else None,
        authors=authors,
        seconds=answer.seconds,
    )


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", comparable(text)).strip()


def _people(names: Iterable[str]) -> set[str]:
    return {_plain(part) for name in names for part in _NAMES.split(name) if _plain(part)}


def ours(row: dict[str, Any]) -> Answer:
    """The cleaner's answer."""
    started = time.process_time()
    url = row.get("url")
    try:
        if "html" in row:
            found = extract_html(row["html"], url=url, now=_NOW, name=row["id"])
        else:
            found = extract_text(row["content"], url=url, now=_NOW, name=row["id"])
    except PermanentError:
        found = Extracted()
    seconds = time.process_time() - started
    day = found.published.moment.date().isoformat() if found.published else ""
    return Answer(found.text, found.title, found.authors, day, seconds)


def trafilatura_alone(row: dict[str, Any]) -> Answer:
    """The peer's answer, as it comes: default mode, with its own metadata."""
    from trafilatura import bare_extraction
    from trafilatura.settings import Document

    started = time.process_time()
    document = bare_extraction(
        row["html"], url=row.get("url"), with_metadata=True, include_comments=False
    )
    seconds = time.process_time() - started
    if not isinstance(document, Document):
        return Answer(seconds=seconds)
    authors = (document.author or "").split("; ")
    return Answer(document.text or "", document.title or "", authors, document.date or "", seconds)


def as_it_is(row: dict[str, Any]) -> Answer:
    """The whole page as its text: what plain text is without a cleaner."""
    return Answer(text=row["content"])


Extractor = Callable[[dict[str, Any]], Answer]


def _measure(peer: Extractor, line: bytes) -> tuple[str, Score, Score]:
    row = json.loads(line)
    return row["set"], score(row, ours(row)), score(row, peer(row))


def _lines(path: Path, sample: int) -> Iterator[bytes]:
    with gzip.open(path) as file:
        yield from islice(file, 0, None, sample)


_DATA: tuple[tuple[str, Extractor, str], ...] = (
    ("extraction.jsonl.gz", trafilatura_alone, PEER),
    ("metadata.jsonl.gz", trafilatura_alone, PEER),
    ("dates.jsonl.gz", trafilatura_alone, PEER),
    ("plaintext.jsonl.gz", as_it_is, PAGE_AS_IT_IS),
)


def rows(sample: int = 1) -> list[Row]:
    """The figures on every ``sample``-th page of the evaluation data, none where it is absent."""
    root = shared_root()
    if root is None:
        return []
    table: list[Row] = []
    with get_context("spawn").Pool(_PROCESSES) as pool:
        for file, peer, peer_name in _DATA:
            groups: dict[str, list[tuple[Score, Score]]] = {}
            lines = _lines(root / file, sample)
            for name, mine, theirs in pool.imap_unordered(partial(_measure, peer), lines, 4):
                groups.setdefault(name, []).append((mine, theirs))
            for name, pairs in sorted(groups.items()):
                table.extend(_figures(name, pairs, peer_name))
    return table


def _figures(name: str, pairs: list[tuple[Score, Score]], peer: str) -> Iterator[Row]:
    alone = peer == PAGE_AS_IT_IS
    for attribute, measure in (("body", "body F1"), ("title", "title exact"), ("day", "day")):
        both = [
            (getattr(a, attribute), getattr(b, attribute))
            for a, b in pairs
            if getattr(a, attribute) is not None
        ]
        if both:
            mine = sum(a for a, _ in both) / len(both)
            theirs = sum(b for _, b in both) / len(both)
            shown = None if alone and attribute != "body" else theirs
            yield Row(name, measure, mine, peer if shown is not None else "", shown, len(both))
    named = [(a.authors, b.authors) for a, b in pairs if a.authors and b.authors]
    if named:
        mine, theirs = _f1(a for a, _ in named), _f1(b for _, b in named)
        yield Row(
            name, "author F1", mine, "" if alone else peer, None if alone else theirs, len(named)
        )
    mine = len(pairs) / max(1e-9, sum(a.seconds for a, _ in pairs))
    if alone:
        yield Row(name, "pages/s of a core", mine, "", None, len(pairs))
    else:
        theirs = len(pairs) / max(1e-9, sum(b.seconds for _, b in pairs))
        yield Row(name, "pages/s of a core", mine, peer, theirs, len(pairs))


def _f1(counts: Iterable[tuple[int, int, int]]) -> float:
    hits, found, wanted = (sum(column) for column in zip(*counts, strict=True))
    return 2 * hits / (found + wanted) if found + wanted else 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=1, help="take every N-th page")
    print_table(rows(parser.parse_args().sample))
