"""Rows and the index over their keys: what is found, what is forgotten, what it weighs."""

from __future__ import annotations

import tracemalloc
from collections import defaultdict

import numpy as np
import pytest

from services.deduplicator.index import DEPTH, KeyIndex
from services.deduplicator.rows import ROW, SEGMENT, Rows


@pytest.fixture
def random_() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("step", [1, 700, 5000])
def test_it_finds_what_a_search_of_everything_finds(
    random_: np.random.Generator, step: int
) -> None:
    """Over the tail, runs of every level and full segments, however rows are added."""
    count = 3000 if step == 1 else SEGMENT + 20_000
    keys = random_.integers(0, 400_000, (count, 3), dtype=np.uint32)
    held = random_.random((count, 3)) < 0.8
    index = KeyIndex(3)
    for start in range(0, count, step):
        index.add(start, keys[start : start + step], held[start : start + step])
    places: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row, column in zip(*np.nonzero(held), strict=True):
        places[int(column), int(keys[row, column])].append(int(row))
    first = count // 5
    found_any = 0
    for row in random_.integers(0, count, 200):
        columns, rows = index.find(keys[row], held[row], first)
        assert set(columns) <= set(np.nonzero(held[row])[0])
        for column in np.nonzero(held[row])[0]:
            true = [n for n in places[int(column), int(keys[row, column])] if n >= first]
            mine = rows[columns == column].tolist()
            assert mine == true[::-1][:DEPTH]
            found_any += len(mine)
    assert found_any > 300


def test_the_newest_are_found_of_what_thousands_share(random_: np.random.Generator) -> None:
    count = SEGMENT + 3000
    index = KeyIndex(2)
    keys = random_.integers(0, 1 << 32, (count, 2), dtype=np.uint32)
    keys[:, 0] = 7
    index.add(0, keys, np.ones((count, 2), dtype=np.bool_))
    columns, rows = index.find(keys[5], np.array([True, True]), 0)
    assert rows[columns == 0].tolist() == list(range(count - 1, count - 1 - DEPTH, -1))
    assert rows[columns == 1].tolist() == [5]


def test_an_index_without_rows_finds_nothing() -> None:
    index = KeyIndex(2)
    keys, held = np.array([1, 2], dtype=np.uint32), np.array([True, True])
    assert not len(index.find(keys, held, 0)[1])
    index.add(0, keys[None], held[None])
    assert not len(index.find(keys, ~held, 0)[1])
    assert index.find(keys, held, 0)[1].tolist() == [0, 0]
    assert not len(index.find(keys, held, 1)[1])


def filled(rows: Rows, count: int, *, step: int = 10_000) -> None:
    end = rows.end + count
    for start in range(rows.end, end, step):
        numbers = np.arange(start, min(start + step, end))
        made = np.zeros(len(numbers), dtype=ROW)
        made["time"] = numbers
        made["size"] = numbers % 1000
        rows.add(made, numbers * 3)


def test_rows_are_found_by_number_and_by_offset() -> None:
    rows = Rows()
    assert rows.at_offset(0) is None
    count = SEGMENT * 2 + 5
    filled(rows, count)
    assert len(rows) == count
    for number in (0, 1, SEGMENT - 1, SEGMENT, SEGMENT * 2, count - 1):
        assert rows[number]["time"] == number
        assert rows.offset(number) == number * 3
        assert rows.at_offset(number * 3) == number
        assert rows.at_offset(number * 3 + 1) is None
    numbers = np.array([SEGMENT * 2, 3, SEGMENT + 1])
    assert rows.take(numbers, "size").tolist() == (numbers % 1000).tolist()
    rows.touch(SEGMENT)["revision"] = 9
    assert rows[SEGMENT]["revision"] == 9
    assert [first for first, _ in rows.since(SEGMENT + 5)] == [SEGMENT * 2, SEGMENT]


def test_rows_are_forgotten_from_the_front_and_segments_given_back() -> None:
    rows = Rows()
    filled(rows, SEGMENT * 2 + 10)
    rows.forget(99)
    assert (rows.first, len(rows.segments)) == (100, 3)
    assert rows.at_offset(99 * 3) is None
    rows.forget(50)
    assert rows.first == 100
    rows.forget(SEGMENT)
    assert (rows.first, len(rows.segments)) == (SEGMENT + 1, 2)
    assert rows[SEGMENT + 1]["time"] == SEGMENT + 1
    rows.forget(10**9)
    assert len(rows) == 0
    filled(rows, 3)
    assert rows[rows.end - 1]["time"] == rows.end - 1


def test_memory_of_a_remembered_row(random_: np.random.Generator) -> None:
    """600 bytes are the goal for everything; this is what is there whatever the text."""
    count = SEGMENT * 2
    tracemalloc.start()
    rows, index = Rows(), KeyIndex(34)
    filled(rows, count, step=SEGMENT)
    for start in range(0, count, SEGMENT):
        keys = random_.integers(0, 1 << 32, (SEGMENT, 34), dtype=np.uint32)
        index.add(start, keys, np.ones(keys.shape, dtype=np.bool_))
        del keys
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / count < 540
