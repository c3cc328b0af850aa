"""The cleaner and its peers, asked for the same of one page."""

from __future__ import annotations

import json
import time
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from services.cleaner.extracted import Extracted
from services.cleaner.markup.article import extract_html
from services.cleaner.markup.model import Weights, load
from services.cleaner.plain.article import extract_text
from shared.errors import PermanentError
from training.sites import FOLDS, fold_of

PEER = "trafilatura 2.3.1"
NEWSPAPER = "newspaper4k 0.9.6"
PAGE_AS_IT_IS = "page as it is"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
"""After all pages were collected."""


@dataclass(slots=True)
class Answer:
    """What one extractor says of one page, and the CPU seconds it took."""

    text: str = ""
    title: str = ""
    authors: list[str] = field(default_factory=list)
    day: str = ""
    seconds: float = 0.0


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


def load_folds() -> None:
    """Load all weights that :func:`ours` may use."""
    for fold in range(FOLDS):
        _of_fold(fold)
    for fold in set(_line_folds().values()):
        _lines_of_fold(fold)


def ours(row: dict[str, Any]) -> Answer:
    """The cleaner's answer."""
    started = time.process_time()
    url = row.get("url")
    try:
        if "html" in row:
            weights = _unseen(row)
            found = extract_html(row["html"], url=url, now=NOW, name=row["id"], weights=weights)
        else:
            weights = _unseen_lines(row)
            found = extract_text(row["content"], url=url, now=NOW, name=row["id"], weights=weights)
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
