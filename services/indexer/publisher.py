"""The indexer's writes: articles into their month, earlier revisions beside them.

Of one batch, an article's messages are written one after the other. A first revision is written at
once. For a later one the stored document is read; where it is another revision, it is kept in
``news-revisions`` before the new one is written over it, and what changed is told in the new one.
So a process killed in between leaves an earlier revision in two places, never in none. With an
article that is taken down those kept of it are marked as such.

This rests on an article's messages coming in order, which the topics' keys give, and each again
until it is acknowledged. One that comes late all the same finds a higher version in its place: it
is kept as an earlier revision.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import elasticsearch
from elasticsearch import AsyncElasticsearch

from services.indexer.bulk import MAX_ACTIONS, MAX_BYTES, Action, Bulk, Result
from services.indexer.stage import INDEX_HEADER, KEPT_HEADER, REVISION_HEADER, VERSION_HEADER
from services.indexer.stored import Stored
from shared.errors import PermanentError, StoreError, TransientError
from shared.runtime.stage import Emit
from shared.search.document import Document
from shared.search.elastic_client import connect, elastic_errors
from shared.search.revising import Step, encode_kept, kept_id, supersede, taken_down
from shared.settings import RuntimeSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Write:
    """One message to write; ``at`` is its place among the messages."""

    at: int
    action: Action
    revision: int
    kept_in: str
    """The index of its earlier revisions."""


class ElasticPublisher:
    """A :class:`~shared.runtime.ports.Publisher` of what ``IndexDocument`` emits.

    Whole documents with external versions: writing one again is stale, never a second copy.
    ``outcomes`` counts ``indexed``, ``stale`` and ``rejected``, and as ``kept`` the earlier
    revisions; what is written again after a transient error counts as stale the second time.
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
        self._limits = (max_actions, max_bytes)
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
        """Write ``messages``; see :mod:`~services.indexer.bulk` and
        :class:`~shared.runtime.ports.Publisher`."""
        if self._client is None:
            raise StoreError("the Elasticsearch publisher is not started")
        batch = _Batch(Bulk(self._client, self._settings, *self._limits))
        stored = Stored(self._client, self._settings)
        try:
            for turn in _turns(messages):
                await batch.write(turn, stored)
                if batch.later:
                    raise TransientError(
                        f"{self._settings.elastic_url}: {len(batch.later)} of {len(messages)} "
                        f"documents were not taken now: {batch.later[0]}"
                    )
        finally:
            self.outcomes += batch.counts
            if self._on_outcome is not None:
                for outcome, number in batch.counts.items():
                    self._on_outcome(outcome, number)
        return [batch.refused.get(at) for at in range(len(messages))]


class _Batch:
    """What becomes of the messages of one batch."""

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk
        self.counts: Counter[str] = Counter()
        self.refused: dict[int, PermanentError] = {}
        self.later: list[str] = []
        self._stopped: set[int] = set()

    async def write(self, writes: Sequence[_Write], stored: Stored) -> None:
        """Write messages of as many articles."""
        writes = await self._revise(writes, stored)
        results = await self._bulk.write([write.action for write in writes])
        overtaken: list[_Write] = []
        for write, result in zip(writes, results, strict=True):
            self._note(write, result, write.action.index)
            if result.overtaken:
                overtaken.append(write)
        if overtaken:
            newer = await stored.revisions([write.action for write in overtaken])
            await self._keep(
                [
                    (write, Document.decode(write.action.body))
                    for write, revision in zip(overtaken, newer, strict=True)
                    if revision is not None and revision > write.revision
                ],
            )

    async def _revise(self, writes: Sequence[_Write], stored: Stored) -> list[_Write]:
        """``writes`` with what they change; those that cannot go on are left out."""
        revised = [write for write in writes if write.revision > 1]
        if not revised:
            return list(writes)
        found = await stored.documents([write.action for write in revised])
        steps: dict[int, Step] = {}
        for write, document in zip(revised, found, strict=True):
            if isinstance(document, PermanentError):
                # What cannot be kept is not written over.
                self._refuse(write, document)
            elif document is not None and document.version < write.action.version:
                body = write.action.body
                # Long texts take a second: the event loop goes on meanwhile.
                steps[write.at] = await asyncio.to_thread(_step, document, body)
                if steps[write.at].write.deleted:
                    await self._hide(write, stored)
        await self._keep(
            [
                (write, step.keep)
                for write in revised
                if (step := steps.get(write.at)) is not None and step.keep is not None
            ]
        )
        return [
            replace(write, action=replace(write.action, body=steps[write.at].write.encode()))
            if write.at in steps
            else write
            for write in writes
            if write.at not in self._stopped
        ]

    async def _hide(self, write: _Write, stored: Stored) -> None:
        """Take down, with an article, the revisions of it that are kept."""
        places = [
            Action(write.kept_in, kept_id(write.action.id, number), 0, b"")
            for number in range(1, write.revision)
        ]
        for document in await stored.kept(places):
            if isinstance(document, PermanentError):
                self._refuse(write, document)
            else:
                await self._keep([(write, taken_down(document, write.action.version))])

    async def _keep(self, kept: Sequence[tuple[_Write, Document]]) -> None:
        """Write earlier revisions; a message for which that did not succeed goes no further."""
        actions = [
            Action(
                write.kept_in,
                kept_id(document.article_id, document.revision),
                document.version,
                encode_kept(document),
            )
            for write, document in kept
        ]
        for (write, _), result in zip(kept, await self._bulk.write(actions), strict=True):
            if result.state in ("later", "rejected"):
                self._note(write, result, write.kept_in)
                self._stopped.add(write.at)
            elif result.state == "indexed":
                self.counts["kept"] += 1

    def _note(self, write: _Write, result: Result, index: str) -> None:
        if result.state == "later":
            self.later.append(result.detail)
        elif result.state == "rejected":
            self._refuse(write, PermanentError(result.reason, f"{index}: {result.detail}"))
        else:
            self.counts[result.state] += 1

    def _refuse(self, write: _Write, error: PermanentError) -> None:
        self.refused[write.at] = error
        self._stopped.add(write.at)
        self.counts["rejected"] += 1


def _step(stored: Document, body: bytes) -> Step:
    return supersede(stored, Document.decode(body))


def _turns(messages: Sequence[Emit]) -> list[list[_Write]]:
    """The messages in turns, each with one of an article at most, an article's in order."""
    turns: list[list[_Write]] = []
    seen: Counter[bytes] = Counter()
    for at, emit in enumerate(messages):
        headers = dict(emit.headers)
        action = Action(
            headers[INDEX_HEADER].decode(),
            emit.key.decode(),
            int(headers[VERSION_HEADER]),
            emit.value,
        )
        turn = seen[emit.key]
        seen[emit.key] += 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(
            _Write(at, action, int(headers[REVISION_HEADER]), headers[KEPT_HEADER].decode())
        )
    return turns
