"""The banded window: what it finds, what it forgets, what it weighs."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from services.deduplicator.decider import Decider
from services.deduplicator.fingerprint import Fingerprint
from services.deduplicator.sketch import SLOTS, Sketch, Slots
from services.deduplicator.window import DEPTH, SketchWindow
from shared.text import stable_id


@pytest.fixture
def random_() -> np.random.Generator:
    return np.random.default_rng(7)


def drawn(random_: np.random.Generator) -> Slots:
    return random_.integers(0, 1 << 32, SLOTS, dtype=np.uint32)


def like(random_: np.random.Generator, slots: Slots, share: float) -> Slots:
    """A sketch of which ``share`` of the slots equal those of ``slots``."""
    return np.where(random_.random(SLOTS) < share, slots, drawn(random_))


def test_alike_sketches_are_found_also_after_growth(random_: np.random.Generator) -> None:
    window = SketchWindow()
    sketches = [drawn(random_) for _ in range(5000)]
    assert [window.add(slots) for slots in sketches] == list(range(5000))
    for row in range(0, 5000, 250):
        found = window.candidates(like(random_, sketches[row], 0.5))
        assert row in found
        assert len(found) < 4
        assert window.equal_slots(sketches[row], np.array([row, (row + 1) % 5000]))[0] == SLOTS
    assert len(window.candidates(drawn(random_))) < 4


def test_forgotten_rows_are_not_found_and_their_memory_is_used_again(
    random_: np.random.Generator,
) -> None:
    window = SketchWindow()
    template = drawn(random_)
    rows = [window.add(like(random_, template, 0.6)) for _ in range(3)]
    assert set(rows) <= set(window.candidates(template).tolist())
    for _ in range(20_000):
        window.add(drawn(random_))
        if len(window) > 900:
            window.forget()
    assert not len(window.candidates(template))
    assert len(window) == 900
    assert len(window._slots) == 1024


def test_a_template_that_many_share_is_searched_to_a_bound(random_: np.random.Generator) -> None:
    window = SketchWindow()
    template = drawn(random_)
    for _ in range(1000):
        window.add(template)
    assert window.candidates(template).tolist() == list(range(1000 - DEPTH, 1000))


def test_memory_of_a_remembered_article(random_: np.random.Generator) -> None:
    """At 2,000 articles: sketch, index, identity and decision."""
    decider = Decider(window_ms=1000)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    count = 2000
    for number in range(count):
        fingerprint = Fingerprint(
            stable_id(str(number)), number.to_bytes(32, "big"), Sketch(drawn(random_), 300, 0)
        )
        decider.decide(fingerprint, number, 1_700_000_000_000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(decider) == count
    assert (after - before) / count < 3000
    # A thousand milliseconds later everything but the newest is forgotten.
    last = Fingerprint("last", bytes(32), Sketch(drawn(random_), 300, 0))
    decider.decide(last, count, 1_700_000_001_000)
    assert len(decider) == 1
