"""``python -m services.deduplicator``: copies found, by the log that all instances share."""

from __future__ import annotations

import sys

from services.deduplicator.fingerprinting import fingerprint_of
from services.deduplicator.settings import DeduplicatorSettings
from services.deduplicator.stage import DeduplicateStage
from shared.errors import SettingsError
from shared.metrics import DISAGREED, LOG_SKIPPED, REMEMBERED
from shared.runtime.kafka_log import KafkaLog
from shared.runtime.kafka_recall import KafkaRecall
from shared.runtime.pool import Pool
from shared.runtime.service import Service, main
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Wiring


def stage(settings: RuntimeSettings, wiring: Wiring) -> DeduplicateStage:
    """The deduplicator on the fingerprint topic, its sketches made in a pool."""
    if wiring.log is None:
        raise SettingsError(f"topics.yml: {wiring.service} has no log")
    pool = Pool(
        fingerprint_of,
        workers=settings.workers,
        timeout=settings.message_timeout,
        name=wiring.service,
    )
    recall = KafkaRecall(settings, wiring.reads)

    async def stop() -> None:
        await pool.stop()
        await recall.stop()

    stage = DeduplicateStage(
        load_settings(DeduplicatorSettings), KafkaLog(settings, wiring.log), recall, pool.map, stop
    )
    REMEMBERED.set_function(lambda: stage.remembered)
    LOG_SKIPPED.set_function(lambda: stage.skipped)
    DISAGREED.set_function(lambda: stage.disagreed)
    return stage


if __name__ == "__main__":
    sys.exit(main(Service("deduplicator", stage)))
