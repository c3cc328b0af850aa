"""robots.txt: what a host lets us fetch (RFC 9309), and how long that counts."""

from __future__ import annotations

import asyncio
import base64
import re
import zlib
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import urljoin

import orjson

from services.crawler.answers import MAX_AGE
from services.crawler.ports import UNCONDITIONAL, Answer, Client, Conditions, FetchFailed
from services.crawler.rules import cut, rules_for, unpack

MAX_REDIRECTS: Final = 5
"""RFC 9309, 2.3.1.2."""
LIFETIME: Final = 86_400.0
"""Seconds a robots.txt counts at most (RFC 9309, 2.4)."""
SHORTEST: Final = 600.0
"""Seconds one counts at least, lest every page cost a request for it."""
GIVEN_UP: Final = 30 * 86_400.0
"""Seconds after which one that was never reached counts as absent (RFC 9309, 2.3.1.4)."""

_RETRY = (300.0, 21_600.0)
_LARGE = 64 * 1024
_VERSION = 1
_NEVER = re.compile(r"(?:^|[\s,])no-(?:store|cache)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Robots:
    """A robots.txt as it stands at one time. Times are Unix times in seconds.

    ``kind``: there are ``rules``; there are ``none``, all is allowed; or the file is
    ``unreachable`` and was never seen, nothing is allowed.
    """

    kind: Literal["rules", "none", "unreachable"]
    fetched_at: float
    """When it was asked for, the last time that an answer could be used."""
    expires_at: float
    """When to ask again."""
    packed: bytes = b""
    """The file, cut to 500 KiB and deflated: hosts are many, and each keeps its own."""
    url: str = ""
    """Where it was found, after redirects; its validators count there."""
    validators: Conditions = UNCONDITIONAL
    failing_since: float | None = None
    """When asking again began to fail; what was known before goes on counting."""
    problem: str = ""
    """Why it cannot be reached, for a person."""

    @property
    def unreachable(self) -> bool:
        """Whether nothing is allowed because the file could not be had."""
        return self.kind == "unreachable"

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """URLs of sitemaps it names, as written, each once."""
        return rules_for(self.packed, "").sitemaps if self.kind == "rules" else ()

    def expired(self, now: float) -> bool:
        """Whether it is time to ask again."""
        return now >= self.expires_at

    def allowed(self, url: str, product: str) -> bool:
        """Whether ``product``, a product token such as ``Wireroom``, may fetch ``url``.

        The longest matching rule decides (RFC 9309, 2.2.2).
        """
        if self.kind == "rules":
            return rules_for(self.packed, product).allowed(url)
        return self.kind == "none"

    def crawl_delay(self, product: str) -> float | None:
        """Seconds between two requests that it asks of ``product``, if it does."""
        return rules_for(self.packed, product).crawl_delay if self.kind == "rules" else None

    def encode(self) -> bytes:
        """As JSON, for the state."""
        return orjson.dumps(
            {
                "v": _VERSION,
                "kind": self.kind,
                "fetched_at": self.fetched_at,
                "expires_at": self.expires_at,
                "packed": base64.b64encode(self.packed).decode("ascii"),
                "url": self.url,
                "etag": self.validators.etag,
                "last_modified": self.validators.last_modified,
                "failing_since": self.failing_since,
                "problem": self.problem,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Robots:
        """Of :meth:`encode`. Raises :class:`ValueError`."""
        try:
            read = orjson.loads(data)
            if read["v"] != _VERSION or read["kind"] not in ("rules", "none", "unreachable"):
                raise ValueError("a robots.txt of another version")
            since = read["failing_since"]
            packed = base64.b64decode(read["packed"], validate=True)
            if packed:
                unpack(packed)
            return cls(
                kind=read["kind"],
                fetched_at=float(read["fetched_at"]),
                expires_at=float(read["expires_at"]),
                packed=packed,
                url=str(read["url"]),
                validators=Conditions(str(read["etag"]), str(read["last_modified"])),
                failing_since=None if since is None else float(since),
                problem=str(read["problem"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no robots.txt of the state: {error!r}") from None


def read_robots(
    outcome: Answer | FetchFailed,
    now: float,
    lifetime: float = LIFETIME,
    earlier: Robots | None = None,
) -> Robots:
    """What an answer to the request for a robots.txt means, or that none came.

    200 and 204 are its rules; 304 renews ``earlier``. 4xx: there are none (RFC 9309, 2.3.1.3),
    but for 429, which tells of too many requests, not of a missing file, and counts with 5xx. 5xx,
    anything else unforeseen and no answer: ``earlier`` goes on counting (2.3.1.4); without one
    nothing is allowed, and after 30 days of that everything is.
    """
    if isinstance(outcome, FetchFailed):
        return _unreachable(str(outcome), now, earlier)
    status = outcome.status
    if status == 304 and earlier is not None and earlier.kind == "rules":
        return replace(
            earlier,
            fetched_at=now,
            expires_at=_expiry(outcome, now, lifetime),
            failing_since=None,
            problem="",
        )
    if status in (200, 204):
        return Robots(
            kind="rules",
            fetched_at=now,
            expires_at=_expiry(outcome, now, lifetime),
            packed=zlib.compress(cut(outcome.body)),
            url=outcome.url,
            validators=Conditions(outcome.header("etag"), outcome.header("last-modified")),
        )
    # A redirect that leads nowhere, or ever on, counts as absent too (2.3.1.2).
    if (400 <= status < 500 and status != 429) or 300 <= status < 304 or status in (307, 308):
        return Robots("none", now, _expiry(outcome, now, lifetime), url=outcome.url)
    return _unreachable(f"it answered {status}", now, earlier)


async def fetch_robots(
    client: Client,
    origin: str,
    earlier: Robots | None,
    now: float,
    lifetime: float = LIFETIME,
    *,
    product: str = "",
) -> Robots:
    """The robots.txt of ``origin``, a URL of which scheme, host and port count.

    Up to five redirects are followed, to other hosts too. What was there before is asked for with
    its validators. Never raises :class:`FetchFailed`: that is an outcome as well. A large file is
    read for ``product`` at once, in a thread, so that its first verdict keeps nobody waiting.
    """
    url = urljoin(origin, "/robots.txt")
    try:
        answer = await _asked(client, url, earlier)
        for _ in range(MAX_REDIRECTS):
            if not answer.location:
                break
            answer = await _asked(client, answer.location, earlier)
    except FetchFailed as failed:
        return read_robots(failed, now, lifetime, earlier)
    robots = read_robots(answer, now, lifetime, earlier)
    if product and len(answer.body) > _LARGE:
        await asyncio.to_thread(rules_for, robots.packed, product)
    return robots


async def _asked(client: Client, url: str, earlier: Robots | None) -> Answer:
    known = earlier is not None and earlier.kind == "rules" and earlier.url == url
    conditions = earlier.validators if earlier is not None and known else UNCONDITIONAL
    return await client.get(url, conditions)


def _unreachable(problem: str, now: float, earlier: Robots | None) -> Robots:
    since = now
    if earlier is not None and earlier.failing_since is not None:
        since = earlier.failing_since
    # As long again as it has been failing.
    again = now + min(max(now - since, _RETRY[0]), _RETRY[1])
    if earlier is not None and earlier.kind != "unreachable":
        return replace(earlier, expires_at=again, failing_since=since, problem=problem)
    kind: Literal["none", "unreachable"] = "none" if now - since > GIVEN_UP else "unreachable"
    return Robots(kind, now, again, failing_since=since, problem=problem)


def _expiry(answer: Answer, now: float, lifetime: float) -> float:
    """By Cache-Control, less the Age in caches on the way, within our own bounds."""
    control = answer.header("cache-control")
    seconds = lifetime
    told = MAX_AGE.search(control)
    if told:
        age = answer.header("age")
        seconds = int(told[1]) - (int(age) if age.isascii() and age.isdigit() else 0)
    if _NEVER.search(control):
        seconds = 0
    return now + min(max(seconds, SHORTEST), lifetime)
