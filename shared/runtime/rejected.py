"""Rejections: what is refused keeps its bytes, its headers, its place and the reason.

The caps stop a service that refuses nearly everything: a wrong deployment must not empty a topic
into the dead letters. They are checked before the rejections are published, so that at the cap
nothing of the batch is lost or written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.errors import RejectionCapReached
from shared.events import Envelope, Headers, Message, format_time
from shared.runtime.ports import Clock
from shared.runtime.stage import Emit, Reject
from shared.text import stable_id

PREFIX = "rejected-"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record of ``news.rejected``, read back."""

    id: str
    stage: str
    reason: str
    detail: str
    place: str
    member: str
    time: str
    value: bytes
    headers: Headers
    """The original message's headers."""

    @property
    def filename(self) -> str:
        """The file that it came in, or empty."""
        return Envelope.parse(self.headers).filename


def rejection_key(stage: str, message: Message, reject: Reject) -> str:
    """The same whenever the same message is refused for the same reason.

    A message that a stage wrote twice, being delivered again itself, stands at two places: it is
    known by its event id and all else that it holds. One without an id is known by its place.
    """
    if not Envelope.parse(message.headers).id:
        return stable_id(stage, message.place, reject.member, reject.reason)
    held = [part for name, value in message.headers for part in (name, value or b"")]
    return stable_id(
        stage, reject.member, reject.reason, message.key or b"", message.value or b"", *held
    )


def rejection_message(stage: str, message: Message, reject: Reject, clock: Clock) -> Emit:
    """The record for one refusal, keyed by :func:`rejection_key`."""
    whole = reject.data is None
    value = (message.value or b"") if reject.data is None else reject.data
    key = rejection_key(stage, message, reject)
    facts = {
        "id": key,
        "stage": stage,
        "reason": reject.reason,
        "detail": reject.detail[:4000],
        "place": message.place,
        "member": reject.member[:4000],
        "part": "whole" if whole else "part",
        "time": format_time(datetime.fromtimestamp(clock.time(), UTC)),
    }
    headers = [
        *message.headers,
        *((PREFIX + name, text.encode("utf-8", "replace")) for name, text in facts.items()),
    ]
    if message.value is None:
        headers.append((PREFIX + "null", b"1"))
    return Emit(value, key.encode(), tuple(headers))


def read_rejection(message: Message) -> Rejection:
    """A record of ``news.rejected`` as an object; absent facts are empty."""
    facts = {
        name.removeprefix(PREFIX): (raw or b"").decode("utf-8", "replace")
        for name, raw in message.headers
        if name.startswith(PREFIX)
    }
    return Rejection(
        id=facts.get("id", ""),
        stage=facts.get("stage", ""),
        reason=facts.get("reason", ""),
        detail=facts.get("detail", ""),
        place=facts.get("place", ""),
        member=facts.get("member", ""),
        time=facts.get("time", ""),
        value=message.value or b"",
        headers=tuple(pair for pair in message.headers if not pair[0].startswith(PREFIX)),
    )


class RejectionCaps:
    """Counts messages, wholly refused or not; tells when too many are refused.

    ``run``: so many in a row. ``share`` of the last ``window`` messages, once the window is full.
    """

    def __init__(self, run: int, share: float, window: int) -> None:
        self._run_cap = run
        self._share_cap = share
        self._window: deque[bool] = deque(maxlen=window)
        self._run = 0

    def add(self, refused: Sequence[bool]) -> None:
        """Count a batch; raises :class:`RejectionCapReached` telling which cap."""
        for one in refused:
            self._run = self._run + 1 if one else 0
            self._window.append(one)
            if self._run >= self._run_cap:
                raise RejectionCapReached(f"{self._run} messages were refused in a row")
            full = len(self._window) == self._window.maxlen
            count = sum(self._window) if full and one else 0
            if count > self._share_cap * len(self._window):
                raise RejectionCapReached(
                    f"{count} of the last {len(self._window)} messages were refused"
                )
