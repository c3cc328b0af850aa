"""Where the evaluation data is: beside the checkout at developers' and in CI, not at users'."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared_root() -> Path | None:
    """The folder of evaluation data, or ``None`` where it is absent."""
    named = os.environ.get("WIREROOM_SHARED_DATA")
    path = Path(named) if named else ROOT.parent / "shared" / "data"
    return path if path.is_dir() else None


def shared_data(*parts: str) -> Path:
    """A path in the evaluation data; skips the test where that is absent, fails it in CI."""
    root = shared_root()
    if root is None:
        if os.environ.get("CI"):
            pytest.fail("the evaluation data (../shared/data) is absent, and CI must have it")
        pytest.skip("the evaluation data (../shared/data) is not here")
    return root.joinpath(*parts)
