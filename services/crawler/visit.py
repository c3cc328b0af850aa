"""One turn of a host: a request to it, at most, and what the answer means for its pace."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.crawler import pace as pacing
from services.crawler.frontier import Frontier, Host
from services.crawler.partition import ROBOTS, Partition
from services.crawler.ports import UNCONDITIONAL, Answer, Change, Client, Conditions, FetchFailed
from services.crawler.robots import Robots, fetch_robots
from services.crawler.settings import CrawlerSettings
from services.crawler.task import Task
from shared import metrics
from shared.fetching import host_of, partition_of
from shared.runtime.ports import Clock

_OVERLOADED: Final = frozenset((429, 503))
_AGAIN: Final = frozenset((408, 425, 429))
_CODE = re.compile(r"([a-z]+_[a-z_]+): ")
_FINAL: Final = frozenset(("private_address", "invalid_url"))
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable answer. ``again`` tells whether trying later may help."""

    reason: str
    detail: str
    again: bool
    denied: bool = False
    """robots.txt does not allow it."""
    until: float = 0.0
    """It makes no sense to try before, Unix seconds."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """The server names another URL; ``permanent`` is for 301 and 308."""

    url: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """The turn went to robots.txt; the task itself comes next."""


Result = Answer | Failure | Redirect | Wait
"""An :class:`Answer` has status 200 or 304."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of a turn, and state of the host to be written."""

    result: Result
    changes: list[Change]


class Visits:
    """Makes the requests of all hosts."""

    def __init__(
        self,
        settings: CrawlerSettings,
        client: Client,
        clock: Clock,
        frontier: Frontier,
        partitions: int,
    ) -> None:
        self._settings = settings
        self._client = client
        self._clock = clock
        self._frontier = frontier
        self._partitions = partitions

    async def visit(
        self, host: Host, task: Task, partition: Partition, conditions: Conditions
    ) -> Turn:
        """One request to ``host``, or none where its robots.txt is in the way.

        The host is free again when this returns or raises.
        """
        now = self._clock.time()
        origin = origin_of(task.url)
        robots = partition.robots.get(origin)
        if robots is not None:
            self._apply(host, robots)
        host.pace.wait_until(partition.opened + host.pace.delay)
        if host.pace.ready_at > now:  # there is reason for more patience than was known
            return Turn(Wait(), [])
        if robots is None or robots.expired(now):
            return await self._robots(host, origin, partition, robots)
        if robots.unreachable:
            return Turn(_unreachable(origin, robots), [])
        if not robots.allowed(task.url, self._settings.product):
            detail = f"{origin}/robots.txt does not allow it"
            return Turn(Failure("robots_denied", detail, False, denied=True), [])
        host.pace.begin(now)
        try:
            try:
                answer = await self._client.get(task.url, conditions)
            finally:
                now = self._clock.time()
                host.pace.end(now)
        except FetchFailed as failed:
            metrics.FETCHES.labels(failed.reason).inc()
            if failed.reason == "timed_out":
                host.pace.overloaded(now)
            failure = Failure(failed.reason, failed.detail, failed.again)
            return Turn(failure, self._slowed(host, partition))
        metrics.FETCHES.labels(str(answer.status)).inc()
        metrics.FETCHED_BYTES.inc(len(answer.body))
        self.heed(host, answer)
        return Turn(_meaning(answer, conditions), self._slowed(host, partition))

    def _apply(self, host: Host, robots: Robots) -> None:
        asked = robots.crawl_delay(self._settings.product) or 0.0
        host.pace.ask(max(self._settings.delay, asked))

    async def _robots(
        self, host: Host, origin: str, partition: Partition, earlier: Robots | None
    ) -> Turn:
        now = self._clock.time()
        client = _Polite(self, host)
        host.pace.begin(now)
        try:
            robots = await fetch_robots(
                client,
                origin,
                earlier,
                now,
                self._settings.robots_lifetime,
                product=self._settings.product,
            )
            partition.robots[origin] = robots
            self._apply(host, robots)
        finally:
            host.pace.end(self._clock.time())
        failed = client.failed
        changes: list[Change] = [(ROBOTS + origin.encode(), robots.encode())]
        changes += self._slowed(host, partition)
        if robots.unreachable and failed is not None and not failed.again:
            return Turn(Failure(failed.reason, failed.detail, again=False), changes)
        return Turn(Wait(), changes)

    def _slowed(self, host: Host, partition: Partition) -> list[Change]:
        value = host.pace.encode()
        if value is not None:
            partition.slowed[host.name] = (host.pace.delay, host.pace.ready_at)
        elif partition.slowed.pop(host.name, None) is None:
            return []
        return [(pacing.key(host.name), value)]

    async def elsewhere(self, url: str, limit: int | None) -> Answer:
        """GET of a robots.txt at another host, at that host's pace."""
        name = host_of(url)
        other = self._frontier.host(name, partition_of(name, self._partitions))
        last = self._clock.time() + self._settings.total_timeout
        while other.taken or other.pace.busy or other.pace.ready_at > self._clock.time():
            now = self._clock.time()
            if max(now, other.pace.ready_at) > last:
                raise FetchFailed("timed_out", f"{url}: its host is busy", again=True)
            await self._clock.sleep(max(0.05, other.pace.ready_at - now))
            other = self._frontier.host(name, other.partition)
        other.pace.begin(self._clock.time())
        try:
            return await self._client.get(url, limit=limit)
        finally:
            other.pace.end(self._clock.time())
            self._frontier.offer(other)

    async def here(self, host: Host, url: str, conditions: Conditions, limit: int | None) -> Answer:
        """GET of a robots.txt at the host whose turn it is."""
        answer = await self._client.get(url, conditions, limit=limit)
        self.heed(host, answer)
        return answer

    def heed(self, host: Host, answer: Answer) -> None:
        """Slow down where the answer asks for it."""
        if answer.status in _OVERLOADED:
            now = self._clock.time()
            host.pace.overloaded(now, pacing.retry_after(answer.header("retry-after"), now))
        else:
            host.pace.fine()

    async def pause(self, host: Host) -> None:
        """Wait between two requests of one turn."""
        await self._clock.sleep(host.pace.delay)


class _Polite:
    """A client that keeps the pace while redirects of robots.txt are followed."""

    def __init__(self, visits: Visits, host: Host) -> None:
        self._visits = visits
        self._host = host
        self._first = True
        self.failed: FetchFailed | None = None
        """Why the last request had no answer."""

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def get(
        self, url: str, conditions: Conditions = UNCONDITIONAL, *, limit: int | None = None
    ) -> Answer:
        """GET ``url`` when its host may be asked."""
        try:
            if host_of(url) != self._host.name:
                return await self._visits.elsewhere(url, limit)
            if not self._first:
                await self._visits.pause(self._host)
            self._first = False
            return await self._visits.here(self._host, url, conditions, limit)
        except FetchFailed as failed:
            self.failed = failed
            raise


def origin_of(url: str) -> str:
    """Scheme, host and port: what one robots.txt is for."""
    scheme = urlsplit(url).scheme.lower()
    return f"{scheme}://{host_of(url)}"


def _unreachable(origin: str, robots: Robots) -> Failure:
    """Why there is no robots.txt: of the network's own failures the reason is kept."""
    code = _CODE.match(robots.problem)
    return Failure(
        code[1] if code else "robots_unreachable",
        f"{origin}/robots.txt: {robots.problem}",
        again=not (code and code[1] in _FINAL),
        until=robots.expires_at,
    )


def _meaning(answer: Answer, conditions: Conditions) -> Result:
    status = answer.status
    if status == 200 or (status == 304 and conditions != UNCONDITIONAL):
        return answer
    if status in _REDIRECTS and answer.location:
        return Redirect(answer.location, status in (301, 308))
    again = status >= 500 or status in _AGAIN
    return Failure(f"http_{status}", f"{answer.url} answered {status}", again)
