"""Waiting that a stop ends."""

from __future__ import annotations

import asyncio

import pytest

from shared.runtime.service import _unless


async def test_what_a_stop_interrupts_has_closed_what_it_opened() -> None:
    stop = asyncio.Event()
    opened: list[str] = []

    async def start() -> None:
        opened.append("connection")
        try:
            stop.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            opened.remove("connection")

    await _unless(stop, start())
    assert opened == []


async def test_an_error_before_the_stop_is_raised() -> None:
    async def start() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await _unless(asyncio.Event(), start())
