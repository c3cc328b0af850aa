"""The Faust driver: an app with one agent, used so that nothing is lost.

Of Faust's many ways to acknowledge only one delivers again after every kind of failure:
``noack().events()`` with ``concurrency=1``, batches of our own, every result acknowledged by the
broker before its source is, and a process that ends at once on anything unhandled.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import Callable
from typing import Any

import faust
from mode.supervisors import CrashingSupervisor

from shared import metrics
from shared.errors import WireroomError
from shared.runtime import lenient_records
from shared.runtime.batcher import Batcher
from shared.runtime.driver import end_process, group_id, message_of
from shared.runtime.runner import Runner
from shared.settings import RuntimeSettings
from shared.topics import Topic

log = logging.getLogger(__name__)

_LAG_SECONDS = 1.0


class FaustDriver:
    """Runs one runner on one topic."""

    def __init__(
        self,
        runner: Runner,
        topic: Topic,
        settings: RuntimeSettings,
        *,
        progress: Callable[[], None] = lambda: None,
        fail: Callable[[BaseException], Any] = end_process,
    ) -> None:
        try:
            from faust._cython.streams import StreamIterator  # noqa: F401
        except ImportError as error:
            # The pure-Python iterator acknowledges events that the compiled one does not.
            raise WireroomError("Faust was installed without its compiled parts") from error
        lenient_records.install()
        self._runner = runner
        self._topic = topic
        self._settings = settings
        self._progress = progress
        self._fail = fail
        self._behind = 0
        self._batcher: Batcher[Any] = Batcher(
            self._on_batch,
            size=settings.batch_size,
            seconds=settings.batch_seconds,
            weigh=lambda event: len(event.message.value or b""),
        )

    def lag(self) -> int:
        """Messages behind the end of the assigned partitions, or still in work."""
        return max(self._behind, self._batcher.pending)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set; then finish what is in work, commit, and return."""
        with tempfile.TemporaryDirectory(prefix="wireroom-faust-") as folder:
            await self._run(self._app(folder), stop)

    async def _run(self, app: faust.App, stop: asyncio.Event) -> None:
        batches = asyncio.create_task(self._batches(), name="batcher")
        lags = asyncio.create_task(self._measure(app), name="lag")
        await app.start()
        stopped = asyncio.create_task(app.wait_until_stopped())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopped, stopping, batches}, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                self._fail(WireroomError(f"Faust stopped by itself: {app.crash_reason!r}"))
        finally:
            # Stopping waits until every event that was started is acknowledged, then commits;
            # the batcher must go on meanwhile.
            await app.stop()
            for task in (stopped, stopping, lags, batches):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _batches(self) -> None:
        try:
            await self._batcher.run()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._fail(error)
            raise

    async def _on_batch(self, events: list[Any]) -> None:
        await self._runner.run([message_of(event.message) for event in events])
        for event in events:
            event.ack()
        self._progress()

    async def _measure(self, app: faust.App) -> None:
        gauge = metrics.LAG.labels(self._runner.stage.name)
        while True:
            await asyncio.sleep(_LAG_SECONDS)
            behind = 0
            committed: dict[Any, int | None] = getattr(app.consumer, "_committed_offset", {})
            # Faust raises while it is between assignments.
            with contextlib.suppress(Exception):
                for tp in app.consumer.assignment():
                    end = app.consumer.highwater(tp) or 0
                    done = committed.get(tp)
                    behind += max(0, end - done) if done is not None else 0
            if behind < self._behind:
                self._progress()
            self._behind = behind
            gauge.set(behind)

    def _app(self, folder: str) -> faust.App:
        settings = self._settings
        brokers = ";".join(f"kafka://{host}" for host in settings.kafka_bootstrap.split(","))
        app = faust.App(
            group_id(self._runner.stage.name, settings.namespace),
            broker=brokers,
            # Faust makes its folder also when it has no tables.
            datadir=folder,
            store="memory://",
            processing_guarantee="at_least_once",
            key_serializer="raw",
            value_serializer="raw",
            broker_commit_interval=1.0,
            broker_commit_every=1000,
            broker_max_poll_records=500,
            broker_session_timeout=settings.kafka_session_timeout,
            broker_heartbeat_interval=settings.kafka_session_timeout / 10,
            broker_request_timeout=60,
            broker_rebalance_timeout=60,
            consumer_auto_offset_reset="earliest",
            consumer_max_fetch_size=4 * 1024 * 1024,
            stream_wait_empty=True,
            # Messages, of up to 16 MiB each, that wait in front of the batcher.
            stream_buffer_maxsize=16,
            topic_disable_leader=True,
            topic_allow_declare=False,
            web_enabled=False,
            worker_redirect_stdouts=False,
        )
        topic = app.topic(
            self._topic.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )

        @app.agent(topic, concurrency=1, supervisor_strategy=CrashingSupervisor)
        async def agent(stream: Any) -> None:
            async for event in stream.noack().events():
                await self._batcher.put(event)

        return app
