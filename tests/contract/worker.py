"""Runs the scripted stage under one driver, as a process: ``python -m tests.contract.worker``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from shared.runtime.clock import SystemClock
from shared.runtime.driver import end_process
from shared.runtime.local_broker import BrokerPublisher, SqliteBroker
from shared.runtime.local_driver import LocalDriver
from shared.runtime.rejected import RejectionCaps
from shared.runtime.retry import RetryPolicy
from shared.runtime.runner import Runner
from shared.runtime.service import Service, main, pooled
from shared.runtime.stage import Stage, TransformStage
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Wiring, topology
from tests.contract.scripted import Scripted

NAME = "cleaner"


def stage(settings: RuntimeSettings, wiring: Wiring) -> Stage:
    """The scripted stage, in the pool when asked for."""
    scripted = Scripted(Path(os.environ["SCRIPTED_FOLDER"]))
    if os.environ.get("SCRIPTED_POOL"):
        return pooled(NAME, scripted, settings)
    return TransformStage(NAME, scripted)


async def local(settings: RuntimeSettings) -> int:
    """The local driver on a file, with the same settings as the services."""
    wiring = topology().services[NAME]
    assert wiring.writes is not None
    broker = SqliteBroker(
        Path(os.environ["SCRIPTED_STORE"]),
        keep=frozenset({wiring.writes.name, wiring.rejected.name}),
    )
    runner = Runner(
        stage=stage(settings, wiring),
        outputs=BrokerPublisher(broker, wiring.writes),
        rejected=BrokerPublisher(broker, wiring.rejected),
        clock=SystemClock(),
        policy=RetryPolicy.of(settings),
        caps=RejectionCaps(settings.reject_run, settings.reject_share, settings.reject_window),
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await runner.start()
    driver = LocalDriver(
        runner, broker, wiring.reads, wake=asyncio.Event(), batch_size=settings.batch_size
    )
    try:
        await driver.run(stop)
    except Exception as error:
        end_process(error)
    await runner.stop()
    broker.close()
    return 0


if __name__ == "__main__":
    kind = sys.argv[1]
    if kind == "local":
        sys.exit(asyncio.run(local(load_settings(RuntimeSettings))))
    sys.exit(main(Service(NAME, stage, driver="faust" if kind == "faust" else "aiokafka")))
