"""``python -m services.indexer``: articles into Elasticsearch."""

from __future__ import annotations

import sys

from services.indexer.publisher import ElasticPublisher
from services.indexer.stage import IndexDocument
from shared.metrics import count_outcome
from shared.runtime.service import Service, main
from shared.runtime.stage import TransformStage
from shared.settings import RuntimeSettings
from shared.topics import Wiring


def stage(settings: RuntimeSettings, wiring: Wiring) -> TransformStage:
    """Documents are made in the service itself: it is light work."""
    return TransformStage(wiring.service, IndexDocument(settings.namespace))


def outputs(settings: RuntimeSettings) -> ElasticPublisher:
    """The bulk writer, its outcomes counted."""
    return ElasticPublisher(settings, count_outcome)


if __name__ == "__main__":
    sys.exit(main(Service("indexer", stage, outputs, driver="aiokafka")))
