"""Writes documents into Elasticsearch, and says what became of each.

======================================  =====================================================
outcome of an item                      what is done
======================================  =====================================================
2xx                                     done
409 version conflict                    stale: a newer one or the same is there; done, counted
400 mapping, and other 4xx              :class:`~shared.errors.PermanentError` with the reason
404 index                               the month's index is made, the item sent once more
401, 403                                :class:`~shared.errors.SettingsError`: stop
429, 5xx, transport                     :class:`~shared.errors.TransientError`: retry
429 larger than the server ever takes   sent alone once more, then a ``PermanentError``
400, 413 for the whole request          the batch is halved, down to the document at fault
======================================  =====================================================
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import elasticsearch
import orjson
from elasticsearch import AsyncElasticsearch

from services.indexer.stage import INDEX_HEADER, OPERATION_HEADER, VERSION_HEADER
from shared.errors import PermanentError, SettingsError, StoreError, TransientError
from shared.runtime.stage import Emit
from shared.search.elastic_client import (
    connect,
    denied,
    elastic_errors,
    is_transient,
    reason_of,
    who,
)
from shared.settings import RuntimeSettings

log = logging.getLogger(__name__)

MAX_ACTIONS: Final = 500
MAX_BYTES: Final = 5_000_000
"""One request's limits. A larger document goes alone: the server's own limit is 100 MB."""

# What IndexingPressure says of a rejected operation: its size, and the limit of all.
_PRESSURE: Final = re.compile(r"primary_operation_bytes=(\d+), max_primary_bytes=(\d+)")


@dataclass(frozen=True, slots=True)
class _Action:
    """One document to write; ``at`` is its place among the messages."""

    at: int
    index: str
    lines: tuple[bytes, bytes]

    @property
    def size(self) -> int:
        return len(self.lines[0]) + len(self.lines[1]) + 2


class ElasticPublisher:
    """A :class:`~shared.runtime.ports.Publisher` of what ``IndexDocument`` emits.

    Whole documents with external versions: writing one again is stale, never a second copy.
    ``outcomes`` counts ``indexed``, ``stale`` and ``rejected``; what is written again after a
    transient error counts as stale the second time.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        on_outcome: Callable[[str, int], None] | None = None,
        *,
        max_actions: int = MAX_ACTIONS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._settings = settings
        self._on_outcome = on_outcome
        self._max_actions = max_actions
        self._max_bytes = max_bytes
        self._client: AsyncElasticsearch | None = None
        self.outcomes: Counter[str] = Counter()

    async def start(self) -> None:
        """Make the client, and try the credentials where the server answers.

        Raises :class:`SettingsError` when they are refused. A server that is away may come later:
        it is asked again with the first batch.
        """
        if self._client is None:
            self._client = connect(self._settings)
            try:
                with elastic_errors(self._settings):
                    await self._client.cluster.health()
            except (TransientError, elasticsearch.ApiError) as error:
                log.warning("the index is away: %s", error)
            except BaseException:
                await self.stop()
                raise

    async def stop(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        """Write ``messages``; see the table above and :class:`~shared.runtime.ports.Publisher`."""
        results: list[PermanentError | None] = [None] * len(messages)
        later: list[str] = []
        for chunk in self._chunks([_action(at, emit) for at, emit in enumerate(messages)]):
            later += await self._write(chunk, results)
        if later:
            raise TransientError(
                f"{self._settings.elastic_url}: {len(later)} of {len(messages)} documents were "
                f"not taken now: {later[0]}"
            )
        return results

    def _chunks(self, actions: Sequence[_Action]) -> list[list[_Action]]:
        chunks: list[list[_Action]] = []
        size = 0
        for action in actions:
            full = not chunks or len(chunks[-1]) >= self._max_actions
            if full or size + action.size > self._max_bytes:
                chunks.append([])
                size = 0
            chunks[-1].append(action)
            size += action.size
        return chunks

    async def _write(
        self,
        actions: Sequence[_Action],
        results: list[PermanentError | None],
        create: bool = True,
    ) -> list[str]:
        """Send one request; fills ``results`` and returns why some must be sent again."""
        try:
            items = await self._bulk(actions)
        except elasticsearch.ApiError as error:
            status = error.meta.status
            if status not in (400, 413):
                raise SettingsError(
                    f"{who(self._settings)}: no bulk interface here (HTTP {status}): "
                    f"{reason_of(error)}; check WIREROOM_ELASTIC_URL"
                ) from error
            if len(actions) > 1:
                middle = len(actions) // 2
                first = await self._write(actions[:middle], results, create)
                return first + await self._write(actions[middle:], results, create)
            reason = "document_too_large" if status == 413 else "index_refused"
            self._reject(results, actions[0], reason, f"HTTP {status}: {reason_of(error)}")
            return []
        later: list[str] = []
        missing: list[_Action] = []
        heavy: list[_Action] = []
        for action, item in zip(actions, items, strict=True):
            status = int(item["status"])
            why = _why(item)
            if status < 300:
                self._count("indexed")
            elif status == 409:
                self._count("stale")
            elif status in (401, 403):
                raise denied(self._settings, status, why)
            elif status == 429 and _exceeds_memory(why):
                if len(actions) > 1:
                    heavy.append(action)
                else:
                    self._reject(results, action, "document_too_large", why)
            elif is_transient(status):
                later.append(f"HTTP {status}: {why}")
            elif status == 404 and create:
                missing.append(action)
            elif status == 404:
                later.append(f"the index {action.index} is made and gone again: {why}")
            else:
                self._reject(results, action, "index_refused", why)
        if missing:
            for index in sorted({action.index for action in missing}):
                await self._create(index)
            later += await self._write(missing, results, create=False)
        for action in heavy:
            later += await self._write([action], results, create)
        return later

    async def _bulk(self, actions: Sequence[_Action]) -> list[dict[str, Any]]:
        # The client takes lines that are serialised already, though its types do not say so.
        lines: list[Any] = [line for action in actions for line in action.lines]
        with elastic_errors(self._settings):
            response = await self._connected().bulk(operations=lines)
        return [next(iter(item.values())) for item in response["items"]]

    async def _create(self, index: str) -> None:
        """Make a month's index; another indexer may have been quicker."""
        try:
            with elastic_errors(self._settings):
                await self._connected().indices.create(index=index)
        except elasticsearch.BadRequestError as error:
            if "resource_already_exists_exception" not in reason_of(error):
                raise TransientError(
                    f"{self._settings.elastic_url}: the index {index} cannot be made: "
                    f"{reason_of(error)}"
                ) from error

    def _connected(self) -> AsyncElasticsearch:
        if self._client is None:
            raise StoreError("the Elasticsearch publisher is not started")
        return self._client

    def _reject(
        self,
        results: list[PermanentError | None],
        action: _Action,
        reason: str,
        detail: str,
    ) -> None:
        results[action.at] = PermanentError(reason, f"{action.index}: {detail}")
        self._count("rejected")

    def _count(self, outcome: str) -> None:
        self.outcomes[outcome] += 1
        if self._on_outcome is not None:
            self._on_outcome(outcome, 1)


def _action(at: int, emit: Emit) -> _Action:
    headers = dict(emit.headers)
    index = headers[INDEX_HEADER].decode()
    action = {
        headers[OPERATION_HEADER].decode(): {
            "_index": index,
            "_id": emit.key.decode(),
            "version": int(headers[VERSION_HEADER]),
            "version_type": "external",
        }
    }
    return _Action(at, index, (orjson.dumps(action), emit.value))


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
