"""Calls of many tasks that go together."""

from __future__ import annotations

import asyncio

import pytest

from shared.runtime.together import Together


class Slow:
    """Doubles numbers, one group at a time, and only when it is let."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.under_way = 0
        self.go = asyncio.Event()

    async def __call__(self, items: list[int]) -> list[int]:
        self.groups.append(list(items))
        self.under_way += 1
        assert self.under_way == 1
        await self.go.wait()
        await asyncio.sleep(0)
        self.under_way -= 1
        if 13 in items:
            raise ZeroDivisionError
        return [2 * item for item in items]


def weigh(item: int) -> int:
    return item


async def test_what_comes_meanwhile_goes_together_in_order() -> None:
    slow = Slow()
    together = Together(slow, weigh=weigh)
    calls = [asyncio.create_task(together([n, 100 + n])) for n in range(4)]
    await asyncio.sleep(0.01)
    calls.append(asyncio.create_task(together([9])))
    calls.append(asyncio.create_task(together([])))
    await asyncio.sleep(0.01)
    slow.go.set()
    assert await asyncio.gather(*calls) == [*([2 * n, 200 + 2 * n] for n in range(4)), [18], []]
    assert slow.groups == [[0, 100, 1, 101, 2, 102, 3, 103], [9]]


async def test_a_group_is_bounded_by_weight() -> None:
    slow = Slow()
    slow.go.set()
    together = Together(slow, weigh=weigh, max_weight=10)
    await asyncio.gather(*(together([n]) for n in (4, 6, 1, 50, 9, 1)))
    assert slow.groups == [[4, 6], [1], [50], [9, 1]]


async def test_an_error_meets_its_own_group_alone() -> None:
    slow = Slow()
    slow.go.set()
    together = Together(slow, weigh=weigh, max_weight=15)
    calls = [asyncio.create_task(together([n])) for n in (1, 13, 2)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in found] == [ZeroDivisionError, ZeroDivisionError, list]
    assert await together([3]) == [6]


async def test_who_gives_up_does_not_take_the_others_along() -> None:
    slow = Slow()
    together = Together(slow, weigh=weigh)
    calls = [asyncio.create_task(together([n])) for n in range(3)]
    await asyncio.sleep(0.01)
    calls[1].cancel()
    slow.go.set()
    await together.flush()
    assert [await calls[0], await calls[2]] == [[0], [4]]
    with pytest.raises(asyncio.CancelledError):
        await calls[1]
    assert slow.groups == [[0, 1, 2]]
