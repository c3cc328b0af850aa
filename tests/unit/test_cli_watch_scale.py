"""Ten thousand files at once, and all that is odd about files: each is taken once or told of."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.cli import files, watch
from services.cli.dropfolder import Disposal
from shared.errors import StoreError
from tests.unit.test_cli_watch import Bench

MANY = 10_000

_PROGRAM = """
import sys
from services.cli import sinks
from services.cli.__main__ import main
from tests.unit.cli_fakes import FakePublisher
from shared.events import Envelope
class Printing(FakePublisher):
    async def publish(self, messages):
        for m in messages:
            name = Envelope.parse(m.headers).filename
            print("GOT", name.encode().hex(), m.value.hex(), flush=True)
        return [None] * len(messages)
sinks.open_publisher = lambda settings: Printing()
sys.exit(main(["watch", sys.argv[1], "--to", "kafka", "--settle", "0.3"]))
"""

ODD = [
    "Ünïcödé.txt",
    "e\u0301 apart.txt",
    "\u00e9 in one.txt",
    "日本語のニュース.txt",
    "خبر عاجل.txt",
    "🗞️.txt",
    "new\nline.txt",
    "tab\tand 'quotes\".txt",
    " -leading.txt",
    "x" * 200 + ".txt",
    "\x1b[31mred.txt",
]


def odd_bytes(folder: Path) -> bytes:
    return os.fsencode(folder) + b"/\xff\xfe latin \xe4.txt"


def test_ten_thousand_files_at_once_are_all_accounted_for(tmp_path: Path) -> None:
    drop, outside = tmp_path / "drop", tmp_path / "outside"
    drop.mkdir()
    (outside / "folder" / "deep").mkdir(parents=True)
    expected: dict[str, bytes] = {}

    def write(path: Path, text: str) -> None:
        path.write_text(text)

    for number in range(500):
        write(outside / "folder" / "deep" / f"{number}.txt", f"in a folder {number}")
        expected[f"folder/deep/{number}.txt"] = b"in a folder %d" % number
    write(outside / "old.txt", "with an old date")
    os.utime(outside / "old.txt", (946_684_800, 946_684_800))
    expected["old.txt"] = b"with an old date"

    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(drop)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            assert process.stdout.readline().startswith("watching")
            slow = (drop / "slow.txt").open("wb")
            for number in range(MANY):
                write(drop / f"{number:05}.txt", f"text {number}")
                expected[f"{number:05}.txt"] = b"text %d" % number
                if number % 1_000 == 0:  # written all the time, by pieces
                    slow.write(b"piece ")
                    slow.flush()
            slow.close()
            expected["slow.txt"] = b"piece " * 10
            for name in ODD:
                write(drop / name, "odd")
                expected[name.strip()] = b"odd"
            Path(os.fsdecode(odd_bytes(drop))).write_bytes(b"no UTF-8")
            expected["?? latin ?.txt"] = b"no UTF-8"
            (outside / "old.txt").rename(drop / "old.txt")
            (outside / "folder").rename(drop / "folder")
            (drop / "gone.txt").symlink_to("nowhere")
            os.mkfifo(drop / "pipe")
            write(drop / "unfinished.part", "left alone")

            got: list[tuple[str, bytes]] = []
            told: list[str] = []
            wanted = set(expected)
            for line in process.stdout:
                kind, _, rest = line.partition(" ")
                if kind == "GOT":
                    name, _, value = rest.strip().partition(" ")
                    got.append((bytes.fromhex(name).decode(), bytes.fromhex(value)))
                    if expected.get(got[-1][0]) == got[-1][1]:
                        wanted.discard(got[-1][0])
                elif line.startswith("✗"):
                    told.append(line)
                if not wanted and len(told) >= 2:
                    break
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert not [line for line in rest.splitlines() if line.startswith("GOT")]
    assert dict(got) == expected
    # Only what was changed after it had seemed whole may come again.
    counts = Counter(name for name, _ in got)
    assert {name for name, count in counts.items() if count > 1} <= {"slow.txt"}
    assert sorted(line.split(": ")[1] for line in told) == [
        "not a file (a socket, pipe or device in a folder)\n",
        "not found (no such file or folder)\n",
    ]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that tells of nothing, as after its queue of events overflowed."""

    async def nothing(*_: Any, stop_event: asyncio.Event, **__: Any) -> AsyncIterator[set[Any]]:
        while not stop_event.is_set():
            yield set()
            await asyncio.sleep(0.005)

    monkeypatch.setattr(watch, "awatch", nothing)
    monkeypatch.setattr(watch, "RESCAN", 0.05)


@pytest.mark.usefixtures("silent")
async def test_what_no_event_tells_of_is_found_by_looking(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watcher._clock = iter(range(1 << 30)).__next__
    (tmp_path / "a").mkdir()
    writer = threading.Timer(0.1, lambda: (tmp_path / "a" / "late.txt").write_text("late"))
    writer.start()
    task = asyncio.ensure_future(watch.watch(bench.watcher, bench.sink, tmp_path, 1.0, bench.notes))
    while not bench.sink.delivered:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)
    await task
    writer.join()
    bench.close()
    assert bench.sink.delivered == [("a/late.txt", b"late")]


async def test_a_limit_of_the_kernel_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> AsyncIterator[set[Any]]:
        raise OSError("OS file watch limit reached.")

    async def generator(*arguments: Any, **options: Any) -> AsyncIterator[set[Any]]:
        refused()
        yield set()

    monkeypatch.setattr(watch, "awatch", generator)
    with pytest.raises(StoreError, match="max_user_watches"):
        async for _ in watch.changes(tmp_path, 1.0, asyncio.Event()):
            pass


async def test_another_file_with_the_same_date_and_size_is_taken(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for text in ("one", "two"):
        fresh = tmp_path / ".fresh"
        fresh.write_text(text)
        os.utime(fresh, (946_684_800, 946_684_800))
        fresh.rename(tmp_path / "a.txt")
        assert await bench.settle() == 1
    bench.close()
    assert bench.sink.delivered == [("a.txt", b"one"), ("a.txt", b"two")]


async def test_what_is_put_into_a_new_folder_before_it_is_watched_is_found(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (tmp_path / "new").mkdir()
    bench.watcher.look([str(tmp_path / "new")])
    (tmp_path / "new" / "a.txt").write_text("a")  # no event of it
    bench.now += 1.0
    bench.watcher.look([])
    bench.now += 1.0
    assert await bench.watcher.take() == 1
    bench.close()


async def test_touched_files_are_remembered_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)
    for number in range(300):
        (tmp_path / f"{number}.txt").write_text(f"{number}")
    assert await bench.settle() == 300
    for number in range(300):
        os.utime(tmp_path / f"{number}.txt", (1, 1))
    synced = 0
    real = os.fsync

    def fsync(handle: int) -> None:
        nonlocal synced
        synced += 1
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    assert await bench.settle() == 0
    assert synced == 1
    bench.restart()
    assert await bench.settle() == 0
    bench.close()


@pytest.mark.parametrize("opens", [True, False])
async def test_an_archive_is_taken_by_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opens: bool
) -> None:
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path / "state"))
    root = tmp_path / "in"
    root.mkdir()
    bench = Bench(root, Disposal(delete=True))
    bench.sink.knows_inputs = not opens
    if not opens:
        monkeypatch.setattr(files, "limit", lambda: 500)
    bench.restart()
    for name, extra in (("whole.zip", b"c" * 10), ("partly.zip", None)):
        with zipfile.ZipFile(root / name, "w") as archive:
            for number in range(20):
                archive.writestr(f"{number}.txt", b"text %d" % number)
            if extra is None:
                archive.writestr("broken.zip", b"PK\x03\x04 broken")
    assert await bench.settle() == 2
    assert Counter(bench.names) == {"whole.zip": 20, "partly.zip": 20}
    assert [path.name for path in root.glob("*.zip")] == ["partly.zip"]  # all there is of a part
    (problem,) = bench.notes.problems
    assert problem.filename == f"{root}/partly.zip › broken.zip"
    bench.restart()
    assert await bench.settle() == 0
    bench.close()
