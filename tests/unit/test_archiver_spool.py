"""The spool and the way out of it: nothing is lost to a crash, a full disk or a server away."""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from services.archiver.archive import Archive
from services.archiver.settings import ArchiverSettings
from services.archiver.spool import Spool
from services.archiver.stage import ArchivePublisher, ArchiveStage
from services.archiver.uploads import Target, move_finished
from services.archiver.warc_reader import Record, message_of, read
from services.archiver.warc_writer import encode
from shared.errors import SettingsError, TransientError
from shared.events import Message
from shared.runtime.stage import Emit, Reject

HOUR = 3600.0


class Clock:
    """Time that the test moves; Unix seconds."""

    now = 1_767_323_045.0

    def __call__(self) -> float:
        return self.now


def message(number: int) -> Message:
    headers = (("ce_filename", b"%d.txt" % number), ("ce_time", b"2026-01-01T00:00:00Z"))
    return Message(b"text %d " % number * 20, b"%d" % number, headers)


def records(first: int, last: int) -> list[bytes]:
    return [encode(message(number)) for number in range(first, last)]


def values(folder: Path) -> list[bytes]:
    """What stands in the finished files of a folder, in the order of their names."""
    found = []
    for path in sorted(folder.glob("*.warc.gz")):
        with path.open("rb") as file:
            for record in read(file):
                assert isinstance(record, Record)
                back = message_of(record)
                found += [back.value or b""] if back else []
    return found


def expected(first: int, last: int) -> list[bytes]:
    return [message(number).value or b"" for number in range(first, last)]


def test_files_are_finished_by_size_and_by_age(tmp_path: Path) -> None:
    clock = Clock()
    spool = Spool(tmp_path, 2_000, HOUR, clock)
    for number in range(0, 20, 2):
        spool.append(records(number, number + 2))
    assert len(spool.finished()) >= 2
    assert all(path.stat().st_size < 3_500 for path in spool.finished())
    finished = len(spool.finished())
    spool.rotate()
    assert len(spool.finished()) == finished
    clock.now += HOUR
    spool.rotate()
    assert len(spool.finished()) == finished + 1
    assert values(tmp_path) == expected(0, 20)


def test_names_sort_by_time_and_no_two_instances_share_one(tmp_path: Path) -> None:
    clock = Clock()
    spools = [Spool(tmp_path, 1, HOUR, clock) for _ in range(3)]
    for step in range(3):
        for spool in spools:
            spool.append(records(step, step + 1))
            spool.rotate(now=True)
        clock.now += 0.001
    names = [path.name for path in spools[0].finished()]
    assert len(names) == 9
    assert [name[:26] for name in names[::3]] == [
        "wireroom-20260102030405000",
        "wireroom-20260102030405001",
        "wireroom-20260102030405002",
    ]
    assert values(tmp_path) == sorted(expected(0, 3) * 3)


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_crash_leaves_what_is_whole(tmp_path: Path, cut: int) -> None:
    killed = Spool(tmp_path, 1 << 20, HOUR)
    killed.append(records(0, 5))
    killed.append(records(5, 6))
    (path,) = tmp_path.glob("*.open")
    os.truncate(path, path.stat().st_size - cut)
    assert Spool(tmp_path, 1, HOUR).finished() == []
    _forget(killed)
    after = Spool(tmp_path, 1 << 20, HOUR)
    after.recover()
    assert list(tmp_path.glob("*.open")) == []
    assert values(tmp_path) == expected(0, 5)


def test_a_file_without_a_record_is_not_kept(tmp_path: Path) -> None:
    killed = Spool(tmp_path, 1 << 20, HOUR)
    killed.append([])
    _forget(killed)
    Spool(tmp_path, 1 << 20, HOUR).recover()
    assert list(tmp_path.iterdir()) == []


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _forget(spool: Spool) -> None:
    """As the end of the process would: the lock goes, the file stays."""
    assert spool._file is not None
    spool._file.close()
    spool._file = None


def test_what_another_instance_writes_is_left_alone(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, 1 << 20, HOUR), Spool(tmp_path, 1 << 20, HOUR)
    first.append(records(0, 2))
    second.recover()
    first.append(records(2, 3))
    first.rotate(now=True)
    assert values(tmp_path) == expected(0, 3)


def test_a_full_disk_loses_nothing_and_leaves_no_half_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, 1 << 20, HOUR)
    spool.append(records(0, 2))
    real = os.fsync

    def full(handle: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TransientError, match="No space left"):
        spool.append(records(2, 4))
    spool.append(records(2, 4))  # the runner's retry
    spool.rotate(now=True)
    assert values(tmp_path) == expected(0, 4)


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    yield fs
    fs.store.clear()


def test_a_file_goes_away_when_it_is_at_its_place(
    tmp_path: Path, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, 1 << 20, HOUR)
    spool.append(records(0, 3))
    spool.rotate(now=True)
    (name,) = [path.name for path in spool.finished()]
    target = Target("memory://bucket/news")

    def half(self: Any, local: str, place: str) -> None:
        with self.open(place, "wb") as file:
            file.write(Path(local).read_bytes()[:100])

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "put_file", half)
        with pytest.raises(TransientError, match="100 bytes there"):
            move_finished(spool, target)
        assert [path.name for path in spool.finished()] == [name]
    whole = spool.finished()[0].read_bytes()
    assert move_finished(spool, target) == 1
    assert spool.finished() == []
    assert memory.cat(f"/bucket/news/{name}") == whole


def test_two_movers_do_not_meet(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 1, HOUR)
    for number in range(30):
        spool.append(records(number, number + 1))
    spool.rotate(now=True)
    target = Target(str(tmp_path / "kept"))
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(move_finished(spool, target)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 30
    assert values(tmp_path / "kept") == expected(0, 30)
    assert [path for path in (tmp_path / "kept").iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("url", ["nonsense://x", "s3://bucket"])
def test_a_url_that_cannot_be_used_is_told_by_its_variable(url: str) -> None:
    if url.startswith("s3") and importlib.util.find_spec("s3fs"):
        pytest.skip("s3fs is installed")
    with pytest.raises(SettingsError, match=f"WIREROOM_ARCHIVER_URL={url}"):
        Target(url)


def settings(folder: Path, url: str = "") -> ArchiverSettings:
    return ArchiverSettings(url=url or str(folder / "kept"), spool=folder / "spool")


async def test_the_service_keeps_what_it_reads(tmp_path: Path) -> None:
    stage = ArchiveStage("archiver", on=True)
    outputs = ArchivePublisher(settings(tmp_path))
    await stage.wait_ready()
    await outputs.start()
    outcomes = await stage.process([message(n) for n in range(3)])
    emits = [outcome for some in outcomes for outcome in some if isinstance(outcome, Emit)]
    assert await outputs.publish(emits) == [None] * 3
    await outputs.stop()
    assert values(tmp_path / "kept") == expected(0, 3)
    assert _names(tmp_path / "spool") == []


async def test_headers_that_are_too_large_are_refused_by_message(tmp_path: Path) -> None:
    large = Message(b"x", headers=(("h", b"x" * (1 << 20)),))
    (good,), (bad,) = await ArchiveStage("archiver", on=True).process([message(1), large])
    assert isinstance(good, Emit)
    assert isinstance(bad, Reject)
    assert bad.reason == "headers_too_large"


async def test_without_a_url_the_service_waits_and_takes_nothing(tmp_path: Path) -> None:
    stage = ArchiveStage("archiver", on=False)
    outputs = ArchivePublisher(ArchiverSettings(url="", spool=tmp_path / "spool"))
    await outputs.start()
    waiting = asyncio.ensure_future(stage.wait_ready())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert stage.ready()  # healthy: it is meant to be so
    waiting.cancel()
    await outputs.stop()
    assert _names(tmp_path) == []


def test_what_could_not_be_moved_is_moved_by_the_next_run(tmp_path: Path) -> None:
    blocked = tmp_path / "kept"
    blocked.write_text("a file where the folder should be")
    archive = Archive(settings(tmp_path))
    archive.open()
    archive.keep(records(0, 3))
    archive.close()
    assert values(tmp_path / "spool") == expected(0, 3)
    blocked.unlink()
    archive = Archive(settings(tmp_path))
    archive.open()
    archive.close()
    assert values(blocked) == expected(0, 3)
    assert list((tmp_path / "spool").iterdir()) == []


_PROGRAM = """
import os, sys
from pathlib import Path
from services.archiver.spool import Spool
from tests.unit.test_archiver_spool import records
spool = Spool(Path(sys.argv[1]), 1 << 30, 3600)
number = 0
while True:
    spool.append(records(number, number + 3))
    number += 3
    print(number, flush=True)
"""


def test_kill_9_loses_nothing_that_was_said_to_be_safe(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) >= 60:
                process.kill()
                break
        safe = max([60, *map(int, process.stdout.read().split())])
    Spool(tmp_path, 1 << 20, HOUR).recover()
    kept = values(tmp_path)
    assert len(kept) >= safe
    assert kept == expected(0, len(kept))
