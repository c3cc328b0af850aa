"""``wireroom stage``: one line out for each line in, whatever happens."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from click.testing import CliRunner

from services.cli import lines
from services.cli.line_stream import MAX_DEPTH, Failure, dumps, loads, read_lines
from services.cli.lines import InProcess, LineRun, StageLines, stage_command
from shared.errors import PermanentError

PLACE = "tests.unit.test_cli_lines"


def fragile(record: dict[str, Any]) -> dict[str, Any]:
    """A stage's function that does what its record asks for."""
    match record.get("do"):
        case "refuse":
            raise PermanentError("no_text", "nothing in it")
        case "bug":
            raise KeyError("oops")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "print":
            os.write(1, b"noise\n")
    return {**record, "done": True}


class Counter:
    """A decider: numbers what comes, in order."""

    def __init__(self) -> None:
        self.seen = 0

    def decide(self, record: dict[str, Any], prepared: dict[str, Any]) -> dict[str, Any]:
        if record.get("do") == "undecidable":
            raise PermanentError("undecidable")
        self.seen += 1
        return {**prepared, "number": self.seen}


@pytest.fixture(autouse=True)
def fragile_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lines.STAGES, "clean", StageLines(f"{PLACE}:fragile"))
    monkeypatch.setitem(lines.STAGES, "dedup", StageLines(f"{PLACE}:fragile", f"{PLACE}:Counter"))


def run(stage: str, records: list[Any], *options: str) -> list[Any]:
    """Answers to ``records``; bytes stand for lines as they are."""
    data = b"".join(r if isinstance(r, bytes) else dumps(r) for r in records)
    done = CliRunner().invoke(stage_command, [stage, *options], input=data, catch_exceptions=False)
    assert done.exit_code == 0
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_answer_for_each_line_in_order() -> None:
    answers = run(
        "clean",
        [
            {"id": "a"},
            b"not json\n",
            b"\n",
            b"[1, 2]\n",
            {"id": "b", "do": "refuse"},
            {"id": "c", "do": "bug"},
            b'{"id": "d"}',  # the last line has no end
        ],
        "--workers",
        "0",
    )
    assert [answer["id"] for answer in answers] == ["a", None, None, None, "b", "c", "d"]
    kinds = [answer["error"]["kind"] if "error" in answer else None for answer in answers]
    assert kinds == [None, *["invalid_line"] * 3, "permanent", "bug", None]
    assert answers[4]["error"] == {
        "kind": "permanent",
        "reason": "no_text",
        "detail": "nothing in it",
    }
    assert answers[5]["error"]["reason"] == "KeyError: 'oops'"


def test_a_dying_worker_costs_its_own_line_alone() -> None:
    records = [{"id": number} for number in range(8)]
    records[3]["do"] = "die"  # type: ignore[assignment]
    answers = run("clean", records, "--workers", "2")
    assert [answer["id"] for answer in answers] == list(range(8))
    errors = {answer["id"]: answer["error"] for answer in answers if "error" in answer}
    assert list(errors) == [3]
    assert errors[3]["kind"] == "permanent"
    assert errors[3]["reason"] == "worker_died"


def test_a_line_that_takes_too_long_is_given_up() -> None:
    answers = run("clean", [{"id": 1, "do": "hang"}, {"id": 2}], "--timeout", "1")
    assert answers[0]["error"]["reason"] == "timed_out"
    assert answers[1] == {"id": 2, "done": True}


def test_deciding_follows_the_order_and_skips_bad_lines() -> None:
    records: list[Any] = [{"id": i} for i in range(6)]
    records[2] = {"id": 2, "do": "refuse"}
    records[4] = {"id": 4, "do": "undecidable"}
    answers = run("dedup", records, "--workers", "0")
    assert [answer.get("number") for answer in answers] == [1, 2, None, 3, None, 4]
    assert answers[4]["error"] == {"kind": "permanent", "reason": "undecidable"}


async def test_memory_is_bounded_and_answers_flow() -> None:
    width, read, most = 3, 0, 0
    sink = io.BytesIO()

    async def source() -> AsyncIterator[bytes | Failure]:
        nonlocal read, most
        for number in range(50):
            read += 1
            most = max(most, read - sink.getvalue().count(b"\n"))
            yield dumps({"id": number})
            await asyncio.sleep(0)

    run_ = LineRun(InProcess(fragile), None, width)
    await run_.run(source(), sink)
    assert (run_.lines, run_.failed) == (50, 0)
    assert [json.loads(line)["id"] for line in sink.getvalue().splitlines()] == list(range(50))
    assert most <= width + 3  # in the queue, and one each being read, handed over and written


async def test_a_line_over_the_limit_is_told_and_skipped() -> None:
    source = io.BytesIO(b"a" * 9 + b"\n" + b"b" * 35 + b"\n" + b"c\n" + b"d" * 25)
    read = [line async for line in read_lines(source, width=1, limit=10)]
    assert read == [
        b"a" * 9 + b"\n",
        Failure("invalid_line", "longer than 10 bytes"),
        b"c\n",
        Failure("invalid_line", "longer than 10 bytes"),
    ]


def test_json_that_only_python_reads_goes_both_ways() -> None:
    record = loads(rb'{"id": "\ud800", "n": 123456789012345678901234567890}')
    assert isinstance(record, dict)
    assert json.loads(dumps(record))["id"] == "\ud800"
    assert isinstance(loads(b'{"id": "\xff"}'), Failure)
    assert isinstance(loads(b"[" * 100_000), Failure)
    numbers = loads(rb'{"id": "\ud800", "n": [1e999, NaN, 1.5]}')
    assert isinstance(numbers, dict)
    assert b'"n": [null, null, 1.5]' in dumps(numbers)


@pytest.mark.parametrize("text", [b"x", rb"\ud800"])
def test_what_is_nested_deeper_than_can_be_written_is_a_failure(text: bytes) -> None:
    def nested(depth: int) -> bytes:
        return b'{"text": "%s", "z": %s%s}' % (text, b"[" * depth, b"]" * depth)

    record = loads(nested(MAX_DEPTH - 1))
    assert isinstance(record, dict)
    assert json.loads(dumps({**record, "added": [[{}]]}))["z"]
    for depth in (MAX_DEPTH, 500, 990, 1020):  # up to here, one of the parsers reads it
        failure = loads(nested(depth))
        assert isinstance(failure, Failure)
        assert failure.reason.startswith("nested more") or "recursion" in failure.reason


def test_an_answer_comes_before_the_next_line_is_sent_and_noise_goes_elsewhere() -> None:
    script = (
        "from services.cli import lines; from services.cli.__main__ import main;"
        f"lines.STAGES['tag'] = lines.StageLines('{PLACE}:fragile');"
        "main(['stage', 'tag', '--workers', '0'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        for number in range(3):
            process.stdin.write(dumps({"id": number, "do": "print"}))
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert answer == {"id": number, "do": "print", "done": True}
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.stderr.read().count(b"noise") == 3


def test_the_real_stages_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    text = (
        "An earthquake of magnitude 6.1 shook the coast of northern Chile on Wednesday, cutting "
        "power to the fishing town of Sandoval Bay and sending thousands into the streets.\n\n"
        "The quake struck at night, the seismological centre in Santiago said, and a warning of "
        "a tsunami was lifted after fifty minutes. Nobody was seriously hurt.\n\n"
    ) * 2
    page = f"Quake shakes Chile\n\n4 March 2026\n\n{text}"
    cleaned = run(
        "clean",
        [
            {"id": "a", "content": page, "content_type": "text/plain"},
            {
                "id": "b",
                "content_base64": base64.b64encode(page.encode()).decode(),
                "content_type": "text/plain",
            },
            {"id": "c"},
        ],
        "--workers",
        "0",
    )
    assert [answer["id"] for answer in cleaned] == ["a", "b", "c"]
    assert cleaned[0]["published_at"].startswith("2026-03-04")
    assert cleaned[0]["text"] == cleaned[1]["text"]
    tagged = run("tag", cleaned[:2], "--workers", "0")
    names = {entity["name"] for entity in tagged[0]["entities"]}
    assert {"Chile", "Santiago"} <= names
    decided = run("dedup", tagged, "--workers", "0")
    assert [answer["duplicate"]["kind"] for answer in decided] == ["none", "exact"]
    assert decided[1]["duplicate"]["of"] == "a"


def test_the_error_of_an_earlier_stage_is_handed_on() -> None:
    earlier = {"id": "x", "error": {"kind": "permanent", "reason": "empty"}, "do": "refuse"}
    assert run("clean", [earlier], "--workers", "0") == [earlier]
