"""``wireroom watch``: what is taken from a drop folder, when, and how often."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import pytest

from services.cli import files
from services.cli.dropfolder import Disposal, Watcher
from services.cli.files import Problem
from services.cli.report import Report
from services.cli.taken import FILE_NAME, Stamp, Taken, TakenFile
from shared.errors import PermanentError, StoreError, TransientError
from shared.events import Envelope, Message

SETTLE = 1.0


class Sink:
    """Keeps what is delivered. ``away`` calls fail first; ``refuse`` names what is refused."""

    name = "fake:here"
    knows_inputs = True

    def __init__(self) -> None:
        self.delivered: list[tuple[str, bytes]] = []
        self.away = 0
        self.refuse = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def deliver(self, messages: Sequence[Message]) -> list[PermanentError | None]:
        if self.away:
            self.away -= 1
            raise TransientError("away")
        results: list[PermanentError | None] = []
        for message in messages:
            name = Envelope.parse(message.headers).filename
            if name == self.refuse:
                results.append(PermanentError("message_too_large", "9 bytes"))
            else:
                self.delivered.append((name, message.value or b""))
                results.append(None)
        return results

    async def work(self) -> Report | None:
        return None


class Notes:
    """Keeps notices."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.problems: list[Problem] = []

    def took(self, path: str) -> None:
        self.taken.append(path)

    def refused(self, problem: Problem) -> None:
        self.problems.append(problem)


class Bench:
    """A watcher on a folder with a clock that the test moves."""

    def __init__(self, root: Path, disposal: Disposal | None = None) -> None:
        self.root = root
        self.sink = Sink()
        self.notes = Notes()
        self.now = 0.0
        self.disposal = disposal
        self.taken: TakenFile | None = None
        self.restart()

    def restart(self) -> None:
        """A new process: all memory but the state file is gone."""
        self.close()
        self.taken = TakenFile(self.root / FILE_NAME, self.sink.name).__enter__()
        self.watcher = Watcher(
            self.root,
            self.sink,
            self.taken,
            self.notes,
            disposal=self.disposal,
            settle=SETTLE,
            clock=lambda: self.now,
        )

    def close(self) -> None:
        if self.taken is not None:
            self.taken.__exit__()

    async def settle(self) -> int:
        """Look, let the settle time pass, take."""
        self.watcher.look()
        self.now += SETTLE
        return await self.watcher.take()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.sink.delivered]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


async def test_files_are_taken_when_they_have_stopped_growing(bench: Bench) -> None:
    path = bench.root / "a.txt"
    path.write_bytes(b"half")
    bench.watcher.look()
    bench.now += SETTLE / 2
    assert await bench.watcher.take() == 0
    path.write_bytes(b"half and half")
    bench.now += SETTLE * 0.75
    assert await bench.watcher.take() == 0  # it grew: the time begins anew
    bench.now += SETTLE
    assert await bench.watcher.take() == 1
    assert bench.sink.delivered == [("a.txt", b"half and half")]
    assert await bench.settle() == 0
    assert path.read_bytes() == b"half and half"


async def test_a_file_that_grows_while_it_is_read_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bench.root / "a.txt"
    path.write_bytes(b"one")
    real: Callable[..., Message] = files.read

    def growing(*arguments: object, **options: object) -> Message:
        message = real(*arguments, **options)
        with path.open("ab") as file:
            file.write(b" two")
        return message

    monkeypatch.setattr(files, "read", growing)
    assert await bench.settle() == 0
    monkeypatch.setattr(files, "read", real)
    assert await bench.settle() == 1
    assert bench.sink.delivered == [("a.txt", b"one two")]


async def test_temporary_and_hidden_names_wait_for_their_rename(bench: Bench) -> None:
    for name in (".hidden", "a.part", "b.TMP", "c~", "d.crdownload", ".sync/e.txt"):
        path = bench.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    assert await bench.settle() == 0
    (bench.root / "a.part").rename(bench.root / "a.txt")
    assert await bench.settle() == 1
    assert bench.names == ["a.txt"]


async def test_a_folder_that_is_moved_in_is_taken_whole(bench: Bench) -> None:
    inside = bench.root / "in" / "deep"
    inside.mkdir(parents=True)
    (inside / "a.txt").write_text("a")
    bench.watcher.look([str(bench.root / "in")])
    bench.now += SETTLE
    assert await bench.watcher.take() == 1
    assert bench.names == ["in/deep/a.txt"]


async def test_a_restart_takes_nothing_twice_and_misses_nothing(bench: Bench) -> None:
    for name in ("a.txt", "b.txt"):
        (bench.root / name).write_text(name)
    assert await bench.settle() == 2
    (bench.root / "c.txt").write_text("while it was down")
    (bench.root / "b.txt").write_text("changed while it was down")
    os.utime(bench.root / "a.txt", (1, 1))  # touched, not changed
    bench.restart()
    assert await bench.settle() == 2
    assert sorted(bench.names) == ["a.txt", "b.txt", "b.txt", "c.txt"]
    bench.restart()
    assert await bench.settle() == 0


async def test_nothing_is_remembered_before_it_is_acknowledged(bench: Bench) -> None:
    (bench.root / "a.txt").write_text("a")
    bench.sink.away = 1
    with pytest.raises(TransientError):
        await bench.settle()
    assert bench.taken is not None
    assert bench.taken.get(str(bench.root / "a.txt")) is None
    bench.restart()
    assert await bench.settle() == 1
    assert bench.names == ["a.txt"]


async def test_a_refused_file_is_told_once_and_left(bench: Bench) -> None:
    bench.disposal = Disposal(delete=True)
    bench.restart()
    (bench.root / "large.txt").write_text("too large")
    (bench.root / "good.txt").write_text("good")
    bench.sink.refuse = "large.txt"
    assert await bench.settle() == 1
    bench.restart()
    assert await bench.settle() == 0
    assert [problem.reason for problem in bench.notes.problems] == ["message_too_large"]
    assert (bench.root / "large.txt").exists()
    assert not (bench.root / "good.txt").exists()


async def test_an_unreadable_file_is_told_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.root / "large.txt").write_text("x" * 200)
    monkeypatch.setattr(files, "limit", lambda: 100)
    for _ in range(3):
        assert await bench.settle() == 0
    assert [problem.reason for problem in bench.notes.problems] == ["file_too_large"]
    assert bench.sink.delivered == []


async def test_taken_files_can_be_moved_and_names_do_not_clash(tmp_path: Path) -> None:
    root, done = tmp_path / "in", tmp_path / "in" / "done"
    root.mkdir()
    bench = Bench(root, Disposal(move_to=done))
    for text in ("first", "second"):
        (root / "a.txt").write_text(text)
        assert await bench.settle() == 1
    assert await bench.settle() == 0  # what lies in the folder of taken files is not taken again
    assert sorted(path.name for path in done.iterdir()) == ["a-1.txt", "a.txt"]
    left = {path.name for path in root.iterdir()}
    bench.close()
    assert left == {"done", FILE_NAME, f"{FILE_NAME}.lock"}


async def test_a_crash_before_disposing_is_made_up_for(bench: Bench) -> None:
    path = bench.root / "a.txt"
    path.write_text("a")
    assert await bench.settle() == 1
    bench.disposal = Disposal(delete=True)
    bench.restart()
    assert await bench.settle() == 0
    assert not path.exists()
    assert bench.names == ["a.txt"]


async def test_a_drop_folder_that_goes_away_is_an_error(bench: Bench) -> None:
    (bench.root / FILE_NAME).unlink()
    (bench.root / f"{FILE_NAME}.lock").unlink()
    bench.root.rmdir()
    with pytest.raises(StoreError, match="gone"):
        bench.watcher.look()


def _taken(path: Path, text: str = "x") -> Taken:
    path.write_text(text)
    stamp = Stamp.of(path.stat())
    return Taken(str(path), stamp.size, stamp.mtime_ns, "0" * 64)


def test_the_state_file_survives_a_cut_line_and_strange_names(tmp_path: Path) -> None:
    state = tmp_path / "state"
    odd = _taken(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n\xe4.txt")))
    plain = _taken(tmp_path / "ж.txt")
    with TakenFile(state, "here") as taken:
        taken.add([odd, plain])
    with state.open("ab") as file:
        file.write(b'{"to": "here", "path": "/cut/off", "si')
    with TakenFile(state, "here") as taken:
        assert taken.get(odd.path) == odd
        assert taken.get(plain.path) == plain
        assert taken.get("/cut/off") is None


def test_destinations_are_remembered_apart_and_files_that_are_gone_forgotten(
    tmp_path: Path,
) -> None:
    state, kept, gone = tmp_path / "state", _taken(tmp_path / "a"), _taken(tmp_path / "b")
    with TakenFile(state, "here") as taken:
        taken.add([kept, gone])
    Path(gone.path).unlink()
    with TakenFile(state, "there") as taken:
        assert taken.get(kept.path) is None
    with TakenFile(state, "here") as taken:
        assert taken.get(kept.path) == kept
    assert gone.path not in state.read_text()


def test_a_second_watcher_is_refused(tmp_path: Path) -> None:
    with (
        TakenFile(tmp_path / "state", "here"),
        pytest.raises(StoreError, match="another watcher"),
        TakenFile(tmp_path / "state", "here"),
    ):
        pass


_PROGRAM = """
import sys
from pathlib import Path
from services.cli import sinks
from services.cli.__main__ import main
from tests.unit.cli_fakes import FakePublisher
from shared.events import Envelope
class Printing(FakePublisher):
    async def publish(self, messages):
        for m in messages:
            print("GOT", Envelope.parse(m.headers).filename, m.value.decode(), flush=True)
        return [None] * len(messages)
sinks.open_publisher = lambda settings: Printing()
sys.exit(main(["watch", sys.argv[1], "--to", "kafka", "--settle", "0.1"]))
"""


def test_the_command_sees_files_appear_and_ends_cleanly(tmp_path: Path) -> None:
    drop, outside = tmp_path / "drop", tmp_path / "outside.txt"
    drop.mkdir()
    (drop / "before.txt").write_text("before")
    outside.write_text("moved")
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(drop)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout

        def got() -> str:
            assert process.stdout
            for line in process.stdout:
                if line.startswith("GOT "):
                    return line.removeprefix("GOT ").strip()
            pytest.fail("the watcher ended")

        try:
            assert got() == "before.txt before"
            outside.rename(drop / "moved.txt")
            assert got() == "moved.txt moved"
            with (drop / "slow.txt").open("w") as file:
                file.write("written")
            assert got() == "slow.txt written"
            (drop / "new").mkdir()
            (drop / "new" / "inside.txt").write_text("inside")
            assert got() == "new/inside.txt inside"
            process.send_signal(signal.SIGTERM)
            assert process.stdout.read().splitlines()[-1] == "stopped"
            assert process.wait(30) == 0
        finally:
            process.kill()
    lines = (drop / FILE_NAME).read_text().splitlines()
    names = {Path(json.loads(line)["path"]).name for line in lines}
    assert names == {"before.txt", "moved.txt", "slow.txt", "inside.txt"}
