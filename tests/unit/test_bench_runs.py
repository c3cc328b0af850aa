"""The commands behind ``make bench`` and ``make quality`` run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.bench import corpus
from tests.quality import __main__ as quality
from tests.quality.table import Row


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on a machine without the evaluation data."""
    monkeypatch.setenv("WIREROOM_SHARED_DATA", str(tmp_path / "absent"))


@pytest.mark.usefixtures("no_data")
def test_the_quick_bench_measures_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--quick", "stages", "install"]) == 0
    out = capsys.readouterr().out
    assert "pages of deploy/samples" in out
    lines = {
        line.split("|")[1].strip(): line.split("|")[2:] for line in out.splitlines() if "|" in line
    }
    for stage in ("fetcher", "cleaner", "tagger", "deduplicator", "indexer", "all stages"):
        rate, _, _, ratio, count = (cell.strip() for cell in lines[stage][:5])
        assert float(rate) > 0
        assert float(ratio) > 0
        assert int(count) == bench.QUICK.stages
    assert lines["installed packages"][2].strip() == "yes"


@pytest.mark.usefixtures("no_data")
def test_the_quick_press_finds_what_it_planted(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--quick", "press"]) == 0
    out = capsys.readouterr().out
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in out.splitlines()]
    found = [line for line in lines if line and line[0].replace(",", "").isdigit()]
    assert [line[0] for line in found] == ["4,000", "6,000"]
    for line in found:
        assert float(line[5]) > 0.95
        assert line[6] == "0"
    assert "1,000,000 articles a day" in out


@pytest.mark.usefixtures("no_data")
def test_pages_of_the_bench_become_an_article_each() -> None:
    loaded = corpus.load(15)
    assert len(loaded.pages) == 15
    assert len({page.article_id for page in loaded.pages}) == 15


@pytest.mark.usefixtures("no_data")
def test_unknown_parts_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for command, word in (
        (bench.main, "no such part: disk"),
        (quality.main, "no such stage: disk"),
    ):
        with pytest.raises(SystemExit):
            command(["disk"])
        assert word in capsys.readouterr().err


@pytest.mark.usefixtures("no_data")
def test_quality_without_data_says_so_and_fails_in_ci_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert quality.main([]) == 0
    assert "nothing to measure" in capsys.readouterr().out
    monkeypatch.setenv("CI", "1")
    assert quality.main([]) == 1


def test_quality_prints_one_table_of_the_stages_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WIREROOM_SHARED_DATA", str(tmp_path))
    samples = []

    def rows(sample: int) -> list[Row]:
        samples.append(sample)
        return [Row("pages", "body F1", 0.9, "peer", 0.8, 7)]

    monkeypatch.setattr(quality, "MEASURES", {"cleaner": rows, "tagger": rows, "other": rows})
    assert quality.main(["--sample", "5", "cleaner", "tagger"]) == 0
    out = capsys.readouterr().out
    assert samples == [5, 5]
    assert out.count("| pages ") == 2
    assert "one row in 5; wall time: cleaner" in out
