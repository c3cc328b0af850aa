"""``wireroom replay``: archives go through again, past what is damaged, from where it stopped."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from click.testing import CliRunner, Result
from warcio.warcwriter import WARCWriter

from services.archiver.warc_reader import read
from services.archiver.warc_writer import encode, file_info
from services.cli import delivery, sinks
from services.cli.replay import replay_command
from shared.errors import TransientError
from shared.events import Message
from shared.text import document_id
from tests.unit.cli_fakes import FakePublisher


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakePublisher:
    fake = FakePublisher()
    monkeypatch.setattr(sinks, "open_publisher", lambda settings: fake)
    monkeypatch.setenv("WIREROOM_RETRY_INITIAL", "0.001")
    monkeypatch.setenv("WIREROOM_RETRY_ATTEMPTS", "2")
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(delivery, "BATCH_MESSAGES", 4)
    return fake


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(replay_command, ["--to", "kafka", *map(str, arguments)])


def message(number: int) -> Message:
    headers = (("ce_filename", b"%d.txt" % number), ("ce_time", b"2026-01-01T00:00:00Z"))
    return Message(b"text %d" % number, b"key %d" % number, headers)


def archive(path: Path, first: int, last: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        file_info(path.name) + b"".join(encode(message(number)) for number in range(first, last))
    )
    return path


def sent(publisher: FakePublisher) -> list[bytes]:
    return [emit.value for emit in publisher.published]


def expected(first: int, last: int) -> list[bytes]:
    return [message(number).value or b"" for number in range(first, last)]


def test_messages_are_sent_as_they_were(publisher: FakePublisher, tmp_path: Path) -> None:
    done = run(archive(tmp_path / "a.warc.gz", 0, 6))
    assert done.exit_code == 0
    assert [(e.value, e.key, e.headers) for e in publisher.published] == [
        (m.value, m.key, m.headers) for m in map(message, range(6))
    ]
    assert "6 sent to kafka" in done.stdout
    assert "6 of them from 1 archive" in done.stdout


def test_a_message_without_a_key_is_given_one(publisher: FakePublisher, tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(encode(Message(b"x", None, (("ce_time", b"2026-01-01T00:00:00Z"),))))
    assert run(path).exit_code == 0
    assert publisher.published[0].key == document_id(b"x").encode()


def test_folders_and_urls_are_read_in_the_order_of_time(
    publisher: FakePublisher, tmp_path: Path
) -> None:
    archive(tmp_path / "b" / "w-1.warc.gz", 0, 2)
    archive(tmp_path / "a" / "w-2.warc.gz", 2, 4)
    archive(tmp_path / ".w-3.warc.gz.part", 9, 10)
    archive(tmp_path / ".w-4.warc.gz", 9, 10)
    (tmp_path / "notes.txt").write_text("no archive")
    assert run(tmp_path).exit_code == 0
    assert sent(publisher) == expected(0, 4)
    publisher.published.clear()
    assert run(f"file://{tmp_path}/a").exit_code == 0
    assert sent(publisher) == expected(2, 4)


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    yield fs
    fs.store.clear()


def test_a_store_of_objects_is_read(
    publisher: FakePublisher, tmp_path: Path, memory: fsspec.AbstractFileSystem
) -> None:
    memory.pipe("/bucket/w-1.warc.gz", archive(tmp_path / "w", 0, 3).read_bytes())
    assert run("memory://bucket").exit_code == 0
    assert sent(publisher) == expected(0, 3)


def test_bad_records_are_named_and_the_rest_goes_on(
    publisher: FakePublisher, tmp_path: Path
) -> None:
    path = archive(tmp_path / "a.warc.gz", 0, 5)
    data = bytearray(path.read_bytes())
    start = [item.end for item in read(io.BytesIO(data))][1]
    data[start + 30 : start + 60] = bytes(30)
    path.write_bytes(data[:-7])
    done = run(path)
    assert done.exit_code == 0
    assert sent(publisher) == [*expected(0, 1), *expected(2, 4)]
    assert f"a.warc.gz: damaged (bytes {start} to" in done.stdout
    assert "the file ends within a record" in done.stdout


def test_records_of_others_are_left_to_ingest(publisher: FakePublisher, tmp_path: Path) -> None:
    path = tmp_path / "foreign.warc.gz"
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        writer.write_record(writer.create_warcinfo_record("foreign", {"software": "other"}))
        for number in range(3):
            record = writer.create_warc_record(
                f"urn:x:{number}", "resource", payload=io.BytesIO(b"x"), length=1
            )
            writer.write_record(record)
    done = run(path)
    assert done.exit_code == 1
    assert "foreign records (3 records are not of the archiver: `wireroom ingest`" in done.stdout
    assert sent(publisher) == []


def test_what_cannot_be_read_is_named(publisher: FakePublisher, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run(tmp_path / "missing", tmp_path / "empty", "nonsense://x", "--json")
    reasons = [problem["reason"] for problem in json.loads(done.stdout)["rejected"]]
    assert reasons == ["not_found", "no_archives", "not_readable"]
    assert done.exit_code == 1


def test_a_run_that_stopped_is_gone_on_with(publisher: FakePublisher, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.warc.gz", 0, 10)
    calls = 0
    real = FakePublisher.publish

    async def failing(self: FakePublisher, messages: object) -> object:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise TransientError("no broker")
        return await real(self, messages)  # type: ignore[arg-type]

    publisher.publish = failing.__get__(publisher)  # type: ignore[method-assign]
    assert isinstance(run(path).exception, TransientError)
    taken = len(sent(publisher))
    assert 0 < taken < 10
    del publisher.publish
    assert run(path).exit_code == 0
    assert sent(publisher) == expected(0, 10)
    assert list((tmp_path / "state" / "progress").iterdir()) == []
    publisher.published.clear()
    assert run(path).exit_code == 0  # all of it again, for it was finished
    assert sent(publisher) == expected(0, 10)


def test_a_changed_archive_is_read_from_its_beginning(
    publisher: FakePublisher, tmp_path: Path
) -> None:
    path = archive(tmp_path / "a.warc.gz", 0, 10)
    publisher.away = 0
    real = FakePublisher.publish
    calls = 0

    async def failing(self: FakePublisher, messages: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            self.away = 2
        return await real(self, messages)  # type: ignore[arg-type]

    publisher.publish = failing.__get__(publisher)  # type: ignore[method-assign]
    assert isinstance(run(path).exception, TransientError)
    publisher.published.clear()
    archive(path, 0, 12)
    os.utime(path, (1, 1))
    assert run(path).exit_code == 0
    assert sent(publisher) == expected(0, 12)
