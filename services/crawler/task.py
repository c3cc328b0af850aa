"""What there is to fetch: something asked for once, or a source that is polled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import orjson

from services.crawler import source_state
from services.crawler.ports import Change
from services.crawler.source_state import SourceState
from services.crawler.sources import Source
from shared.errors import PermanentError
from shared.fetching import FetchRequest, host_of

PREFIX: Final = b"t:"
"""Keys of what was asked for once."""
_VERSION: Final = 1


@dataclass(slots=True, eq=False)
class Task:
    """One thing to fetch. The request is kept as JSON: 100,000 of them fit into 100 MB."""

    key: bytes
    partition: int
    url: str
    """What is fetched next: the request's URL, or where a redirect on its host leads."""
    due: float
    request: bytes
    tries: int = 0
    poll: Poll | None = None
    hops: tuple[str, ...] = ()
    """URLs on this host that led to :attr:`url`; forgotten in a crash."""
    permanent: bool = True
    """Whether all of these were redirected for good."""
    running: bool = False
    """Under way, or done and not yet written down."""
    gone: bool = False
    """Not wanted any more; it stands in a queue that cannot be searched."""
    again: bool = False
    """Asked for again, with force, while it was under way."""

    @property
    def host(self) -> str:
        """The host that it is on."""
        return host_of(self.url)

    def restart(self, due: float) -> None:
        """Begin anew at ``due``, from the URL that was asked for."""
        self.due, self.hops, self.permanent = due, (), True
        self.url = self.poll.state.url if self.poll else self.read().url

    def read(self) -> FetchRequest:
        """The request."""
        return FetchRequest.model_validate_json(self.request)

    def encode(self) -> bytes:
        """The value for the store."""
        fields = {"v": _VERSION, "due": self.due, "tries": self.tries}
        return orjson.dumps({**fields, "request": orjson.Fragment(self.request)})


@dataclass(slots=True, eq=False)
class Poll:
    """A source's part of a task. ``source`` is as declared; several states may belong to it."""

    source: Source
    state: SourceState
    key: bytes
    """Of the state in the store."""

    def change(self) -> Change:
        """The state, to be written."""
        return self.key, source_state.encode(self.state)


def key_of(url: str) -> bytes:
    """The key of a task, by its URL without the fragment."""
    return PREFIX + url_hash(url)


def url_hash(url: str) -> bytes:
    """16 bytes that stand for a URL."""
    text = url.partition("#")[0].encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).digest()


def task_of(request: FetchRequest, partition: int, now: float) -> Task:
    """The task that ``request`` asks for."""
    return Task(key_of(request.url), partition, request.url, now, request.encode())


def poll_of(source: Source, state: SourceState, key: bytes, partition: int) -> Task:
    """The task of polling ``source`` at the address of ``state``."""
    request = FetchRequest(
        url=state.url,
        kind=kind_of(source, state),
        source=source.name,
        referrer=state.found_by or None,
    )
    task = Task(key, partition, state.url, state.next_due, request.encode())
    task.poll = Poll(source, state, key)
    return task


def kind_of(source: Source, state: SourceState) -> Any:
    """How the address of ``state`` is to be read."""
    return state.kind if state.found_by else source.kind


def decode(key: bytes, value: bytes, partition: int) -> Task:
    """A task from the store; raises :class:`ValueError` for what this program cannot read."""
    data: Any = orjson.loads(value)
    if not isinstance(data, dict) or data.get("v") != _VERSION:
        raise ValueError("not a task of version 1")
    try:
        request = FetchRequest.read(orjson.dumps(data["request"]))
        due, tries = data["due"], data["tries"]
        if not isinstance(due, float | int) or not isinstance(tries, int):
            raise TypeError("a task without its time")
        return Task(key, partition, request.url, float(due), request.encode(), tries)
    except (KeyError, TypeError, PermanentError) as error:
        raise ValueError(str(error)) from None
