"""Thousands of feeds with their state: memory is bounded, the schedule is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.shared_data import ROOT


def simulate(feeds: int, days: float) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.unit.crawler_scale", str(feeds), str(days)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ended.returncode == 0, ended.stderr
    print(ended.stdout)
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def test_ten_thousand_feeds_stay_below_500_mb_and_are_polled_in_time() -> None:
    found = simulate(10_000, 0.1)
    assert (found["feeds"], found["failing"]) == (10_000, 0)
    # The store of the test, which stands for another process, is a part of it.
    assert found["rss_mb"] < 500
    # Seconds of the simulated clock: a request takes 0.3, an answer is written within 0.05.
    assert found["watched"] > 1_000
    assert found["found"] == found["new"] > 0
    assert found["late_99"] < 30
