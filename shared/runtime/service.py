"""A service as a process: settings, logs, health, watchdog, signals, and the work it does."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from shared.errors import SettingsError
from shared.logs import set_up_logs
from shared.runtime.aiokafka_driver import AiokafkaDriver
from shared.runtime.clock import SystemClock
from shared.runtime.driver import EXIT_FAILED, Driver, end_process
from shared.runtime.faust_driver import FaustDriver
from shared.runtime.health import HealthServer, Status
from shared.runtime.pool import Pool, PoolStage
from shared.runtime.ports import Publisher
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.rejected import RejectionCaps
from shared.runtime.retry import RetryPolicy
from shared.runtime.runner import Runner
from shared.runtime.stage import Stage, Transform
from shared.runtime.watchdog import Watchdog
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Wiring, topology

log = logging.getLogger(__name__)

EXIT_SETTINGS = 78  # EX_CONFIG of sysexits.h
STOP_SECONDS = 25.0
"""How long a clean stop may take; the services' stopping grace in compose is longer."""


class Work(Protocol):
    """What a process does from its start to its end."""

    async def start(self) -> None:
        """Take what is needed; given up where the process is told to stop meanwhile."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what is held; raises what ends the work."""
        ...

    async def stop(self) -> None:
        """Give back what was taken; called also where :meth:`start` did not end."""
        ...

    def lag(self) -> int:
        """What waits or is worked on, as last known; 0 quiets the watchdog. Of any thread."""
        ...

    def ready(self) -> bool:
        """Whether work can begin at once, after :meth:`start`; of any thread."""
        ...

    def facts(self) -> dict[str, Any]:
        """What ``/healthz`` tells beside the rest; of any thread."""
        ...


class Program(Protocol):
    """What :func:`main` runs: ``python -m services.<name>``."""

    @property
    def name(self) -> str:
        """Its name in topics.yml, logs and metrics."""
        ...

    def work(self, settings: RuntimeSettings, wiring: Wiring, progress: Callable[[], None]) -> Work:
        """Built when settings are known; ``progress`` is called for what is finished.

        Raises :class:`~shared.errors.SettingsError`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """A program that applies a stage to a topic.

    ``stage`` and ``outputs`` are built when settings are known; without ``outputs`` what is
    emitted goes to the topic that the service writes.
    """

    name: str
    stage: Callable[[RuntimeSettings, Wiring], Stage]
    outputs: Callable[[RuntimeSettings], Publisher] | None = None
    driver: Literal["faust", "aiokafka"] = "faust"

    def work(self, settings: RuntimeSettings, wiring: Wiring, progress: Callable[[], None]) -> Work:
        """The stage's runner under its driver."""
        runner = Runner(
            stage=self.stage(settings, wiring),
            outputs=self._outputs(settings, wiring),
            rejected=KafkaPublisher(settings, wiring.rejected),
            clock=SystemClock(),
            policy=RetryPolicy.of(settings),
            caps=RejectionCaps(settings.reject_run, settings.reject_share, settings.reject_window),
        )
        if self.driver == "faust":
            return _StageWork(
                runner,
                FaustDriver(runner, wiring.reads, settings, progress=progress, fail=end_process),
            )
        return _StageWork(runner, AiokafkaDriver(runner, wiring.reads, settings, progress=progress))

    def _outputs(self, settings: RuntimeSettings, wiring: Wiring) -> Publisher:
        if self.outputs is not None:
            return self.outputs(settings)
        if wiring.writes is None:
            raise SettingsError(f"topics.yml: {self.name} has no topic to write")
        return KafkaPublisher(settings, wiring.writes)


class _StageWork:
    """:class:`Work` of a runner and its driver."""

    def __init__(self, runner: Runner, driver: Driver) -> None:
        self._runner = runner
        self._driver = driver
        self.stop = runner.stop
        self.run = driver.run
        self.lag = driver.lag
        self.ready = runner.stage.ready

    async def start(self) -> None:
        await self._runner.start()
        await self._runner.stage.wait_ready()

    def facts(self) -> dict[str, Any]:
        return {}


def pooled(name: str, transform: Transform, settings: RuntimeSettings) -> PoolStage:
    """A stage that applies ``transform`` in the service's pool."""
    return PoolStage(
        name,
        Pool(transform, workers=settings.workers, timeout=settings.message_timeout, name=name),
    )


def main(program: Program) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status."""
    name = program.name
    try:
        settings = load_settings(RuntimeSettings)
        set_up_logs(name, settings.log_level, settings.log_format)
        wiring = topology(settings.namespace).services[name]
        clock = SystemClock()
        watchdog = Watchdog(lambda: work.lag(), clock, settings.stall_seconds)
        work = program.work(settings, wiring, watchdog.progress)
        return asyncio.run(_run(name, work, watchdog, settings))
    except SettingsError as error:
        print(f"wireroom {name}: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_SETTINGS


async def _run(name: str, work: Work, watchdog: Watchdog, settings: RuntimeSettings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stop)
    started = False

    def status() -> dict[str, Any]:
        stalled = watchdog.stalled_for
        if stop.is_set():
            state = "stopping"
        elif stalled > settings.stall_seconds / 2:
            state = "stalled"
        else:
            state = "ok" if started and work.ready() else "starting"
        return {
            "status": state,
            "service": name,
            "lag": work.lag(),
            "seconds_without_progress": round(stalled, 1),
            **work.facts(),
        }

    with _health(settings, status) as health:
        log.info("%s: /healthz and /metrics on port %d", name, health.port)
        try:
            await _unless(stop, work.start())
            if not stop.is_set():
                started = True
                watchdog.start()
                log.info("%s: started", name)
                await work.run(stop)
            await asyncio.wait_for(work.stop(), STOP_SECONDS)
        except Exception as error:
            end_process(error)
        finally:
            watchdog.stop()
    log.info("%s: stopped", name)
    return 0


def _health(settings: RuntimeSettings, status: Status) -> HealthServer:
    try:
        return HealthServer(settings.health_host, settings.health_port, status)
    except OSError as error:
        place = f"{settings.health_host}:{settings.health_port}"
        raise SettingsError(
            f"WIREROOM_HEALTH_HOST, WIREROOM_HEALTH_PORT: {place}: {error.strerror}"
        ) from error


async def _unless(stop: asyncio.Event, wait: Coroutine[Any, Any, None]) -> None:
    """Wait for ``wait``, or until ``stop`` is set."""
    waiting, stopping = asyncio.create_task(wait), asyncio.create_task(stop.wait())
    await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if waiting.done():
        waiting.result()
    else:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)  # it closes what it had opened


def _on_signal(stop: asyncio.Event) -> None:
    if stop.is_set():
        return
    log.info("stopping: finishing what is in work")
    stop.set()
    # A stop that hangs must not be taken for one that works; what is unfinished comes again.
    timer = threading.Timer(STOP_SECONDS, _give_up)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    log.critical("the stop took more than %.0f s: ending the process", STOP_SECONDS)
    logging.shutdown()
    os._exit(EXIT_FAILED)
