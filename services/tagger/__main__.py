"""``python -m services.tagger``: entities into articles."""

from __future__ import annotations

import sys

from services.tagger.settings import TaggerSettings
from services.tagger.stage import Tag
from shared.runtime.pool import PoolStage
from shared.runtime.service import Service, main, pooled
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Wiring


def stage(settings: RuntimeSettings, wiring: Wiring) -> PoolStage:
    """The tagger in its pool."""
    return pooled(wiring.service, Tag(load_settings(TaggerSettings)), settings)


if __name__ == "__main__":
    sys.exit(main(Service("tagger", stage)))
