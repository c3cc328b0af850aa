"""A service as a process: settings, logs, health, watchdog, signals, a driver and a stage."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

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


@dataclass(frozen=True, slots=True)
class Service:
    """What ``python -m services.<name>`` runs.

    ``stage`` and ``outputs`` are built when settings are known; without ``outputs`` what is
    emitted goes to the topic that the service writes.
    """

    name: str
    stage: Callable[[RuntimeSettings, Wiring], Stage]
    outputs: Callable[[RuntimeSettings], Publisher] | None = None
    driver: Literal["faust", "aiokafka"] = "faust"


def pooled(name: str, transform: Transform, settings: RuntimeSettings) -> PoolStage:
    """A stage that applies ``transform`` in the service's pool."""
    return PoolStage(
        name,
        Pool(transform, workers=settings.workers, timeout=settings.message_timeout, name=name),
    )


def main(service: Service) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status."""
    try:
        settings = load_settings(RuntimeSettings)
        set_up_logs(service.name, settings.log_level, settings.log_format)
        wiring = topology(settings.namespace).services[service.name]
        stage = service.stage(settings, wiring)
        outputs = _outputs(service, settings, wiring)
        return asyncio.run(_run(service, stage, outputs, settings, wiring))
    except SettingsError as error:
        print(f"wireroom {service.name}: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_SETTINGS


def _outputs(service: Service, settings: RuntimeSettings, wiring: Wiring) -> Publisher:
    if service.outputs is not None:
        return service.outputs(settings)
    if wiring.writes is None:
        raise SettingsError(f"topics.yml: {service.name} has no topic to write")
    return KafkaPublisher(settings, wiring.writes)


async def _run(
    service: Service,
    stage: Stage,
    outputs: Publisher,
    settings: RuntimeSettings,
    wiring: Wiring,
) -> int:
    clock = SystemClock()
    policy = RetryPolicy.of(settings)
    runner = Runner(
        stage=stage,
        outputs=outputs,
        rejected=KafkaPublisher(settings, wiring.rejected),
        clock=clock,
        policy=policy,
        caps=RejectionCaps(settings.reject_run, settings.reject_share, settings.reject_window),
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stop)

    watchdog: Watchdog
    driver: Driver
    if service.driver == "faust":
        driver = FaustDriver(
            runner, wiring.reads, settings, progress=lambda: watchdog.progress(), fail=end_process
        )
    else:
        driver = AiokafkaDriver(
            runner, wiring.reads, settings, progress=lambda: watchdog.progress()
        )
    watchdog = Watchdog(driver.lag, clock, settings.stall_seconds)
    started = False

    def status() -> dict[str, Any]:
        stalled = watchdog.stalled_for
        if stop.is_set():
            state = "stopping"
        elif stalled > settings.stall_seconds / 2:
            state = "stalled"
        else:
            state = "ok" if started and stage.ready() else "starting"
        return {
            "status": state,
            "service": service.name,
            "lag": driver.lag(),
            "seconds_without_progress": round(stalled, 1),
        }

    with _health(settings, status) as health:
        log.info("%s: /healthz and /metrics on port %d", service.name, health.port)
        try:
            await _unless(stop, runner.start())
            started = not stop.is_set()
            if started:
                await _unless(stop, stage.wait_ready())
            if not stop.is_set():
                watchdog.start()
                log.info("%s: started", service.name)
                await driver.run(stop)
            await asyncio.wait_for(runner.stop(), STOP_SECONDS)
        except Exception as error:
            end_process(error)
        finally:
            watchdog.stop()
    log.info("%s: stopped", service.name)
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
