"""The cleaner's figures, with trafilatura and newspaper4k on the same pages in the same run.

Run it with ``python -m tests.quality.cleaner [--sample N]``; ``N`` takes every N-th page.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from services.cleaner.extracted import Extracted
from services.cleaner.markup.article import extract_html
from services.cleaner.markup.model import Weights, load
from services.cleaner.markup.page import Page
from services.cleaner.plain.article import extract_text
from shared.errors import PermanentError
from shared.text import comparable
from tests.quality.table import Row, print_table
from tests.shared_data import shared_root
from training.sites import fold_of

PEER = "trafilatura 2.3.1"
NEWSPAPER = "newspaper4k 0.9.6"
PAGE_AS_IT_IS = "page as it is"
_NOW = datetime(2026, 11, 1, tzinfo=UTC)  # after all pages were collected
_TOKEN = re.compile(r"\w+")
_NAMES = re.compile(r"\s*(?:[,;|&\n]|\band\b|\bund\b)\s*")
_PROCESSES = 2
_IN_PAGE, _WHOLE, _PART = 0.95, 0.9, 0.8  # shares of shingles, see comparable_gold
_PROOF = 30  # words that a text has at least to be one to lose something of


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
    kept: float | None
    """Share of the gold text's shingles that is found."""
    seconds: float
    comparable: float | None = None
    """The body's F1 again, on pages whose gold is :func:`comparable_gold`."""


def body_f1(found: str, wanted: str) -> float:
    """F1 over multisets of 4-word shingles, as article-extraction-benchmark has it
    (https://github.com/scrapinghub/article-extraction-benchmark)."""
    ours, gold = _shingles(found), _shingles(wanted)
    common = sum((ours & gold).values())
    return 2 * common / (sum(ours.values()) + sum(gold.values())) if common else 0.0


def kept(found: str, wanted: str) -> float:
    """Recall over multisets of 4-word shingles: what share of ``wanted`` was not lost."""
    ours, gold = _shingles(found), _shingles(wanted)
    return sum((ours & gold).values()) / sum(gold.values()) if gold else 1.0


def comparable_gold(row: dict[str, Any], peer: str) -> bool:
    """Whether gold is what an extractor can be asked for: its words stand in the page, and it is
    not a part of the article, as it is where ``peer``'s text has all of it and a quarter more.
    What the cleaner finds is not looked at."""
    try:
        page = Page(row["html"], row["url"], _NOW, row["id"])
    except PermanentError:
        return False
    wanted = row["text"]
    if kept("\n".join(block.text for block in page.blocks), wanted) < _IN_PAGE:
        return False
    return kept(peer, wanted) <= _WHOLE or kept(wanted, peer) >= _PART


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
        kept=kept(answer.text, row["text"]) if row.get("text") and "content" in row else None,
        seconds=answer.seconds,
    )


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", comparable(text)).strip()


def _people(names: Iterable[str]) -> set[str]:
    return {_plain(part) for name in names for part in _NAMES.split(name) if _plain(part)}


_TAUGHT = ("aed", "wcxb")
_FOLDS = Path(__file__).with_name("folds")


@cache
def _of_fold(fold: int) -> Weights:
    return load(_FOLDS / f"{fold}.npz")[0]


def _unseen(row: dict[str, Any]) -> Weights | None:
    """For a page that the shipped weights of the body model were taught with, those that were
    taught with the other sites alone; ``None`` for others, which the shipped ones are for."""
    return _of_fold(fold_of(row["url"])) if row["set"] in _TAUGHT else None


@cache
def _line_folds() -> dict[str, int]:
    folds: dict[str, int] = json.loads((_FOLDS / "lines.json").read_text())
    return folds


@cache
def _lines_of_fold(fold: int) -> Weights:
    return load(_FOLDS / f"lines-{fold}.npz")[0]


def _unseen_lines(row: dict[str, Any]) -> Weights | None:
    """As :func:`_unseen`, for scraped texts and the line model."""
    fold = _line_folds().get(row["id"])
    return None if fold is None else _lines_of_fold(fold)


def ours(row: dict[str, Any]) -> Answer:
    """The cleaner's answer."""
    started = time.process_time()
    url = row.get("url")
    try:
        if "html" in row:
            weights = _unseen(row)
            found = extract_html(row["html"], url=url, now=_NOW, name=row["id"], weights=weights)
        else:
            weights = _unseen_lines(row)
            found = extract_text(row["content"], url=url, now=_NOW, name=row["id"], weights=weights)
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


def newspaper(row: dict[str, Any]) -> Answer:
    """newspaper4k's answer, in English as nearly all pages are; it fetches nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has no nltk, which only its summaries need
        from newspaper import Article, ArticleException

    started = time.process_time()
    url = row.get("url") or "https://a.example/"
    article = Article(url, fetch_images=False, language="en")
    try:
        article.download(input_html=row["html"])
        article.parse()
    except (ArticleException, ValueError, TypeError, AttributeError):
        return Answer(seconds=time.process_time() - started)
    seconds = time.process_time() - started
    day = str(article.publish_date or "")
    return Answer(article.text, article.title, list(article.authors), day, seconds)


def as_it_is(row: dict[str, Any]) -> Answer:
    """The whole page as its text: what plain text is without a cleaner."""
    return Answer(text=row["content"])


Extractor = Callable[[dict[str, Any]], Answer]
_PEERS: dict[str, Extractor] = {
    PEER: trafilatura_alone,
    NEWSPAPER: newspaper,
    PAGE_AS_IT_IS: as_it_is,
}
_BODY, _FACTS = ("body", "comparable"), ("title", "day", "authors")
_DATA: tuple[tuple[str, dict[str, tuple[str, ...]]], ...] = (
    ("extraction.jsonl.gz", {PEER: _BODY + _FACTS, NEWSPAPER: _FACTS}),
    ("metadata.jsonl.gz", {PEER: _FACTS, NEWSPAPER: _FACTS}),
    ("dates.jsonl.gz", {PEER: _FACTS}),
    ("plaintext.jsonl.gz", {PAGE_AS_IT_IS: _BODY}),
)
"""Each file with its peers, and what of a peer is compared."""
ALONE = "alone-"
"""Before the name of a set: its articles' own texts, given as plain text, with no page around."""


def _measure(peers: Iterable[str], line: bytes) -> tuple[str, Score, list[Score], float | None]:
    row = json.loads(line)
    mine = score(row, ours(row))
    # A peer without gold of its own to meet would only take time.
    has_facts = any(row.get(name) for name in ("title", "authors", "published"))
    answers = [_PEERS[name](row) if has_facts or name != NEWSPAPER else Answer() for name in peers]
    theirs = [score(row, answer) for answer in answers]
    if "html" in row and row.get("text") and comparable_gold(row, answers[0].text):
        mine.comparable, theirs[0].comparable = mine.body, theirs[0].body
    alone = None
    if "html" in row and len(row.get("text", "").split()) >= _PROOF:
        text = {"id": row["id"], "content": row["text"]}
        alone = kept(ours(text).text, row["text"])
    return row["set"], mine, theirs, alone


def _lines(path: Path, sample: int) -> Iterator[bytes]:
    with gzip.open(path) as file:
        yield from islice(file, 0, None, sample)


def rows(sample: int = 1) -> list[Row]:
    """The figures on every ``sample``-th page of the evaluation data, none where it is absent."""
    root = shared_root()
    if root is None:
        return []
    table: list[Row] = []
    with get_context("spawn").Pool(_PROCESSES) as pool:
        for file, peers in _DATA:
            groups: dict[str, list[tuple[Score, list[Score]]]] = {}
            alone: dict[str, list[float]] = {}
            lines = _lines(root / file, sample)
            measure = partial(_measure, list(peers))
            for name, mine, theirs, share in pool.imap_unordered(measure, lines, 4):
                groups.setdefault(name, []).append((mine, theirs))
                if share is not None:
                    alone.setdefault(name, []).append(share)
            for name, pairs in sorted(groups.items()):
                for place, (peer, compared) in enumerate(peers.items()):
                    beside = [(mine, theirs[place]) for mine, theirs in pairs]
                    table.extend(_figures(name, beside, peer, compared))
            for name, shares in sorted(alone.items()):
                mean = sum(shares) / len(shares)
                table.append(Row(f"{ALONE}{name}", "text kept", mean, "", None, len(shares)))
    return table


_MEASURES = (
    ("body", "body F1"),
    ("comparable", "body F1, comparable"),
    ("title", "title exact"),
    ("day", "day"),
    ("authors", "author F1"),
    ("kept", "text kept"),
)


def _figures(
    name: str, pairs: list[tuple[Score, Score]], peer: str, compared: tuple[str, ...]
) -> Iterator[Row]:
    alone = peer == PAGE_AS_IT_IS
    for attribute, measure in _MEASURES:
        shown = attribute in compared
        if not shown and not alone:
            continue
        both = [
            (getattr(a, attribute), getattr(b, attribute))
            for a, b in pairs
            if getattr(a, attribute) is not None
        ]
        if not both:
            continue
        mean = _f1 if attribute == "authors" else _mean
        mine, theirs = mean([a for a, _ in both]), mean([b for _, b in both])
        yield Row(name, measure, mine, peer if shown else "", theirs if shown else None, len(both))
    timed = [(a.seconds, b.seconds) for a, b in pairs if alone or b.seconds]
    if timed:
        mine, theirs = (len(timed) / max(1e-9, sum(column)) for column in zip(*timed, strict=True))
        yield Row(
            name,
            "pages/s of a core",
            mine,
            "" if alone else peer,
            None if alone else theirs,
            len(timed),
        )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _f1(counts: Iterable[tuple[int, int, int]]) -> float:
    hits, found, wanted = (sum(column) for column in zip(*counts, strict=True))
    return 2 * hits / (found + wanted) if found + wanted else 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=1, help="take every N-th page")
    print_table(rows(parser.parse_args().sample))
