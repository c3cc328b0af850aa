"""Writes documents into Elasticsearch in bulk, and says what became of each.

======================================  =====================================================
outcome of an item                      what is said and done
======================================  =====================================================
2xx                                     ``indexed``
409 version conflict                    ``stale``: a newer one or the same is there
400 mapping, and other 4xx              ``rejected`` with the reason
404 index                               the month's index is made, the item sent once more
401, 403                                :class:`~shared.errors.SettingsError`: stop
429, 5xx                                ``later``: retry
transport                               :class:`~shared.errors.TransientError`: retry all
429 larger than the server ever takes   sent alone once more, then ``rejected``
400, 413 for the whole request          the batch is halved, down to the document at fault
======================================  =====================================================
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import elasticsearch
import orjson
from elasticsearch import AsyncElasticsearch

from shared.errors import SettingsError, TransientError
from shared.search.elastic_client import denied, elastic_errors, is_transient, reason_of, who
from shared.settings import RuntimeSettings

MAX_ACTIONS: Final = 500
MAX_BYTES: Final = 5_000_000
"""One request's limits. A larger document goes alone: the server's own limit is 100 MB."""

# What IndexingPressure says of a rejected operation: its size, and the limit of all.
_PRESSURE: Final = re.compile(r"primary_operation_bytes=(\d+), max_primary_bytes=(\d+)")
# What InternalEngine says of a version that is not above the stored one.
_CONFLICT: Final = re.compile(r"current version \[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Action:
    """A whole document to write under an external version."""

    index: str
    id: str
    version: int
    body: bytes

    def lines(self) -> tuple[bytes, bytes]:
        """As the bulk interface reads it."""
        head = {
            "_index": self.index,
            "_id": self.id,
            "version": self.version,
            "version_type": "external",
        }
        return orjson.dumps({"index": head}), self.body


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an action."""

    state: Literal["indexed", "stale", "rejected", "later"]
    reason: str = ""
    """Of a rejection, its code."""
    detail: str = ""
    overtaken: bool = False
    """Of a stale one, whether what is there is newer, and not the same."""


class Bulk:
    """Bulk requests over one client."""

    def __init__(
        self,
        client: AsyncElasticsearch,
        settings: RuntimeSettings,
        max_actions: int = MAX_ACTIONS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._client = client
        self._settings = settings
        self._max_actions = max_actions
        self._max_bytes = max_bytes

    async def write(self, actions: Sequence[Action]) -> list[Result]:
        """Write ``actions`` in requests within the limits; see the table above."""
        results: list[Result] = []
        for chunk in self._chunks(actions):
            results += await self._send(chunk)
        return results

    def _chunks(self, actions: Sequence[Action]) -> list[list[Action]]:
        chunks: list[list[Action]] = []
        size = 0
        for action in actions:
            length = sum(len(line) + 1 for line in action.lines())
            full = not chunks or len(chunks[-1]) >= self._max_actions
            if full or size + length > self._max_bytes:
                chunks.append([])
                size = 0
            chunks[-1].append(action)
            size += length
        return chunks

    async def _send(self, actions: Sequence[Action], create: bool = True) -> list[Result]:
        """Send one request, and what must be sent again at once."""
        try:
            items = await self._request(actions)
        except elasticsearch.ApiError as error:
            status = error.meta.status
            if status not in (400, 413):
                raise SettingsError(
                    f"{who(self._settings)}: no bulk interface here (HTTP {status}): "
                    f"{reason_of(error)}; check WIREROOM_ELASTIC_URL"
                ) from error
            if len(actions) > 1:
                middle = len(actions) // 2
                first = await self._send(actions[:middle], create)
                return first + await self._send(actions[middle:], create)
            reason = "document_too_large" if status == 413 else "index_refused"
            return [Result("rejected", reason, f"HTTP {status}: {reason_of(error)}")]
        results: list[Result | None] = []
        missing: list[int] = []
        heavy: list[int] = []
        for at, (action, item) in enumerate(zip(actions, items, strict=True)):
            result = self._result(action, item, alone=len(actions) == 1)
            if result is None:
                if item["status"] == 404 and not create:
                    result = Result(
                        "later", detail=f"the index {action.index} is made and gone again"
                    )
                else:
                    (missing if item["status"] == 404 else heavy).append(at)
            results.append(result)
        for index in sorted({actions[at].index for at in missing}):
            await self._create(index)
        if missing:
            again = await self._send([actions[at] for at in missing], create=False)
            for at, result in zip(missing, again, strict=True):
                results[at] = result
        for at in heavy:
            (results[at],) = await self._send([actions[at]], create)
        return [result for result in results if result is not None]

    def _result(self, action: Action, item: dict[str, Any], alone: bool) -> Result | None:
        """What became of one item; ``None`` where it is to be sent once more."""
        status = int(item["status"])
        why = _why(item)
        if status < 300:
            return Result("indexed")
        if status == 409:
            current = _CONFLICT.search(why)
            same = current is not None and int(current[1]) == action.version
            return Result("stale", detail=why, overtaken=not same)
        if status in (401, 403):
            raise denied(self._settings, status, why)
        if status == 429 and _exceeds_memory(why):
            return Result("rejected", "document_too_large", why) if alone else None
        if is_transient(status):
            return Result("later", detail=f"HTTP {status}: {why}")
        if status == 404:
            return None
        return Result("rejected", "index_refused", why)

    async def _request(self, actions: Sequence[Action]) -> list[dict[str, Any]]:
        # The client takes lines that are serialised already, though its types do not say so.
        lines: list[Any] = [line for action in actions for line in action.lines()]
        with elastic_errors(self._settings):
            response = await self._client.bulk(operations=lines)
        return [next(iter(item.values())) for item in response["items"]]

    async def _create(self, index: str) -> None:
        """Make a month's index; another indexer may have been quicker."""
        try:
            with elastic_errors(self._settings):
                await self._client.indices.create(index=index)
        except elasticsearch.BadRequestError as error:
            if "resource_already_exists_exception" not in reason_of(error):
                raise TransientError(
                    f"{self._settings.elastic_url}: the index {index} cannot be made: "
                    f"{reason_of(error)}"
                ) from error


def _exceeds_memory(why: str) -> bool:
    """Whether one operation needs more memory than the server grants all of them.

    The server says "try again" of it, which would hold up everything behind it for ever; the
    limit is its setting ``indexing_pressure.memory.primary.limit``.
    """
    sizes = _PRESSURE.search(why)
    return sizes is not None and int(sizes[1]) > int(sizes[2])


def _why(item: dict[str, Any]) -> str:
    error = item.get("error")
    if not isinstance(error, dict):
        return str(error or "")
    why = f"{error.get('type')}: {error.get('reason')}"
    cause = error.get("caused_by")
    if isinstance(cause, dict) and cause.get("reason"):
        why += f" ({cause['reason']})"
    return why
