"""The embedded flow archives what is new to it, and a replay gives the same articles."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from services.archiver.warc_reader import Record, message_of, read
from services.cli.delivery import Sent
from services.cli.replay import replay
from services.cli.report import Report
from services.cli.sinks import StoreSink
from services.local.flow import LocalFlow
from shared.events import Message
from tests.unit.test_local_flow import BROKEN, article

RECEIVED = ("ce_receivedat", b"2026-01-02T03:04:05.678Z")
PAGE = b"<html><head><title>A page</title></head><body><p>%s</p></body></html>" % (
    b"The harbour of Veldmark is to be dug deeper in spring, the council says. " * 20
)


def fetched(path: str) -> Message:
    """The same bytes at two places are two things."""
    headers = (("ce_url", f"https://a.example/{path}".encode()), ("content-type", b"text/html"))
    return Message(PAGE, None, (*headers, RECEIVED))


def kept(folder: Path) -> list[Message]:
    return [
        message
        for path in sorted(folder.glob("*.warc.gz"))
        for record in read(io.BytesIO(path.read_bytes()))
        if isinstance(record, Record) and (message := message_of(record))
    ]


def articles(report: Report | None) -> set[tuple[str, str, str]]:
    assert report is not None
    return {
        (outcome.article_id, outcome.title, outcome.reason)
        for item in report.items
        for outcome in item.outcomes
    }


async def replayed(folder: Path, store: Path) -> tuple[Sent, Report | None]:
    return await replay([str(folder)], StoreSink(store, 1), lambda done, total: None)


async def test_what_is_new_is_kept_and_replayed_with_the_same_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIREROOM_ARCHIVER_URL", str(tmp_path / "kept"))
    monkeypatch.setenv("WIREROOM_ARCHIVER_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path / "state"))
    inputs = [article(1), BROKEN, fetched("1"), fetched("2")]
    twice = inputs[1:2]
    for _ in range(2):  # the second run brings nothing new, but what was refused is tried again
        async with LocalFlow(tmp_path / "first.db", workers=1) as flow:
            await flow.submit(inputs + twice)
            report = await flow.drain(lambda progress: None)
    expected = articles(report)
    assert len(expected) == 4
    messages = kept(tmp_path / "kept")
    assert [m.value for m in messages] == [m.value for m in [*inputs, BROKEN]]
    assert messages[2].headers == inputs[2].headers

    sent, again = await replayed(tmp_path / "kept", tmp_path / "second.db")
    assert (sent.units, sent.problems) == (5, [])
    assert articles(again) == expected
    assert len(kept(tmp_path / "kept")) == 5  # what came out of an archive is not archived again
