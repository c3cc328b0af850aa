"""Teaches the line model of the cleaner's plain text: ``python -m training.cleaner_lines``.

Data: the pages of the sets ``aed`` (article-extraction-dataset, Apache-2.0) and ``wcxb`` (WCXB
dev, CC-BY-4.0): their HTML written as text in one of three ways, and the texts of
``plaintext.jsonl.gz``. A line's label is the share of its words that the wanted text has in their
place. Two forests are taught: the second sees what the first makes of a line's neighbours, learnt
out of fold, so that it knows how far the first can be trusted. Folds are of sites, whole.

Writes the shipped weights, and for ``tests/quality`` one model for each fold, taught without it.
Everything is seeded; the same data and library give the same weights.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import mean

import lightgbm
import numpy as np
from lxml.html import Element
from numpy.typing import NDArray

from services.cleaner.characters import storable
from services.cleaner.markup.blocks import Block, Node
from services.cleaner.markup.model import LEAVES, Forest, Weights, save
from services.cleaner.markup.page import Page
from services.cleaner.markup.vocabulary import Vocabulary
from services.cleaner.plain.features import features, smoothed
from services.cleaner.plain.lines import Line, lines_of
from services.cleaner.plain.span import page_span
from services.cleaner.plain.weighing import SHIPPED, column_names
from shared.errors import PermanentError
from tests.quality.cleaner import body_f1
from tests.shared_data import shared_root
from training.alignment import shares
from training.forest import exported
from training.sites import FOLDS, fold_of, site_of
from training.vocabulary import Sums, gathered, learn

Floats = NDArray[np.float32]
TAUGHT = ("aed-", "wcxb-")
"""Beginnings of the ids whose licences allow it."""
FOLD_MODELS = Path("tests/quality/folds")
TREES = 140
_PROCESSES = 2
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_MOST_LINES = 4_000
_LONG = 80
"""Words above which a longer line weighs no more."""
_PARAMETERS = {
    "objective": "cross_entropy",  # the share of a line's words that is wanted
    "num_leaves": LEAVES,
    "learning_rate": 0.12,
    "max_bin": 63,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "use_missing": False,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "seed": 5,
    "verbose": -1,
}
_THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5)


@dataclass(slots=True)
class Text:
    """A plain text and what of it is wanted."""

    id: str
    site: str
    fold: int
    lines: list[Line]
    span: tuple[int, int]
    gold: str
    wanted: Floats
    words: Floats
    sums: list[Sums]

    @property
    def scraped(self) -> bool:
        """Whether it is one of those that are measured."""
        return self.id.startswith("plain-")

    @property
    def weights(self) -> Floats:
        """How much each line counts: longer ones more, and those of longer texts less."""
        weight = np.minimum(self.words, _LONG) + 1.0
        weighed: Floats = (weight / np.sqrt(weight.sum()) * 20).astype(np.float32)
        return weighed

    @property
    def chars(self) -> Floats:
        return np.array([len(line.text) for line in self.lines], np.float32)

    def f1(self, kept: NDArray[np.bool_]) -> float:
        """Body F1 of the lines that are ``kept``."""
        chosen = [line.text for line, keep in zip(self.lines, kept, strict=True) if keep]
        return body_f1("\n\n".join(chosen), self.gold)


def written(page: Page, way: int) -> str:
    """A page as text. ``way`` 0: paragraphs parted by blank lines, items with bullets, other parts
    line by line; 1: line by line; 2: all parted by blank lines."""
    lines: list[str] = []
    for block in page.blocks:
        nodes = page.nodes
        tag = nodes[block.node].tag
        depth, place = 0, block.node
        while place >= 0:
            depth += nodes[place].tag == "li"
            place = nodes[place].parent
        apart = way == 2 or (
            way == 0 and (block.heading or tag in ("p", "blockquote", "figcaption", "pre"))
        )
        for number, text in enumerate(block.text.split("\n")):
            if way == 0 and depth and number == 0 and not apart:
                lines.append("  " * depth + "• " + text)
                continue
            if way == 0 and apart and number == 0:
                lines.append("")
            lines.append(text)
            if way == 2:
                lines.append("")
        if way == 0 and apart:
            lines.append("")
    return "\n".join(lines)


def read(root: Path) -> list[Text]:
    """The texts under ``root``, in the order of the files."""
    sites: dict[str, str] = {}
    with get_context("spawn").Pool(_PROCESSES) as pool:
        with gzip.open(root / "extraction.jsonl.gz") as file:
            texts = [text for text in pool.imap(_of_html, _rows(file), 8) if text is not None]
        sites = {text.id: text.site for text in texts}
        with gzip.open(root / "plaintext.jsonl.gz") as file:
            rows = [(sites.get(json.loads(row)["id"].removeprefix("plain-"), ""), row)
                    for row in _rows(file)]  # fmt: skip
        texts.extend(text for text in pool.imap(_of_text, rows, 8) if text is not None)
    return texts


def _rows(file: gzip.GzipFile) -> Iterator[bytes]:
    yield from file


def _of_html(line: bytes) -> Text | None:
    row = json.loads(line)
    if not row["id"].startswith(TAUGHT):
        return None
    try:
        page = Page(row["html"], row["url"], _NOW, row["id"])
    except PermanentError:
        return None
    way = (0, 0, 1, 2)[zlib.crc32(row["id"].encode()) % 4]
    return _text(row["id"], site_of(row["url"]), written(page, way), row["text"])


def _of_text(item: tuple[str, bytes]) -> Text | None:
    site, line = item
    row = json.loads(line)
    return _text(row["id"], site, row["content"], row["text"])


def _text(name: str, site: str, content: str, gold: str) -> Text | None:
    lines = lines_of(storable(content))
    if not lines or len(lines) > _MOST_LINES:
        return None
    wanted = shares([line.text for line in lines], gold)
    words = np.array([len(line.text.split()) for line in lines], np.float32)
    blocks = [Block(line.text, 0, 0, 0, 0) for line in lines]
    sums = gathered(blocks, [Node(Element("body"), -1, "body", "", False, 0, len(blocks))], wanted)
    fold = fold_of(f"https://{site}/")
    return Text(name, site, fold, lines, page_span(lines), gold, wanted, words, sums)


def fit(texts: list[Text], tables: list[Floats], trees: int = TREES) -> Forest:
    """A forest taught with ``tables``, one for each of ``texts``."""
    matrix = np.ascontiguousarray(np.hstack(tables).T)
    wanted = np.concatenate([text.wanted for text in texts])
    weights = np.concatenate([text.weights for text in texts])
    data = lightgbm.Dataset(matrix, wanted, weight=weights)
    return exported(lightgbm.train(_PARAMETERS, data, trees))


def vocabulary_of(texts: list[Text]) -> Vocabulary:
    """The words of the pages' HTML: the scraped texts would say the same again."""
    learnt = learn((text.site, text.sums) for text in texts if not text.scraped)
    return Vocabulary({}, learnt.short, learnt.middle)


def main() -> None:
    """Teach, report the F1 out of fold, and write the weights."""
    root = shared_root()
    if root is None:
        raise SystemExit("no evaluation data")
    texts = read(root)
    say(f"{len(texts)} texts, {sum(len(text.lines) for text in texts)} lines")
    judged: dict[str, Floats] = {}
    first: list[tuple[Vocabulary, Forest]] = []
    for fold in range(FOLDS):
        rest = [text for text in texts if text.fold != fold]
        vocabulary = vocabulary_of(rest)
        forest = fit(rest, [_table(text, vocabulary) for text in rest])
        first.append((vocabulary, forest))
        for text in texts:
            if text.fold == fold:
                judged[text.id] = forest.probabilities(_table(text, vocabulary))
        say(f"fold {fold}, first")
    report(texts, judged, "first")
    final: dict[str, Floats] = {}
    second: list[Forest] = []
    for fold, (vocabulary, _) in enumerate(first):
        rest = [text for text in texts if text.fold != fold]
        forest = fit(rest, [_again(text, vocabulary, judged[text.id]) for text in rest])
        second.append(forest)
        for text in texts:
            if text.fold == fold:
                final[text.id] = forest.probabilities(_again(text, vocabulary, judged[text.id]))
        say(f"fold {fold}, second")
    best = report(texts, final, "second")
    vocabulary = vocabulary_of(texts)
    every = Weights(
        vocabulary,
        fit(texts, [_table(text, vocabulary) for text in texts]),
        fit(texts, [_again(text, vocabulary, judged[text.id]) for text in texts]),
        best,
    )
    names = column_names(every)
    SHIPPED.parent.mkdir(exist_ok=True)
    FOLD_MODELS.mkdir(exist_ok=True)
    save(SHIPPED, every, names)
    for fold, (words, forest) in enumerate(first):
        save(FOLD_MODELS / f"lines-{fold}.npz", Weights(words, forest, second[fold], best), names)
    folds = {text.id: text.fold for text in texts if text.scraped}
    (FOLD_MODELS / "lines.json").write_text(json.dumps(folds, indent=0) + "\n")


def _table(text: Text, vocabulary: Vocabulary) -> Floats:
    return features(text.lines, text.span, vocabulary)[0]


def _again(text: Text, vocabulary: Vocabulary, first: Floats) -> Floats:
    return smoothed(_table(text, vocabulary), text.chars, first)


def report(texts: list[Text], judged: dict[str, Floats], name: str) -> float:
    """Tell the mean F1 of each set at each threshold; the best threshold for scraped texts."""
    best = (0.0, 0.0)
    for threshold in _THRESHOLDS:
        groups: dict[str, list[float]] = {}
        for text in texts:
            group = text.id.rsplit("-", 1)[0]
            groups.setdefault(group, []).append(text.f1(judged[text.id] >= threshold))
        figures = {group: f"{mean(values):.4f}" for group, values in groups.items()}
        say(f"{name} {threshold} {figures}")
        scraped = [mean(values) for group, values in groups.items() if group.startswith("plain-")]
        best = max(best, (mean(scraped), threshold))
    return best[1]


def say(text: str) -> None:
    """Write ``text`` with the time."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
