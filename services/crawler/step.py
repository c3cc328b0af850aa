"""One task at the moment of its answer, and by what names things are remembered."""

from __future__ import annotations

from services.crawler import taken
from services.crawler.partition import Partition
from services.crawler.ports import Change
from services.crawler.task import Task
from shared.fetching import FetchRequest


class Step:
    """A task at the moment of its answer."""

    __slots__ = ("chain", "changes", "now", "partition", "request", "task")

    def __init__(
        self,
        task: Task,
        request: FetchRequest,
        partition: Partition,
        changes: list[Change],
        now: float,
    ) -> None:
        self.task = task
        self.request = request
        self.partition = partition
        self.changes = changes
        self.now = now
        self.chain = [*request.redirects, *task.hops, task.url]


def forget_poll(partition: Partition, task: Task) -> list[Change]:
    """Remove a source's state and memory."""
    assert task.poll is not None
    task.gone = True
    partition.polls.pop(task.poll.key, None)
    partition.states.pop(task.poll.key, None)
    memory = taken.key(task.poll.state.name, task.poll.state.url)
    partition.memories.pop(memory, None)
    return [(task.poll.key, None), (memory, None)]


def read_name(request: FetchRequest) -> str:
    """What a feed or a sitemap that was read is remembered by, apart from pages."""
    return f"{request.kind} {request.url}"


def memory_key(request: FetchRequest) -> bytes:
    """Where the state keeps what was taken of what ``request`` asks for."""
    return taken.key(request.source or "", request.url)
