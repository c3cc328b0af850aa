"""``python -m services.cleaner``: from documents to articles."""

from __future__ import annotations

import sys

from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from shared.runtime.pool import PoolStage
from shared.runtime.service import Service, main, pooled
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Wiring


def stage(settings: RuntimeSettings, wiring: Wiring) -> PoolStage:
    """The cleaner in its pool."""
    return pooled(wiring.service, Clean(load_settings(CleanerSettings)), settings)


if __name__ == "__main__":
    sys.exit(main(Service("cleaner", stage)))
