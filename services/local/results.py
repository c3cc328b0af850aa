"""What came of each input of the embedded flow, remembered beside its queues."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import orjson

from shared.events import DuplicateKind, Envelope, Message
from shared.runtime.local_broker import SqliteBroker, store_errors
from shared.runtime.rejected import rejection_key
from shared.runtime.stage import Emit, Outcome, Reject
from shared.text import stable_id
from shared.topics import Topic

ORIGIN_HEADER = "ce_origin"
"""Names the input that a message was made from; stages carry it along."""

_ALL = 2**62

Status = Literal["accepted", "revision", "unchanged", "rejected"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS flow_inputs (
    origin TEXT PRIMARY KEY, filename TEXT NOT NULL, after INTEGER NOT NULL,
    reported INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS flow_results (
    number INTEGER PRIMARY KEY, origin TEXT NOT NULL, article_id TEXT NOT NULL,
    revision INTEGER NOT NULL, title TEXT NOT NULL, kind TEXT NOT NULL, of TEXT,
    member TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, rejection TEXT NOT NULL,
    UNIQUE (origin, article_id, revision, rejection));
CREATE INDEX IF NOT EXISTS flow_results_article ON flow_results (article_id, revision);
"""


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What came of one document of an input; see ``services.cli.report.Outcome``."""

    status: Status
    article_id: str = ""
    title: str = ""
    kind: DuplicateKind = "none"
    of: str | None = None
    member: str = ""
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One input, with what came of it."""

    filename: str
    outcomes: list[ItemOutcome] = field(default_factory=list)


class Results:
    """Inputs and outcomes in the store's file."""

    def __init__(self, broker: SqliteBroker, rejected: Topic) -> None:
        self._broker = broker
        self._db = broker.connection
        self._rejected = rejected
        with store_errors("the results"):
            self._db.executescript(_SCHEMA)
        # Inputs of this run that were known before: reported as unchanged.
        self._known: dict[str, None] = {}
        self._finished: set[str] = set()
        self._open: set[str] = {
            origin
            for (origin,) in self._execute("SELECT origin FROM flow_inputs WHERE reported = 0")
        }

    def register(self, message: Message) -> Emit | None:
        """The message to append for an input; ``None`` when it is known and was not refused."""
        envelope = Envelope.parse(message.headers)
        value = message.value or b""
        # Of the web, and parts that their sender unpacked: the same bytes may be at two places.
        places = (envelope.url, envelope.parent, envelope.member)
        origin = stable_id("origin", value, envelope.filename, *(places if any(places) else ()))
        row = self._execute(
            "SELECT reported, EXISTS ("
            " SELECT 1 FROM flow_results WHERE origin = ?1 AND reason != '')"
            " FROM flow_inputs WHERE origin = ?1",
            (origin,),
        ).fetchone()
        if row is not None and not (row[0] and row[1]):
            if row[0]:
                self._known[origin] = None
            return None
        if origin in self._open:
            return None
        headers = (*message.headers, (ORIGIN_HEADER, origin.encode()))
        return Emit(value, message.key or origin.encode(), headers)

    def submit(self, topic: Topic, batch: list[Emit]) -> None:
        """Append inputs, and remember that they are to be reported."""
        # Together: what is remembered but not queued would never be worked on, what is queued but
        # not remembered would be queued again and refused twice.
        with store_errors("the inputs"), self._broker.transaction():
            self._broker.append(topic, batch)
            for emit in batch:
                self._remember(emit)
        for emit in batch:
            origin = _origin(emit)
            self._open.add(origin)
            self._finished.discard(origin)

    def _remember(self, emit: Emit) -> None:
        origin = _origin(emit)
        self._forget_refusals(origin)
        self._execute(
            # Articles of an input that is tried again stay known: they are unchanged.
            "INSERT INTO flow_inputs VALUES (?, ?, coalesce("
            "(SELECT max(number) FROM flow_results WHERE origin = ?1), 0), 0) "
            "ON CONFLICT (origin) DO UPDATE SET after = excluded.after, reported = 0",
            (origin, _name(Envelope.parse(emit.headers))),
        )

    def observer(self, stage: str, *, last: bool) -> Callable[[Message, Outcome], None]:
        """Remembers refusals of ``stage`` and, when it is the last, articles."""

        def observe(message: Message, outcome: Outcome) -> None:
            if isinstance(outcome, Reject):
                self._refused(stage, message, outcome)
            elif last and isinstance(outcome, Emit):
                self._indexed(message)

        return observe

    def progress(self) -> tuple[int, int]:
        """Inputs of this run with a result, and all of them."""
        return len(self._finished & self._open), len(self._open)

    def report(self) -> list[Item]:
        """Every input that is not reported yet and every known one; marks them reported."""
        items = [
            Item(filename, self._outcomes(origin, after))
            for origin, filename, after in self._execute(
                "SELECT origin, filename, after FROM flow_inputs WHERE reported = 0 ORDER BY rowid"
            ).fetchall()
        ]
        for origin in self._known:
            row = self._execute(
                "SELECT filename FROM flow_inputs WHERE origin = ?", (origin,)
            ).fetchone()
            items.append(Item(row[0], self._outcomes(origin, _ALL)))
        self._execute("UPDATE flow_inputs SET reported = 1 WHERE reported = 0")
        self._known.clear()
        self._open.clear()
        self._finished.clear()
        return items

    def _execute(self, statement: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        with store_errors("the results"):
            return self._db.execute(statement, parameters)

    def _outcomes(self, origin: str, after: int) -> list[ItemOutcome]:
        """What came of an input; articles numbered up to ``after`` were reported before."""
        rows = self._execute(
            "SELECT number, article_id, revision, title, kind, of, member, reason, detail, EXISTS ("
            " SELECT 1 FROM flow_results AS other WHERE other.article_id = mine.article_id AND"
            " other.revision = mine.revision AND other.number < mine.number)"
            " FROM flow_results AS mine WHERE origin = ? ORDER BY number",
            (origin,),
        )
        outcomes: list[ItemOutcome] = []
        for number, article_id, revision, title, kind, of, member, reason, detail, seen in rows:
            status: Status = "accepted"
            if reason:
                status = "rejected"
            elif number <= after or seen:
                status = "unchanged"
            elif revision > 1:
                status = "revision"
            outcomes.append(
                ItemOutcome(status, article_id, title, kind, of, member, reason, detail)
            )
        return outcomes

    def _refused(self, stage: str, message: Message, reject: Reject) -> None:
        envelope = Envelope.parse(message.headers)
        origin = envelope.extra.get(ORIGIN_HEADER, "")
        key = rejection_key(stage, message, reject)
        member = reject.member or envelope.member
        self._insert((origin, "", 0, "", "none", None, member, reject.reason, reject.detail, key))

    def _indexed(self, message: Message) -> None:
        article = orjson.loads(message.value or b"{}")
        origin = Envelope.parse(message.headers).extra.get(ORIGIN_HEADER, "")
        duplicate = article["duplicate"]
        self._insert(
            (
                origin,
                article["article_id"],
                article["revision"],
                article["title"],
                duplicate["kind"],
                duplicate.get("of"),
                article.get("member") or "",
                "",
                "",
                "",
            )
        )

    def _insert(self, row: tuple[object, ...]) -> None:
        self._execute(
            "INSERT OR IGNORE INTO flow_results (origin, article_id, revision, title, kind, of,"
            " member, reason, detail, rejection) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        self._finished.add(str(row[0]))

    def _forget_refusals(self, origin: str) -> None:
        """An input that is tried again must not be refused twice over."""
        rows = self._execute(
            "SELECT rejection FROM flow_results WHERE origin = ? AND reason != ''", (origin,)
        ).fetchall()
        for (key,) in rows:
            self._execute(
                "DELETE FROM broker_records WHERE topic = ? AND key = ?",
                (self._rejected.name, key.encode()),
            )
        self._execute("DELETE FROM flow_results WHERE origin = ? AND reason != ''", (origin,))


def _name(envelope: Envelope) -> str:
    """What people know an input by: its file, or its address where it is of the web."""
    return envelope.filename or envelope.url


def _origin(emit: Emit) -> str:
    return dict(emit.headers)[ORIGIN_HEADER].decode()
