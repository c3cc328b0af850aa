"""What a driver is, and what drivers share.

A driver brings messages to a :class:`~shared.runtime.runner.Runner` and commits them after it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any, NoReturn, Protocol

from aiokafka.errors import KafkaError

from shared.errors import WireroomError
from shared.events import Message

log = logging.getLogger(__name__)

EXIT_FAILED = 70  # EX_SOFTWARE of sysexits.h


class Driver(Protocol):
    """Runs until ``stop`` is set, then finishes what it holds, commits and returns."""

    async def run(self, stop: asyncio.Event) -> None:
        """Consume; raises what ends the consumption."""
        ...

    def lag(self) -> int:
        """Messages that wait or are being worked on, as last known; read from any thread."""
        ...


def group_id(service: str, namespace: str) -> str:
    """The consumer group of a service. Changing it means processing everything again."""
    return f"{namespace}.wireroom-{service}" if namespace else f"wireroom-{service}"


def message_of(record: Any) -> Message:
    """A consumer record, Faust's or aiokafka's, as a :class:`~shared.events.Message`."""
    headers = record.headers or ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    timestamp = record.timestamp
    # Faust's records have seconds as a float, aiokafka's milliseconds as an integer.
    milliseconds = round(timestamp * 1000) if isinstance(timestamp, float) else int(timestamp or 0)
    return Message(
        value=record.value,
        key=record.key,
        headers=tuple((str(name), bytes(value or b"")) for name, value in pairs),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=milliseconds,
    )


def end_process(error: BaseException) -> NoReturn:
    """End at once, without unwinding: nothing may be acknowledged after a failure."""
    # Wireroom's own errors and Kafka's tell enough; of anything else the place is needed.
    trace = None if isinstance(error, WireroomError | KafkaError) else error
    log.critical("ending the process: %s: %s", type(error).__name__, error, exc_info=trace)
    logging.shutdown()
    os._exit(EXIT_FAILED)
