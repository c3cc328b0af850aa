"""What is done with records of ``news.fetch``: taken, sent where they belong, or refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from services.crawler.outputs import KafkaOutputs, Refusal
from shared import metrics
from shared.errors import PermanentError
from shared.events import Message
from shared.fetching import FetchRequest, partition_of
from shared.runtime.rejected import RejectionCaps
from shared.runtime.stage import Emit, Reject
from shared.settings import RuntimeSettings
from shared.topics import Wiring

log = logging.getLogger(__name__)


class Taker(Protocol):
    """The part of :class:`~services.crawler.engine.Crawler` that requests go to."""

    async def take(self, partition: int, requests: Sequence[FetchRequest]) -> None:
        """Take requests; they are durable when this returns."""
        ...


class Intake:
    """Records in, each to where it belongs.

    A record in another partition than its host's is sent to that one: its producer gave it no key
    or chooses partitions in another way, as those of librdkafka do.
    """

    def __init__(
        self, crawler: Taker, outputs: KafkaOutputs, wiring: Wiring, settings: RuntimeSettings
    ) -> None:
        self._crawler = crawler
        self._outputs = outputs
        self._service = wiring.service
        self._partitions = wiring.reads.partitions
        self._caps = RejectionCaps(
            settings.reject_run, settings.reject_share, settings.reject_window
        )

    async def handle(self, batches: Mapping[int, Sequence[Message]]) -> None:
        """Deal with the records of each partition; all of it is durable when this returns.

        Raises :class:`~shared.errors.TransientError` once retries ran out and
        :class:`~shared.errors.RejectionCapReached` where nearly nothing can be read.
        """
        refused: list[Refusal] = []
        astray: list[Emit] = []
        fitting: dict[int, list[FetchRequest]] = {}
        for partition, messages in batches.items():
            for message in messages:
                try:
                    request = FetchRequest.read(message.value)
                except PermanentError as error:
                    refused.append((message, Reject(error.reason, error.detail)))
                    continue
                if partition_of(request.host, self._partitions) == partition:
                    fitting.setdefault(partition, []).append(request)
                else:
                    value = message.value or b""
                    astray.append(Emit(value, request.host.encode(), message.headers))
        count = sum(map(len, batches.values()))
        metrics.CONSUMED.labels(self._service).inc(count)
        self._caps.add([True] * len(refused) + [False] * (count - len(refused)))
        await asyncio.gather(
            self._outputs.reject(refused),
            self._outputs.request(astray),
            *(self._crawler.take(partition, some) for partition, some in fitting.items()),
        )
        for message, reject in refused:
            log.warning(
                "%s refused %s: %s: %s",
                self._service,
                message.place,
                reject.reason,
                reject.detail[:500],
            )
