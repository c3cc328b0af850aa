"""Tests of engines with the real packages, which the extras of these names install.

Not among what ``pytest`` runs by itself: ``docs/engines.md`` says how. Nothing is skipped here; a
package that is absent fails its tests.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """What these packages warn of among themselves, on import too, is not ours to mend."""
    config.addinivalue_line("filterwarnings", "default")


@pytest.fixture(scope="session", autouse=True)
def nothing_remembered_of_offline() -> Iterator[None]:
    """The variables that loading sets are put back."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
            patch.setenv(variable, "1")
        yield
