"""Archives opened by the sender: no message is too large, and every id is as had it not been."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from services.cli import delivery, files, sinks
from services.cli.delivery import Unit
from services.cli.files import Problem
from services.cli.ingest import ingest_command
from services.cli.intake import Intake
from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.errors import TransientError
from shared.events import Envelope, Message
from shared.runtime.stage import Emit, Reject
from shared.text import document_id, streamed_document_id
from tests.unit.cli_fakes import FakePublisher

PAGE = (
    "<html><head><title>Story {n}</title></head><body><article><p>The council of Veldmark met on "
    "Tuesday to talk about plan {n}, and after three hours it was agreed to meet again.</p>"
    "</article></body></html>"
)


def page(number: int) -> bytes:
    return PAGE.format(n=number).encode()


def jsonl() -> bytes:
    lines = [
        json.dumps({"title": f"Story {n}", "text": f"A text about {n}. " * 5, "url": url})
        for n, url in enumerate(["https://a.example/1", "", "https://a.example/2"])
    ]
    return "\n".join([*lines, "{broken", "", '"no object"', lines[0]]).encode()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.html", page(1))
        archive.writestr("a/ä 2.txt", "Ein Text über die Größe der Stadt. " * 5)
        archive.writestr(
            "notes.md", "# A heading\n\nAnd *some* text below it, as people write it.\n"
        )
        archive.writestr("many.jsonl", jsonl())
        archive.writestr("deep.txt.gz", gzip.compress(b"A compressed text within an archive. " * 5))
        archive.writestr("empty.txt", b"")
        archive.writestr("noise.bin", bytes(range(256)) * 20)
        archive.writestr("inner.zip", _inner())
        archive.writestr("again/1.html", page(1))
    return out.getvalue()


def _inner() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("1.html", page(1))
        archive.writestr("3.json", json.dumps([{"title": "T", "text": "Text of three. " * 5}] * 2))
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in (("d/1.html", page(1)), ("d/2.jsonl", jsonl()), ("z.zip", _inner())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def warc(count: int = 5) -> bytes:
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=True)
    writer.write_record(writer.create_warcinfo_record("crawl", {"software": "test"}))
    for number in range(count):
        headers = StatusAndHeaders(
            "200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1"
        )
        body = page(number % 4)  # the same bytes at two addresses
        writer.write_record(
            writer.create_warc_record(
                f"https://news.example/{number}.html",
                "response",
                payload=io.BytesIO(body),
                length=len(body),
                http_headers=headers,
                warc_headers_dict={"WARC-Date": f"2026-01-0{number % 9 + 1}T00:00:00Z"},
            )
        )
    return out.getvalue()


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "mixed.zip": zipped,
    "lines.jsonl": jsonl,
    "all.tar.gz": tarred,
    "crawl.warc.gz": warc,
    "page.html.gz": lambda: gzip.compress(page(1)),
}
Id = tuple[str, str, str, str, str]


def documents(message: Message) -> list[Id]:
    """Id, parent, place, URL and type of everything that the fetcher makes of a message."""
    found = []
    for outcome in Fetch(FetcherSettings())(message):
        if isinstance(outcome, Emit):
            e = Envelope.parse(outcome.headers)
            found.append((e.id, e.parent, e.member, e.url, e.content_type))
    return found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that takes next to nothing."""
    monkeypatch.setattr(files, "limit", lambda: 2_000)


def units(path: Path, *, archives: bool = False) -> tuple[list[Unit], list[Problem]]:
    items = list(Intake("test", archives=archives).items(path))
    found = [item for item in items if isinstance(item, Unit)]
    return found, [item for item in items if isinstance(item, Problem)]


# The only part of a compressed file is larger than the file: it is never opened for its size.
SMALL_AND_LARGE = [(name, True) for name in ARCHIVES] + [
    (name, False) for name in ARCHIVES if name != "page.html.gz"
]


@pytest.mark.parametrize(("name", "archives"), SMALL_AND_LARGE)
def test_ids_are_as_had_the_fetcher_got_the_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, archives: bool
) -> None:
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path))
    path = tmp_path / name
    path.write_bytes(ARCHIVES[name]())
    whole = files.read(path)
    expected = documents(whole)
    assert expected
    if not archives:  # opened for its size alone
        size = min(path.stat().st_size - 1, 6_000)
        monkeypatch.setattr(files, "limit", lambda: size)
    parts, _ = units(path, archives=archives)
    assert [found for part in parts for found in documents(part.message)] == expected


def test_what_is_refused_of_an_archive_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "mixed.zip"
    path.write_bytes(zipped())
    parts, problems = units(path, archives=True)
    told = {problem.filename.partition(" › ")[2]: problem.reason for problem in problems}
    refused = {
        Envelope.parse(part.message.headers).member: outcome.reason
        for part in parts
        for outcome in Fetch(FetcherSettings())(part.message)
        if isinstance(outcome, Reject)
    }
    whole = {
        outcome.member: outcome.reason
        for outcome in Fetch(FetcherSettings())(files.read(path))
        if isinstance(outcome, Reject)
    }
    assert told.keys().isdisjoint(refused)
    assert told | refused == whole


@pytest.mark.usefixtures("small")
def test_a_part_that_no_message_holds_is_refused_with_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.html", page(1))
        archive.writestr("large.txt", os.urandom(3_000).hex())
        archive.writestr("2.html", page(2))
    parts, problems = units(path)
    assert [Envelope.parse(part.message.headers).member for part in parts] == ["1.html", "2.html"]
    detail = "it holds more; the limit is 2000 bytes"
    assert problems == [Problem(f"{path} › large.txt", "file_too_large", detail)]


@pytest.mark.parametrize("archives", [True, False])
def test_a_large_file_without_parts_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archives: bool
) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.write(b"A text that is very long.\n" * 1_000)
        file.truncate(50 * 1024 * 1024)  # sparse
    monkeypatch.setattr("services.cli.intake.streamed_document_id", None)
    parts, (problem,) = units(path, archives=archives)
    assert parts == []
    assert problem.reason == "file_too_large"
    assert (
        f"52428800 bytes, and not an archive; the limit is {files.limit()} bytes" in problem.detail
    )


def test_small_archives_go_whole_to_the_store_and_by_parts_to_kafka(tmp_path: Path) -> None:
    path = tmp_path / "mixed.zip"
    path.write_bytes(zipped())
    (whole,), _ = units(path)
    assert whole.message.value == path.read_bytes()
    assert not whole.member
    parts, _ = units(path, archives=True)
    assert len(parts) > 5
    assert all(part.member for part in parts)


def test_a_document_that_is_an_archive_inside_goes_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    (whole,), problems = units(path, archives=True)
    assert problems == []
    assert whole.message.value == path.read_bytes()


def test_a_truncated_archive_gives_what_is_whole(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for number in range(40):
            info = tarfile.TarInfo(f"{number}.txt")
            info.size = 20_000
            archive.addfile(info, io.BytesIO(os.urandom(10_000).hex().encode()))
    path = tmp_path / "all.tar.gz"
    path.write_bytes(out.getvalue()[:-30_000])
    parts, problems = units(path, archives=True)
    assert len(parts) > 20
    assert [problem.reason for problem in problems][-1].startswith("truncated")


def test_an_identity_can_be_streamed() -> None:
    assert streamed_document_id([b"ab", b"", b"c"], 3) == document_id(b"abc")
    assert streamed_document_id([], 0) == document_id(b"")
    with pytest.raises(ValueError, match="1 bytes more"):
        streamed_document_id([b"abcd"], 3)
    with pytest.raises(ValueError, match="1 bytes fewer"):
        streamed_document_id([b"ab"], 3)


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakePublisher:
    fake = FakePublisher()
    monkeypatch.setattr(sinks, "open_publisher", lambda settings: fake)
    monkeypatch.setenv("WIREROOM_RETRY_INITIAL", "0.001")
    monkeypatch.setenv("WIREROOM_RETRY_ATTEMPTS", "2")
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(delivery, "BATCH_MESSAGES", 10)
    return fake


def run(*arguments: str | Path, data: bytes | None = None) -> Result:
    return CliRunner().invoke(ingest_command, ["--to", "kafka", *map(str, arguments)], input=data)


def members(publisher: FakePublisher) -> list[str]:
    return [Envelope.parse(emit.headers).member for emit in publisher.published]


def test_the_summary_counts_members(publisher: FakePublisher, tmp_path: Path) -> None:
    (tmp_path / "crawl.warc.gz").write_bytes(warc(40))
    (tmp_path / "plain.txt").write_text("A plain text beside it.")
    done = run(tmp_path / "crawl.warc.gz", tmp_path / "plain.txt")
    assert done.exit_code == 0
    assert "41 sent to kafka:" in done.stdout
    assert "(40 of them from 1 archive), 0 failed" in done.stdout


def test_refusals_of_many_parts_are_told_in_few_lines(
    publisher: FakePublisher, tmp_path: Path
) -> None:
    path = tmp_path / "bad.jsonl.gz"
    path.write_bytes(gzip.compress(b"{broken\n" * 500 + b'{"text": "One that is right."}\n' * 500))
    done = run(path)
    lines = done.stdout.splitlines()
    assert len(lines) == 7
    assert lines[5].endswith(
        "bad.jsonl.gz: invalid json (495 more parts of it (--json tells them all))"
    )
    assert "500 failed" in lines[6]
    assert len(json.loads(run("--json", path).stdout)["rejected"]) == 500


@pytest.mark.usefixtures("small")
def test_a_large_standard_input_is_opened(publisher: FakePublisher) -> None:
    data = warc(40)
    assert run("-", data=data).exit_code == 0
    assert len(publisher.published) == 40
    whole = files.message(data, "")
    assert Envelope.parse(publisher.published[0].headers).parent == Envelope.parse(whole.headers).id


@pytest.mark.usefixtures("small")
def test_a_run_that_stopped_goes_on_behind_what_was_acknowledged(
    publisher: FakePublisher, tmp_path: Path
) -> None:
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(warc(60))
    real = FakePublisher.publish

    async def failing(self: FakePublisher, messages: object) -> object:
        if len(self.calls) == 3:
            raise TransientError("no broker")
        return await real(self, messages)  # type: ignore[arg-type]

    publisher.publish = failing.__get__(publisher)  # type: ignore[method-assign]
    assert isinstance(run(path).exception, TransientError)
    first = members(publisher)
    assert len(first) == 30
    del publisher.publish
    publisher.published.clear()
    assert run(path).exit_code == 0
    assert len(members(publisher)) == 30
    assert len({*first, *members(publisher)}) == 60
    assert list((tmp_path / "state" / "progress").iterdir()) == []


_KILLED = """
import sys
from services.cli import delivery, files, sinks
from services.cli.__main__ import main
from tests.unit.cli_fakes import FakePublisher
from shared.events import Envelope
delivery.BATCH_MESSAGES = 10
files.limit = lambda: 2_000
class Printing(FakePublisher):
    async def publish(self, messages):
        for m in messages:
            # Long lines fill the pipe: the sender waits until they are read.
            print("SENT", Envelope.parse(m.headers).id, "x" * 500, flush=True)
        return [None] * len(messages)
sinks.open_publisher = lambda settings: Printing()
sys.exit(main(["ingest", "--to", "kafka", sys.argv[1]]))
"""


def test_kill_9_repeats_a_batch_at_most_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(warc(2_000))
    arguments = [sys.executable, "-c", _KILLED, str(path)]
    environment = {**os.environ, "WIREROOM_STATE": str(tmp_path / "state")}

    def ids(lines: list[str]) -> list[str]:
        return [line.split()[1] for line in lines if line.startswith("SENT")]

    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(105)]
        process.kill()
        first = ids(lines + process.stdout.readlines())
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    second = ids(done.stdout.splitlines())
    assert len(first) < 2_000
    assert len({*first, *second}) == 2_000
    assert len(first) + len(second) <= 2_010
    expected = [part.message for part in units(path, archives=True)[0]]
    assert {*first, *second} == {Envelope.parse(message.headers).id for message in expected}


_PROGRAM = """
import resource, sys
from services.cli import sinks
from services.cli.__main__ import main
from tests.unit.cli_fakes import FakePublisher
class Discarding(FakePublisher):
    async def publish(self, messages):
        return [None] * len(messages)
sinks.open_publisher = lambda settings: Discarding()
main(["ingest", "--to", "kafka", sys.argv[1]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    def megabytes(count: int) -> int:
        path = tmp_path / f"{count}.tar"
        filler = os.urandom(1 << 20)
        with tarfile.open(path, "w") as archive:
            for number in range(count):
                info = tarfile.TarInfo(f"{number}.bin")
                info.size = len(filler)
                archive.addfile(info, io.BytesIO(filler))
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(path)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "WIREROOM_STATE": str(tmp_path)},
        )
        path.unlink()
        sent, peak = done.stdout.splitlines()[-2:]
        assert sent.startswith(f"{count} sent")
        return int(peak)

    assert megabytes(100) < megabytes(10) + 40
