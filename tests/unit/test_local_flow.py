"""The embedded flow: what is submitted is finished once, whatever comes between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.local.flow import LocalFlow, Report
from services.local.results import Results
from shared.errors import StoreError
from shared.events import Message
from shared.runtime.local_broker import connect
from shared.runtime.stage import Emit
from tests.shared_data import ROOT

BODY = (
    "The harbour council of Veldmark agreed on plan number {n} late on Tuesday. "
    "Fishermen number {n} had asked for a deeper basin near the old lighthouse. "
    "Work on section {n} begins in spring and lasts until the {n}th boat can moor there. "
    "The mayor thanked everyone who had written to office {n} about it."
)


def article(n: int) -> Message:
    text = f"Veldmark decides on basin {n}\n\n" + "\n\n".join(
        " ".join(f"{word}{n}" if len(word) > 6 else word for word in BODY.format(n=n).split())
        for _ in range(2)
    )
    return Message(text.encode(), None, (("filename", b"story-%d.txt" % n),))


BROKEN = Message(b"\x00\x01\x02\xff\xfe\x07" * 50, None, (("filename", b"noise.bin"),))


async def work(store: Path, messages: list[Message]) -> Report:
    async with LocalFlow(store, workers=1) as flow:
        await flow.submit(messages)
        return await flow.drain(lambda progress: None)


def told(report: Report) -> dict[str, list[str]]:
    return {item.filename: [o.status for o in item.outcomes] for item in report.items}


def stored(store: Path) -> list[str]:
    connection = connect(store)
    try:
        rows = connection.execute("SELECT title FROM search_articles ORDER BY title").fetchall()
        return [title for (title,) in rows]
    finally:
        connection.close()


def rejected(store: Path) -> int:
    connection = connect(store)
    try:
        row = connection.execute(
            "SELECT count(*) FROM broker_records WHERE topic = 'news.rejected'"
        ).fetchone()
        return int(row[0])
    finally:
        connection.close()


async def test_submitted_twice_is_unchanged_and_refused_again_is_told_once(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    inputs = [article(1), article(2), BROKEN]
    first = told(await work(store, inputs))
    assert first == {
        "story-1.txt": ["accepted"],
        "story-2.txt": ["accepted"],
        "noise.bin": ["rejected"],
    }
    second = told(await work(store, inputs))
    assert second == {
        "story-1.txt": ["unchanged"],
        "story-2.txt": ["unchanged"],
        "noise.bin": ["rejected"],
    }
    assert len(stored(store)) == 2
    assert rejected(store) == 1, "the refusal of the first run gave way to that of the second"


async def test_a_full_disk_while_submitting_leaves_nothing_that_is_refused_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store.db"
    inputs = [BROKEN, article(1)]
    remember = Results._remember

    def full(self: Results, emit: Emit) -> None:
        if emit.value != BROKEN.value:
            raise StoreError("database or disk is full")
        remember(self, emit)

    with monkeypatch.context() as patched:
        patched.setattr(Results, "_remember", full)
        with pytest.raises(StoreError, match="full"):
            await work(store, inputs)
    assert told(await work(store, inputs)) == {
        "noise.bin": ["rejected"],
        "story-1.txt": ["accepted"],
    }
    assert rejected(store) == 1
    assert len(stored(store)) == 1


async def test_one_store_has_one_flow(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    async with LocalFlow(store, workers=1) as flow:
        with pytest.raises(StoreError, match="in use"):
            async with LocalFlow(store, workers=1):
                raise AssertionError("not reached")
        assert (await flow.drain(lambda progress: None)).items == []
    async with LocalFlow(store, workers=1):
        pass


async def test_a_damaged_store_is_told_of_and_its_lock_given_back(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    connection = connect(store)
    connection.execute("CREATE TABLE flow_inputs (something TEXT)")
    connection.close()
    for _ in range(2):
        with pytest.raises(StoreError):
            async with LocalFlow(store, workers=1):
                raise AssertionError("not reached")


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.unit.test_local_flow import BROKEN, LocalFlow, article
async def main(store, after):
    async with LocalFlow(store, workers=1) as flow:
        await flow.submit([*map(article, range(12)), BROKEN])
        def progress(now):
            if now.done >= after:
                os.kill(os.getpid(), signal.SIGKILL)
        await flow.drain(progress)
asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


@pytest.mark.parametrize("after", [0, 5])
async def test_killed_in_mid_drain_it_resumes_with_nothing_missing_or_twice(
    tmp_path: Path, after: int
) -> None:
    store = tmp_path / "store.db"
    killed = subprocess.run(  # noqa: ASYNC221 - nothing else runs meanwhile
        [sys.executable, "-c", KILLED, str(store), str(after)],
        cwd=ROOT,
        env={**os.environ, "WIREROOM_BATCH_SIZE": "2"},
        check=False,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL
    report = told(await work(store, []))
    assert report == {f"story-{n}.txt": ["accepted"] for n in range(12)} | {
        "noise.bin": ["rejected"]
    }, "what the killed run had left over is told by the next"
    assert len(set(stored(store))) == len(stored(store)) == 12
    assert rejected(store) == 1
    assert told(await work(store, [])) == {}, "and told once"
