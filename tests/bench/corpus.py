"""What the bench feeds: the same messages to the stages, to the peer and to the whole flows."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.errors import PermanentError
from shared.events import Article, Envelope, Message
from shared.runtime.stage import Emit
from tests.shared_data import ROOT, shared_root

_PAGES = "extraction.jsonl.gz"
_SAMPLES = ROOT / "deploy" / "samples"
_RECEIVED_MS = 1_793_491_200_000  # 1 November 2026: after all pages were collected
_PROCESSES = 2
_SPARE = 1.2  # more pages than asked for are tried: some are no article, or the same one again


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it is dropped. ``article_id`` is what it becomes."""

    url: str
    html: str
    article_id: str

    @property
    def message(self) -> Message:
        """The page as a message of ``news.ingest``."""
        return message_of(self.url, self.html)


def message_of(url: str, html: str) -> Message:
    """A page with its URL and type in the headers, as a crawler drops it."""
    envelope = Envelope(url=url, content_type="text/html")
    return Message(
        html.encode("utf-8", "replace"), None, envelope.headers(), "", 0, 0, _RECEIVED_MS
    )


@dataclass(frozen=True, slots=True)
class Corpus:
    """Pages that become articles, each another one. ``name`` says what they are."""

    name: str
    pages: list[Page]

    @property
    def kilobytes(self) -> float:
        """Mean size of a page's text, in thousands of characters."""
        return sum(len(page.html) for page in self.pages) / max(1, len(self.pages)) / 1000


def load(count: int) -> Corpus:
    """At most ``count`` pages: real ones where the evaluation data is, else the shipped samples.

    Pages are spread evenly over the data. Those that the cleaner refuses, and those that become an
    article that another page became already, are left out, so that each one dropped is one found.
    """
    root = shared_root()
    if root is not None:
        name, raw = f"real pages of {_PAGES}", _real(root / _PAGES, int(count * _SPARE) + 8)
    else:
        name, raw = "pages of deploy/samples, repeated under other addresses", _samples(count)
    pages: dict[str, Page] = {}
    context = get_context("spawn")
    with ProcessPoolExecutor(_PROCESSES, mp_context=context) as pool:
        for (url, html), identity in zip(raw, pool.map(_identity, raw, chunksize=8), strict=True):
            if identity is not None:
                pages.setdefault(identity, Page(url, html, identity))
    return Corpus(name, list(islice(pages.values(), count)))


def _real(path: Path, count: int) -> list[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        total = sum(1 for _ in lines)
    step = max(1, total // count)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        # The rest after the even steps, so that asking for more than a half still gives all.
        order = [*range(0, total, step), *(n for n in range(total) if n % step)][:count]
        wanted = dict.fromkeys(order, ("", ""))
        for number, line in enumerate(lines):
            if number in wanted:
                row = json.loads(line)
                wanted[number] = (row["url"], row["html"])
    return list(wanted.values())


def _samples(count: int) -> list[tuple[str, str]]:
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in _html_samples()]
    return [
        (f"https://copy-{number}.example/{number}", texts[number % len(texts)])
        for number in range(int(count * _SPARE) + 8)
    ]


def _html_samples() -> Iterator[Path]:
    return iter(sorted(_SAMPLES.glob("*.html")))


def _identity(page: tuple[str, str]) -> str | None:
    """The id of the article that a page becomes; ``None`` where it becomes none, or several."""
    articles = []
    try:
        for document in Fetch(FetcherSettings())(message_of(*page)):
            if not isinstance(document, Emit):
                return None
            message = Message(document.value, document.key, document.headers)
            articles += [o for o in Clean(CleanerSettings())(message) if isinstance(o, Emit)]
    except PermanentError:
        return None
    return Article.decode(articles[0].value).article_id if len(articles) == 1 else None
