"""The bench's arithmetic, its tables and what it reads of processes and packages."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.corpus import Page
from tests.bench.measures import Figure, amount, due_times, percentile
from tests.bench.resources import Usage, installed_bytes, requirement_names
from tests.bench.stages import StageTimes, Timed
from tests.quality.table import Row, markdown, print_table


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [15.0, 20.0, 35.0, 40.0, 50.0]
    assert [percentile(values, share) for share in (0, 0.05, 0.3, 0.4, 0.5, 1)] == [
        15,
        15,
        20,
        20,
        35,
        50,
    ]
    hundred = [float(n) for n in range(1, 101)]
    assert [percentile(hundred, n / 100) for n in range(1, 101)] == hundred


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_a_value_that_its_share_does_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) <= share * len(values) + 1e-6


def test_percentiles_of_nothing_and_shares_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)
    with pytest.raises(ValueError, match=r"95.*between 0 and 1"):
        percentile([1.0], 95)


def test_a_pace_is_a_fixed_schedule() -> None:
    assert list(due_times(4, 2)) == [0, 0.5, 1, 1.5]
    assert list(due_times(0, 2)) == []
    with pytest.raises(ValueError, match="rate"):
        due_times(1, 0)


@pytest.mark.parametrize(
    ("figure", "goal", "reached"),
    [
        (Figure("rate", 10.0, "articles/s", 10.0), "≥ 10.0 articles/s", "yes"),
        (Figure("rate", 9.9, "articles/s", 10.0), "≥ 10.0 articles/s", "NO"),
        (Figure("memory", 600.0, "MB", 600.0, "most"), "≤ 600 MB", "yes"),
        (Figure("memory", 601.0, "MB", 600.0, "most"), "≤ 600 MB", "NO"),
        (Figure("memory", 601.0, "MB"), "", ""),
    ],
)
def test_goals_stand_beside_figures(figure: Figure, goal: str, reached: str) -> None:
    assert figure.cells()[2:] == (goal, reached)


def test_amounts_have_three_digits() -> None:
    assert [amount(value) for value in (0.123, 9.876, 12.34, 123.4)] == [
        "0.12",
        "9.88",
        "12.3",
        "123",
    ]


def test_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(
        [
            Row("aeb", "body F1", 0.5, "a peer", 0.25, 181),
            Row("a longer name", "pages/s", 1234.5, "", None, 3),
        ]
    )
    header, rule, *lines = capsys.readouterr().out.splitlines()
    assert len({len(line) for line in (header, rule, *lines)}) == 1
    assert [cell.strip() for cell in lines[0].split("|")][1:-1] == [
        *("aeb", "body F1", "0.500", "0.250", "2.00", "a peer", "181"),
    ]
    assert [cell.strip() for cell in lines[1].split("|")][3:6] == ["1234.5", "–", "–"]
    with pytest.raises(ValueError, match="zip"):
        markdown(("a", "b"), [("only one",)])


def test_stages_are_set_beside_the_peer() -> None:
    times = StageTimes([Timed("cleaner", 3.0, 10), Timed("tagger", 1.0, 10)])
    times.peer.seconds, times.peer.items = 8.0, 10
    assert (times.whole.seconds, times.whole.items, times.whole.rate) == (4.0, 10, 2.5)
    cleaner, tagger, whole, peer = (
        [cell.strip() for cell in line.split("|")[1:-1]] for line in times.table().splitlines()[2:]
    )
    assert cleaner == ["cleaner", "3.3", "300.00", "75.0%", "2.67", "10"]
    assert tagger[3:5] == ["25.0%", "8.00"]
    assert whole == ["all stages", "2.5", "400.00", "100.0%", "2.00", "10"]
    assert peer[3:5] == ["", "1.00"]


def test_usage_sees_a_process_and_what_it_started() -> None:
    child = "b = bytearray(60_000_000); print('x', flush=True); sys.stdin.read()"
    parent = (
        "import subprocess, sys; "
        f"subprocess.run([sys.executable, '-c', {'import sys; ' + child!r}])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"x\n"
        with Usage({"both": [process.pid], "gone": [2**22 + 1]}, every=0.01) as usage:
            time.sleep(0.05)
    finally:
        process.communicate()
    assert usage.largest["both"] > 60_000_000
    assert usage.peaks["both"] > usage.largest["both"]  # the parent's as well
    assert usage.peaks["gone"] == 0


def test_usage_counts_cpu_time_since_its_start() -> None:
    with Usage({"me": [os.getpid()]}, every=60) as usage:
        spent = time.process_time()
        while time.process_time() - spent < 0.1:
            pass
    assert 0.05 < usage.cpu_seconds()["me"] < 5


def test_an_install_is_what_its_packages_wrote(tmp_path: Path) -> None:
    text = (
        "click==8.3.1 \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd\n    # via\nNo-Such_one==1"
    )
    assert requirement_names(text) == ["click", "No-Such_one"]
    file = tmp_path / "requirements.txt"
    file.write_text(text)
    size, absent = installed_bytes(file)
    assert absent == ["No-Such_one"]
    import click

    sources = sum(path.stat().st_size for path in Path(click.__file__).parent.glob("*.py"))
    assert sources <= size < 20 * sources


def test_a_page_is_dropped_with_its_address() -> None:
    message = Page("https://a.example/1", "<p>é\ud800</p>", "id").message
    assert dict(message.headers)["ce_url"] == b"https://a.example/1"
    assert message.value == "<p>é?</p>".encode()
