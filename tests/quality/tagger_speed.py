"""How fast the tagger is and what memory it takes, in a process that does nothing else.

``python -m tests.quality.tagger_speed`` reads articles as ``news.articles`` has them, one a line,
and prints the figures as JSON. Loading is not counted in time, but it is in memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from services.tagger.settings import TaggerSettings
from services.tagger.stage import Tag
from shared.events import Article, Message
from shared.settings import load_settings
from shared.testing.builders import build
from tests.quality.table import Row

_WORDS: Final = 600
_NEAR: Final = (450, 750)
"""Words of the articles that are taken; the figure is for 600."""
_SPACY: Final = ("spaCy sm, 10,000 words/s (published)", 10_000 / _WORDS)
_MB: Final = 1_000_000


class Figures(NamedTuple):
    """What a process took: seconds of processor time for some articles, bytes at its peak."""

    seconds: float
    peak: int


def words(text: str) -> int:
    """The words of ``text``; marks that stand alone, as in text cut in tokens, are none."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def of_news_length(texts: Iterable[str]) -> list[str]:
    """Those of ``texts`` that are about as long as an article of news."""
    return [text for text in texts if _NEAR[0] <= words(text) <= _NEAR[1]]


def measured(lines: Iterable[bytes], tag: Tag) -> Figures:
    """``tag`` on the articles of ``lines``, from message to message: JSON is read and written.
    The first is tagged once more before, uncounted: with it everything is loaded."""
    messages = [Message(line) for line in lines]
    tag(messages[0])
    began = time.process_time()
    for message in messages:
        tag(message)
    return Figures(time.process_time() - began, _peak())


def _peak() -> int:
    """The largest resident memory of this process so far, in bytes.

    Linux tells it of this program; what ``getrusage`` tells is there also that of the process
    which started it.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        # In bytes on macOS.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if "VmHWM" in line)


def speed(texts: Sequence[str]) -> Iterator[Row]:
    """Articles of 600 words per second of one core, and memory, on ``texts`` in a fresh process;
    nothing where there are no texts.

    Raises :class:`subprocess.CalledProcessError` when it fails.
    """
    if not texts:
        return
    articles = [build(Article, text, title="", language="en").encode() for text in texts]
    done = subprocess.run(
        [sys.executable, "-m", "tests.quality.tagger_speed"],
        input=b"\n".join(articles),
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    figures = Figures(**json.loads(done.stdout))
    rate = sum(map(words, texts)) / _WORDS / figures.seconds
    data = f"worldwide, {_NEAR[0]} to {_NEAR[1]} words"
    measure = "articles of 600 words/s of a core, goal 15"
    yield Row(data, measure, rate, *_SPACY, len(texts))
    yield Row(data, "resident MB, goal 500 or less", figures.peak / _MB, "", None, len(texts))


def main() -> None:
    """Tag the articles of standard input and print the figures."""
    lines = sys.stdin.buffer.read().splitlines()
    print(json.dumps(measured(lines, Tag(load_settings(TaggerSettings)))._asdict()))


if __name__ == "__main__":
    main()
