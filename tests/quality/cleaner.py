"""The cleaner's figures, with trafilatura and newspaper4k on the same pages in the same run.

Run it with ``python -m tests.quality.cleaner [--sample N]``; ``N`` takes every N-th page.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from services.cleaner.markup.page import Page
from shared.errors import PermanentError
from shared.text import comparable
from tests.quality.extractors import (
    NEWSPAPER,
    NOW,
    PAGE_AS_IT_IS,
    PEER,
    Answer,
    as_it_is,
    load_folds,
    newspaper,
    ours,
    trafilatura_alone,
)
from tests.quality.table import Row, print_table
from tests.shared_data import shared_root

_TOKEN = re.compile(r"\w+")
_NAMES = re.compile(r"\s*(?:[,;|&\n]|\band\b|\bund\b)\s*")
_PROCESSES = 2
_BATCH = 12
"""Pages that a program reads in turn with the others."""
_IN_PAGE, _WHOLE, _PART = 0.95, 0.9, 0.8  # shares of shingles, see comparable_gold
_PROOF = 30  # words that a text has at least to be one to lose something of


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
        page = Page(row["html"], row["url"], NOW, row["id"])
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


_Measured = tuple[str, Score, list[Score], float | None]


def _measure(peers: Sequence[str], lines: Sequence[bytes]) -> list[_Measured]:
    """The scores of some pages. Each program reads all of them before the next one does: as where
    a program runs alone, its code and data are in the processor's caches."""
    pages = [json.loads(line) for line in lines]
    _warm_up(tuple(peers), lines[0])
    answers = [ours(row) for row in pages]
    # A peer without gold of its own to meet would only take time.
    of_peers = [
        [_PEERS[name](row) if name != NEWSPAPER or _has_facts(row) else Answer() for row in pages]
        for name in peers
    ]
    found: list[_Measured] = []
    for row, answer, *beside in zip(pages, answers, *of_peers, strict=True):
        mine, theirs = score(row, answer), [score(row, other) for other in beside]
        if "html" in row and row.get("text") and comparable_gold(row, beside[0].text):
            mine.comparable, theirs[0].comparable = mine.body, theirs[0].body
        alone = None
        if "html" in row and len(row.get("text", "").split()) >= _PROOF:
            text = {"id": row["id"], "content": row["text"]}
            alone = kept(ours(text).text, row["text"])
        found.append((row["set"], mine, theirs, alone))
    return found


_WARM: set[str] = set()


def _warm_up(peers: Sequence[str], line: bytes) -> None:
    """Have all that reads for the first time in this process read once, uncounted: what is loaded
    on first use is no page's time."""
    row = json.loads(line)
    if not _WARM:
        load_folds()
    for name in {"html" if "html" in row else "text", *peers} - _WARM:
        _PEERS.get(name, ours)(row)
        _WARM.add(name)


def _has_facts(row: dict[str, Any]) -> bool:
    return any(row.get(name) for name in ("title", "authors", "published"))


def _lines(path: Path, sample: int) -> Iterator[bytes]:
    with gzip.open(path) as file:
        yield from islice(file, 0, None, sample)


def _batches(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while batch := list(islice(lines, _BATCH)):
        yield batch


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
            lines = _batches(_lines(root / file, sample))
            measured = pool.imap_unordered(partial(_measure, list(peers)), lines)
            for name, mine, theirs, share in chain.from_iterable(measured):
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
