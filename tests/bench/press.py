"""A simulated press: what an article takes of the deduplicator, from 100 thousand to 2 million.

Fingerprints are drawn, not made of texts, at an even pace over one window by a simulated clock,
with planted copies and planted reports of one event. An instance reads the log of them, as one that
starts does (fingerprints and verdicts), then decides the last ones itself. Each size is measured in
a process of its own, in which nothing else was held before.
"""

from __future__ import annotations

import gc
import multiprocessing
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from services.deduplicator import verdicts
from services.deduplicator.decider import Decider
from services.deduplicator.entry import ENTRY, NO_DATE, sealed
from services.deduplicator.follower import Follower
from services.deduplicator.sizes import ANCHORS, DIMENSIONS, SPUN_KEYS, TERMS
from services.deduplicator.sketch import NEAR_KEYS, SLOTS
from services.deduplicator.snapshot import Snapshot
from services.deduplicator.verdicts import KINDS, VERDICT
from shared.runtime.ports import LogEntry

SIZES: Final = (100_000, 500_000, 1_000_000, 2_000_000)
QUICK: Final = (4_000, 6_000)
WINDOW_DAYS: Final = 30
DECIDED: Final = 2_000
"""Articles at the end that are decided, not taken over."""
_BLOCK: Final = 500
"""Articles that one batch of an instance has: their verdicts stand in one entry."""
_COPIES: Final = 0.2
_REPORTS: Final = 0.3
_BEGIN: Final = 1_700_000_000_000
_WINDOW_MS: Final = WINDOW_DAYS * 86_400_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What one size took."""

    articles: int
    bytes_each: float
    """Growth of the process for each remembered article."""
    log_bytes: float
    caught_up: float
    """Articles taken over in a second."""
    decided: float
    """Articles decided in a second."""
    found: float
    """Share of the planted copies among these that were found, with the right original."""
    wrong: int
    """Articles among these that were called copies and are none."""
    saved_seconds: float
    loaded_seconds: float


class Press:
    """Draws fingerprints in blocks; the truth about each is told with it."""

    def __init__(self, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._last: npt.NDArray[np.void] | None = None
        self._stories: npt.NDArray[np.void] | None = None

    def block(self, count: int) -> tuple[npt.NDArray[np.void], npt.NDArray[np.void]]:
        """Records of :data:`ENTRY`, and the story of each by its founder's id.

        A copy has the title hash of its original's place in the block before, plus one; 0 for none.
        """
        random = self._random
        made = np.zeros(count, dtype=ENTRY)
        made["article"] = _drawn(random, count, 17)
        made["content"] = _drawn(random, count, 16)
        made["size"] = random.integers(100, 900, count)
        made["published"] = NO_DATE
        made["keys"] = random.integers(0, 1 << 32, (count, NEAR_KEYS), dtype=np.uint32)
        made["slots"] = random.integers(0, 256, (count, SLOTS), dtype=np.uint8)
        made["spun_keys"] = random.integers(1, 1 << 32, (count, SPUN_KEYS), dtype=np.uint32)
        made["anchors"] = random.integers(1, 1 << 15, (count, ANCHORS), dtype=np.uint16)
        made["embedding"] = random.integers(-20, 21, (count, DIMENSIONS), dtype=np.int8)
        # Words are as common as in print: the one of rank r in every r-th place (Zipf).
        ranks = np.exp(random.random((count, TERMS - 1)) * np.log(3e5)).astype(np.uint32)
        made["terms"][:, 1:] = ranks * np.uint32(2654435761) & ~np.uint32(1) | np.uint32(2)
        stories = made["article"].copy()
        if self._last is not None and self._stories is not None:
            self._plant(made, stories)
        self._last, self._stories = made, stories
        return made, stories

    def _plant(self, made: npt.NDArray[np.void], stories: npt.NDArray[np.void]) -> None:
        random, last, before = self._random, self._last, self._stories
        assert last is not None
        assert before is not None
        drawn = random.random(len(made))
        of = random.integers(0, len(last), len(made))
        copies = (drawn < _COPIES) & (last["title"][of] == 0)
        made["title"][copies] = of[copies] + 1
        for name, share in (("keys", 0.5), ("slots", 0.5)):
            same = random.random(made[name].shape) < share
            made[name] = np.where(same & copies[:, None], last[name][of], made[name])
        made["size"] = np.where(copies, last["size"][of], made["size"])
        reports = copies | (drawn < _COPIES + _REPORTS)
        same = random.random(made["terms"].shape) < np.where(copies, 0.9, 0.5)[:, None]
        made["terms"] = np.where(same & reports[:, None], last["terms"][of], made["terms"])
        made["embedding"] = np.where(reports[:, None], last["embedding"][of], made["embedding"])
        stories[reports] = before[of[reports]]


def _drawn(random: np.random.Generator, count: int, width: int) -> npt.NDArray[np.void]:
    return np.frombuffer(random.bytes(count * width), f"V{width}")


def measure(articles: int) -> Taken:
    """Run one size in this process."""
    press, follower = Press(), Follower(Decider(_WINDOW_MS))
    step = _WINDOW_MS / articles
    before = _resident()
    offset, done, log_bytes, spent = 0, 0, 0, 0.0
    previous = np.zeros(0, dtype=VERDICT)
    while done < articles - DECIDED:
        made, stories = press.block(_BLOCK)
        told = _told(made, stories, previous, offset, done, step)
        times = (_BEGIN + (np.arange(done, done + _BLOCK) * step)).astype(np.int64).tolist()
        values = [sealed(record) for record in made]
        values.append(verdicts.encode(told))
        entries = [
            LogEntry(0, offset + place, times[min(place, _BLOCK - 1)], b"", value)
            for place, value in enumerate(values)
        ]
        log_bytes += sum(map(len, values))
        began = time.process_time()
        for entry in entries:
            follower.read(entry)
        while follower.advance(live=False, most=1):
            pass
        spent += time.process_time() - began
        offset, done, previous = offset + len(values), done + _BLOCK, told
    caught_up = done / spent
    decided, found, wrong = _decided(press, follower, offset, done, step)
    gc.collect()
    size = len(follower.decider)
    each = (_resident() - before) / size
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        Snapshot.at(Path(folder)).save(follower)
        saved = time.perf_counter() - began
        other = Follower(Decider(_WINDOW_MS))
        began = time.perf_counter()
        assert Snapshot.at(Path(folder)).load(other)
        loaded = time.perf_counter() - began
        assert len(other.decider) == size
    return Taken(articles, each, log_bytes / done, caught_up, decided, found, wrong, saved, loaded)


def _told(
    made: npt.NDArray[np.void],
    stories: npt.NDArray[np.void],
    previous: npt.NDArray[np.void],
    offset: int,
    done: int,
    step: float,
) -> npt.NDArray[np.void]:
    """The verdicts of a block, as planted."""
    told = np.zeros(len(made), dtype=VERDICT)
    told["cause"] = told["row"] = offset + np.arange(len(made))
    told["first_seen"] = _BEGIN + (np.arange(done, done + len(made)) * step)
    told["version"] = told["first_seen"] << 20
    told["revision"] = 1
    told["group"], told["story"] = made["article"], stories
    copies = made["title"] > 0
    of = made["title"][copies].astype(np.intp) - 1
    told["kind"][copies] = KINDS.index("near")
    told["of"][copies] = told["group"][copies] = previous["group"][of]
    return told


def _decided(
    press: Press, follower: Follower, offset: int, done: int, step: float
) -> tuple[float, float, int]:
    """Articles decided in a second, the share of copies found, and how many are none."""
    made, _ = press.block(DECIDED)
    rows = follower.decider.rows
    before = [int(rows.at_offset(offset - _BLOCK - 1 + place) or 0) for place in range(_BLOCK)]
    entries = [
        LogEntry(0, offset + place, int(_BEGIN + (done + place) * step), b"", sealed(record))
        for place, record in enumerate(made)
    ]
    began = time.process_time()
    for entry in entries:
        follower.read(entry)
        follower.advance(live=True, most=1)
    seconds = time.process_time() - began
    right = planted = wrong = 0
    for record, entry in zip(made, entries, strict=True):
        number = rows.at_offset(entry.offset)
        assert number is not None
        copy = KINDS[rows[number]["kind"]] != "none"
        if not record["title"]:
            wrong += copy
            continue
        planted += 1
        original = rows[before[int(record["title"]) - 1]]
        right += bool(copy and rows[number]["of"] == original["article"])
    return DECIDED / seconds, right / max(planted, 1), wrong


def carried_on(taken: Taken, a_day: int = 1_000_000) -> str:
    """What ``a_day`` articles for the whole window take, on paper, at the largest size's rates."""
    count = a_day * WINDOW_DAYS
    return (
        f"Carried on to {a_day:,} articles a day for {WINDOW_DAYS} days ({count:,}), on paper: "
        f"{count * taken.bytes_each / 1e9:.1f} GB of memory for each instance, "
        f"{count * taken.log_bytes / 1e9:.1f} GB of log for each replica, "
        f"{a_day / 86_400:.1f} decisions/s needed of each, "
        f"{count / taken.caught_up / 60:.0f} min to catch up from the log, "
        f"{count / taken.articles * taken.loaded_seconds / 60:.1f} min from a snapshot."
    )


def _resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def run(sizes: tuple[int, ...]) -> list[Taken]:
    """Each size in a process of its own."""
    context = multiprocessing.get_context("spawn")
    taken = []
    for size in sizes:
        with context.Pool(1) as pool:
            taken.append(pool.apply(measure, (size,)))
    return taken
