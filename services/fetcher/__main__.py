"""``python -m services.fetcher``: from dropped bytes to documents."""

from __future__ import annotations

import sys

from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.runtime.pool import PoolStage
from shared.runtime.service import Service, main, pooled
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Wiring


def stage(settings: RuntimeSettings, wiring: Wiring) -> PoolStage:
    """The fetcher in its pool."""
    return pooled(wiring.service, Fetch(load_settings(FetcherSettings)), settings)


if __name__ == "__main__":
    sys.exit(main(Service("fetcher", stage)))
