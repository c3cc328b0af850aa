"""The evaluation pages as the body model is taught by them."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.cleaner.markup.blocks import Block, Node
from services.cleaner.markup.evidence import confirmed
from services.cleaner.markup.page import Page
from shared.errors import PermanentError
from training.alignment import shares
from training.sites import fold_of, site_of
from training.vocabulary import Sums, gathered

Floats = NDArray[np.float32]
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_WORD = re.compile(r"\w+")
PROCESSES = 2
_NEWS = 2.0
"""What a page of the news set counts: the other set is of all kinds of pages and larger."""


@dataclass(slots=True)
class Example:
    """A page and what of it is wanted."""

    id: str
    set: str
    site: str
    fold: int
    blocks: list[Block]
    nodes: list[Node]
    document_title: str
    summary: str
    confirmed: list[float] | None
    gold: str
    wanted: Floats
    """For each block the share of its words that gold has."""
    words: Floats
    sums: list[Sums]
    """What its words tell of places that are wanted."""

    @property
    def weights(self) -> Floats:
        """How much each block's judgement changes the page's F1: its words against gold's. A page
        with much else than the article counts at most four times one without, one of news as
        much as two others."""
        share: Floats = self.words / max(float((self.words * self.wanted).sum()), 30.0)
        factor = _NEWS if self.set == "aed" else 1.0
        return share * np.float32(factor * min(1.0, 4.0 / max(float(share.sum()), 1e-6)))

    def f1(self, kept: NDArray[np.bool_]) -> float:
        """Body F1 over 4-word shingles of the blocks that are ``kept``."""
        text = "\n".join(block.text for block, keep in zip(self.blocks, kept, strict=True) if keep)
        ours, gold = _shingles(text), _shingles(self.gold)
        common = sum((ours & gold).values())
        return 2 * common / (sum(ours.values()) + sum(gold.values())) if common else 0.0


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return Counter(tuple(words[i : i + 4]) for i in range(max(1, len(words) - 3)) if words)


def read(root: Path) -> list[Example]:
    """The pages with gold text under ``root``, in the order of the file."""
    path = root / "extraction.jsonl.gz"
    with get_context("spawn").Pool(PROCESSES) as pool, gzip.open(path) as file:
        found = pool.imap(_example, _lines(file), 8)
        return [example for example in found if example is not None]


def _lines(file: gzip.GzipFile) -> Iterator[bytes]:
    yield from file


def _example(line: bytes) -> Example | None:
    row = json.loads(line)
    try:
        page = Page(row["html"], row["url"], _NOW, row["id"])
    except PermanentError:
        return None
    if not page.blocks:
        return None
    evidence = confirmed(page)
    for node in page.nodes:  # lxml's elements do not travel between processes
        node.element = None
    wanted = shares([block.text for block in page.blocks], row["text"])
    return Example(
        row["id"], row["set"], site_of(row["url"]), fold_of(row["url"]), page.blocks, page.nodes,
        page.document_title, page.summary, evidence, row["text"],
        wanted,
        np.array([len(block.text.split()) for block in page.blocks], np.float32),
        gathered(page.blocks, page.nodes, wanted),
    )  # fmt: skip
