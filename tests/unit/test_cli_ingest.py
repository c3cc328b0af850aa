"""``wireroom ingest``: finding, reading, reporting."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli import files, sinks
from services.cli.files import Problem, find
from services.cli.ingest import ingest_command
from shared.errors import PermanentError
from shared.events import Envelope
from tests.unit.cli_fakes import FakeFlow, FakeOutcome, FakePublisher


def _outcome(name: str, data: bytes) -> FakeOutcome:
    if not data:
        return FakeOutcome("rejected", reason="empty", detail=f"{name}: the message has no bytes")
    if b"copy" in data:
        return FakeOutcome("accepted", "B" * 26, "A copy", kind="near", of="A" * 26)
    if b"again" in data:
        return FakeOutcome("unchanged", "A" * 26, "Known")
    return FakeOutcome("accepted", "A" * 26, "A title")


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> FakeFlow:
    fake = FakeFlow(_outcome)

    def open_flow(store: Path, workers: int | None) -> FakeFlow:
        fake.store = store
        return fake

    monkeypatch.setattr(sinks, "open_flow", open_flow)
    return fake


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> FakePublisher:
    fake = FakePublisher()
    monkeypatch.setattr(sinks, "open_publisher", lambda settings: fake)
    monkeypatch.setenv("WIREROOM_RETRY_INITIAL", "0.001")
    return fake


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "limit", lambda: 100)


def run(*arguments: str | Path, data: bytes | None = None) -> Result:
    return CliRunner().invoke(
        ingest_command, [str(a) for a in arguments], input=data, catch_exceptions=False
    )


def test_folders_are_read_in_order_without_hidden_files_or_loops(tmp_path: Path) -> None:
    for name in ("b.txt", "a/2.txt", "a/1.txt", ".hidden", ".git/x", "a/.y"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "link.txt").symlink_to(tmp_path / "b.txt")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing")
    found = [str(path.relative_to(tmp_path)) for path in _paths(find([str(tmp_path)]))]
    assert found == ["a/1.txt", "a/2.txt", "b.txt", "gone.txt", "link.txt"]


def test_a_hidden_file_that_is_named_is_taken(tmp_path: Path) -> None:
    path = tmp_path / ".hidden"
    path.write_text("x")
    assert list(find([str(path)])) == [path]


def test_a_pipe_in_a_folder_is_told_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pipe.link").symlink_to("pipe")
    (tmp_path / "zero.link").symlink_to("/dev/zero")
    assert list(find([str(tmp_path)])) == [
        Problem(str(tmp_path / name), "not_a_file", "a socket, pipe or device in a folder")
        for name in ("pipe", "pipe.link", "zero.link")
    ]


def test_a_file_called_minus_is_no_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "-").write_text("a file")
    monkeypatch.chdir(tmp_path)
    (path,) = _paths(find(["."]))
    assert files.read(path).value == b"a file"


def _paths(found: Iterator[Path | Problem]) -> list[Path]:
    paths = list(found)
    assert not [path for path in paths if isinstance(path, Problem)]
    return [path for path in paths if isinstance(path, Path)]


def test_a_message_carries_the_facts_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "ä.txt"
    path.write_bytes(b"\xff\x00 bytes as they are")
    message = files.read(path)
    envelope = Envelope.parse(message.headers)
    assert message.value == b"\xff\x00 bytes as they are"
    assert envelope.filename == str(path)
    assert envelope.received_at is not None
    assert envelope.type == "news.ingest.v1"


def test_a_file_over_the_limit_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(files.limit() + 1)  # sparse
    monkeypatch.setattr(files, "_read_bounded", lambda *_: pytest.fail("it was read"))
    with pytest.raises(PermanentError, match=f"the limit is {files.limit()} bytes") as caught:
        files.read(path)
    assert caught.value.reason == "file_too_large"


@pytest.mark.usefixtures("small_limit")
def test_standard_input_over_the_limit_is_refused(flow: FakeFlow) -> None:
    done = run("-", data=b"x" * 101)
    assert done.exit_code == 1
    assert "file too large" in done.stdout
    assert flow.submitted == []


def test_summary_counts_articles_and_names_refusals(flow: FakeFlow, tmp_path: Path) -> None:
    for name, text in (("1.txt", "one"), ("2.txt", "copy"), ("3.txt", ""), ("4.txt", "again")):
        (tmp_path / name).write_text(text)
    done = run("--store", tmp_path / "s.db", tmp_path, tmp_path / "missing.txt")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[-1] == "2 accepted (1 of them duplicates), 0 revised, 1 unchanged, 2 rejected"
    assert f"{tmp_path}/3.txt: empty (the message has no bytes)" in done.stdout
    assert f"{tmp_path}/missing.txt: not found" in done.stdout
    assert flow.store == tmp_path / "s.db"
    assert [data for _, data in flow.submitted] == [b"one", b"copy", b"", b"again"]


def test_an_unreadable_file_does_not_stop_the_others(
    flow: FakeFlow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1.txt", "2.txt", "3.txt"):
        (tmp_path / name).write_text(name)
    real = Path.open

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self.name == "2.txt":
            raise PermissionError(13, "Permission denied")
        return real(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    done = run(tmp_path)
    assert done.exit_code == 0
    assert "2.txt: not readable (permission denied)" in done.stdout
    assert [data for _, data in flow.submitted] == [b"1.txt", b"3.txt"]


def test_standard_input_is_taken(flow: FakeFlow) -> None:
    done = run("-", data=b"from a pipe")
    assert done.exit_code == 0
    assert flow.submitted == [("", b"from a pipe")]


def test_everything_failing_exits_1_and_nothing_to_do_exits_0(
    flow: FakeFlow, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    done = run(tmp_path / "folder")
    assert (done.exit_code, done.stdout) == (0, "nothing to do\n")
    (tmp_path / "empty.txt").touch()
    assert run(tmp_path / "empty.txt").exit_code == 1
    assert run(tmp_path / "missing").exit_code == 1


def test_json_tells_all(flow: FakeFlow, tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text("copy")
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")
    Path(name).touch()
    done = run("--json", tmp_path)
    report = json.loads(done.stdout)
    assert (report["accepted"], report["duplicates"]) == (1, 1)
    assert [problem["reason"] for problem in report["rejected"]] == ["empty"]
    assert report["inputs"][0]["outcomes"] == [
        {
            "status": "accepted",
            "article_id": "B" * 26,
            "title": "A copy",
            "duplicate": {"kind": "near", "of": "A" * 26},
        }
    ]


def test_names_cannot_steer_the_terminal(flow: FakeFlow, tmp_path: Path) -> None:
    (tmp_path / "\x1b[31mred[bold].txt").touch()
    done = run(tmp_path)
    assert "\x1b" not in done.stdout
    assert "red[bold].txt" in done.stdout


def test_kafka_gets_bounded_batches_and_too_large_files_are_told(
    publisher: FakePublisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.delivery.BATCH_MESSAGES", 2)
    publisher.limit, publisher.away = 10, 1
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("x" * (20 if number == 3 else number + 1))
    done = run("--to", "kafka", tmp_path)
    assert done.exit_code == 0
    assert publisher.calls == [2, 2, 2, 1]  # the first was tried again
    assert [len(emit.value) for emit in publisher.published] == [1, 2, 3, 5]
    assert len({emit.key for emit in publisher.published}) == 4
    assert "3.txt: message too large (20 bytes)" in done.stdout
    assert "4 sent to kafka:" in done.stdout
    assert "1 failed" in done.stdout


def test_batches_are_bounded_in_bytes(
    publisher: FakePublisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.delivery.BATCH_BYTES", 10)
    for number, size in enumerate((6, 6, 3, 30)):
        (tmp_path / f"{number}.txt").write_text("x" * size)
    assert run("--to", "kafka", tmp_path).exit_code == 0
    assert publisher.calls == [1, 2, 1]


def test_a_store_with_kafka_is_refused(publisher: FakePublisher, tmp_path: Path) -> None:
    done = run("--to", "kafka", "--store", tmp_path / "s.db", tmp_path)
    assert done.exit_code == 2
    assert "exclude each other" in done.stderr
