"""Where the embedded store is."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "WIREROOM_STORE"


def default_store() -> Path:
    """``WIREROOM_STORE``, or ``.wireroom/store.db`` in the current folder."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else Path(".wireroom") / "store.db"
