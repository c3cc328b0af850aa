"""The rules of one robots.txt for one product, read by protego within bounds.

Protego matches without backtracking, but keeps a copy of each rule for each agent that a group
names: 1,500 agents and as many rules, 40 KB, take it five seconds. So it is given what concerns
the product alone, which also keeps little in memory. And a verdict costs the number of rules with
wildcards times the length of the URL: past a bound the URL counts as disallowed.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections import OrderedDict
from typing import Final

from protego import Protego

MAX_BYTES: Final = 500 * 1024
"""Bytes of a robots.txt that count (RFC 9309, 2.5, asks for at least these)."""
MAX_WORK: Final = 8_000_000
"""Rules with wildcards times characters of a URL; about 20 ms. 500 KiB hold some 45,000 rules, so
that no URL of up to 170 characters is concerned."""

_CACHED = 4 * 1024 * 1024  # of text; read, it takes some thirty times as much
_OVERHEAD = 256
_AGENTS = frozenset({"user-agent", "useragent", "user agent"})
_RULE = re.compile(r"(?:dis)?allow\s*:|crawl-delay\s*:", re.IGNORECASE)


class Rules:
    """What concerns one product in one robots.txt."""

    def __init__(self, text: str, product: str) -> None:
        relevant = relevant_to(text, product)
        self.size = _OVERHEAD + len(relevant)
        self._wildcards = sum("*" in line for line in relevant.splitlines())
        self._product = product
        self._read = Protego.parse(relevant)

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """As written, each once."""
        return tuple(dict.fromkeys(self._read.sitemaps))

    @property
    def crawl_delay(self) -> float | None:
        """In seconds."""
        return self._read.crawl_delay(self._product)

    def allowed(self, url: str) -> bool:
        """The verdict on ``url``; what is no URL is not allowed."""
        if self._wildcards * len(url) > MAX_WORK:
            return False
        try:
            return bool(self._read.can_fetch(url, self._product))
        except ValueError:
            return False


def cut(body: bytes) -> bytes:
    """What counts of a file; a line that would be cut through does not."""
    if len(body) <= MAX_BYTES:
        return body
    lines = body[:MAX_BYTES]
    end = max(lines.rfind(b"\n"), lines.rfind(b"\r"))
    return lines[: end + 1]


def unpack(packed: bytes) -> bytes:
    """The file that was packed. Raises :class:`ValueError`."""
    try:
        return zlib.decompressobj().decompress(packed, MAX_BYTES)
    except zlib.error as error:
        raise ValueError(f"a robots.txt of the state is broken: {error}") from None


def rules_for(packed: bytes, product: str) -> Rules:
    """The rules in ``packed``, a deflated file of at most :data:`MAX_BYTES`.

    Those used lately are kept, up to a size in all. Raises :class:`ValueError`.
    """
    rules = _cache.get(packed, product)
    if rules is None:
        rules = Rules(unpack(packed).decode("utf-8-sig", errors="replace"), product)
        _cache.put(packed, product, rules)
    return rules


class _Cache:
    """The rules used last, up to a size in all; threads may use it at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[tuple[bytes, str], Rules] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, packed: bytes, product: str) -> Rules | None:
        with self._lock:
            rules = self._kept.get((packed, product))
            if rules is not None:
                self._kept.move_to_end((packed, product))
            return rules

    def put(self, packed: bytes, product: str, rules: Rules) -> None:
        with self._lock:
            replaced = self._kept.pop((packed, product), None)
            self._size += rules.size - (replaced.size if replaced else 0)
            self._kept[packed, product] = rules
            while self._size > self._most and len(self._kept) > 1:
                self._size -= self._kept.popitem(last=False)[1].size


_cache = _Cache(_CACHED)


def relevant_to(text: str, product: str) -> str:
    """``text`` without what concerns other agents; protego's verdicts on ``product`` are the same.

    A line that names another agent still ends the group before it, so it stays as one that names
    none. Whatever is not surely a rule for others stays as it is.
    """
    product = product.lower()
    kept: list[str] = []
    ours = False  # whether an agent of the current group is ours
    ruled = False  # whether a rule has been seen since the last agent
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        agent = _agent(line)
        if agent is not None:
            if ruled:
                ours = ruled = False
            applies = _applies(agent, product)
            ours |= applies
            line = f"User-agent: {agent}" if applies else "User-agent:"
        elif _RULE.match(line):
            ruled = True
            if not ours:
                continue
        if line != "User-agent:" or not kept or kept[-1] != line:
            kept.append(line)
    return "\n".join(kept)


def _agent(line: str) -> str | None:
    """The agent that ``line`` names, in lower case; ``None`` when it is no such line.

    As lenient as protego: ``User agent: x`` and ``User-agent x`` count.
    """
    field, colon, value = line.partition(":")
    agent: str | None = None
    if colon and field.strip().lower() in _AGENTS:
        agent = value
    elif not colon or (value and not value[0].isspace()):
        words = line.split()
        for count in (1, 2):
            if " ".join(words[:count]).lower() in _AGENTS:
                agent = " ".join(words[count:])
                break
    if agent is None:
        return None
    agent = agent.strip().lower()
    # Wildcards beside others mean nothing there.
    return agent if agent == "*" else agent.replace("*", "")


def _applies(agent: str, product: str) -> bool:
    """Whether protego may take ``agent`` for ``product``: a word of it begins so."""
    if agent == "*":
        return True
    if not agent or agent not in product:
        return False
    return re.search(rf"(?<![\w-]){re.escape(agent)}", product) is not None
