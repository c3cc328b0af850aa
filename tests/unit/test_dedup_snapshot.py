"""Snapshots: what was remembered is remembered again; what is damaged or foreign is put aside."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.deduplicator import snapshot as module
from services.deduplicator.decider import Decider
from services.deduplicator.follower import Follower
from services.deduplicator.rows import SEGMENT
from services.deduplicator.saving import Saving
from services.deduplicator.settings import DeduplicatorSettings
from services.deduplicator.snapshot import Snapshot, own_folder
from services.deduplicator.stage import DeduplicateStage
from shared.errors import SettingsError
from shared.events import DuplicateKind, EnrichedArticle
from shared.runtime.stage import Emit
from shared.settings import load_settings
from shared.testing.log import MemoryLog, MemoryRecall
from tests.unit.dedup_log import WINDOW
from tests.unit.dedup_texts import article_text, with_edits
from tests.unit.test_dedup_decider import busy_log, state
from tests.unit.test_dedup_stage import message

NOW = 1_700_000_000_000


def restored(folder: Path) -> Follower:
    follower = Follower(Decider(WINDOW))
    assert Snapshot.at(folder).load(follower)
    return follower


def test_what_is_saved_is_restored_and_goes_on_alike(tmp_path: Path) -> None:
    log = busy_log(1, 400)
    snapshot = Snapshot.at(tmp_path)
    half = len(log.entries) // 2
    one = Follower(Decider(WINDOW))
    for entry in log.entries[:half]:
        one.read(entry)
        one.advance(live=True, most=9)
    snapshot.save(one)
    other = restored(tmp_path)
    assert state(other) == state(one)
    assert other.start == half - 1
    for entry in log.entries[half - 1 :]:
        other.read(entry)
        other.advance(live=True, most=9)
    assert other.start is None
    assert state(other) == {o: r for o, r in state(log.follower).items() if o in state(other)}
    assert len(state(other)) == len(log.decider)
    # The same again, and once more over what was saved.
    Snapshot.at(tmp_path).save(other)
    assert state(restored(tmp_path)) == state(other)
    assert len(list(tmp_path.glob("rows-*"))) == 2


def test_only_segments_that_changed_are_written_again(tmp_path: Path) -> None:
    follower = Follower(Decider(WINDOW))
    log = busy_log(2, 3)
    for entry in log.entries:
        follower.read(entry)
        follower.advance(live=True, most=9)
    rows, index = follower.decider.rows, follower.decider.index
    count = SEGMENT + 100
    made = np.zeros(count, dtype=rows[0].dtype)
    made["time"] = log.entries[-1].timestamp_ms
    keys = np.random.default_rng(1).integers(0, 1 << 32, (count, index.columns), dtype=np.uint32)
    start = rows.add(made, np.arange(count) + 1000)
    index.add(start, keys, np.ones(keys.shape, dtype=np.bool_))
    snapshot = Snapshot.at(tmp_path)
    snapshot.save(follower)
    full, active = "rows-0-1.npz", f"rows-{SEGMENT}-1.npz"
    assert {path.name for path in tmp_path.glob("rows-[0-9]*")} == {full, active}
    rows.touch(SEGMENT + 7)["revision"] = 9
    snapshot.save(follower)
    active = f"rows-{SEGMENT}-2.npz"
    assert {path.name for path in tmp_path.glob("rows-[0-9]*")} == {full, active}
    other = restored(tmp_path)
    assert other.decider.rows[SEGMENT + 7]["revision"] == 9
    held = np.ones(index.columns, dtype=np.bool_)
    for number in (5, SEGMENT - 9, SEGMENT + 60):
        mine = index.find(keys[number], held, 0)
        theirs = other.decider.index.find(keys[number], held, 0)
        assert len(mine[1]) >= index.columns
        assert [part.tolist() for part in mine] == [part.tolist() for part in theirs]


def saved(tmp_path: Path) -> None:
    Snapshot.at(tmp_path).save(busy_log(3, 30).follower)


@pytest.mark.parametrize("harm", ["manifest", "empty", "cut", "byte", "gone", "version", "form"])
def test_a_damaged_snapshot_is_put_aside(tmp_path: Path, harm: str) -> None:
    saved(tmp_path)
    manifest = tmp_path / "manifest.json"
    (rows,) = tmp_path.glob("rows-0-*")
    data = bytearray(rows.read_bytes())
    match harm:
        case "manifest":
            manifest.write_text("{")
        case "empty":
            manifest.write_text("{}")
        case "cut":
            rows.write_bytes(data[:-500])
        case "byte":
            data[len(data) // 2] ^= 255
            rows.write_bytes(data)
        case "gone":
            rows.unlink()
        case "version":
            manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 99}))
        case "form":
            with np.load(rows) as arrays:
                np.savez(rows, **{**arrays, "rows": np.zeros(3)})
    follower = Follower(Decider(WINDOW))
    assert not Snapshot.at(tmp_path).load(follower)
    assert len(follower.decider) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_last_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = busy_log(4, 30)
    snapshot = Snapshot.at(tmp_path)
    snapshot.save(log.follower)
    before = state(log.follower)
    log.add("one more", article_text(77))

    def full(path: Path, arrays: dict[str, Any]) -> None:
        path.write_bytes(b"some of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_write", full)
    with pytest.raises(OSError, match="No space"):
        snapshot.save(log.follower)
    assert state(restored(tmp_path)) == before
    saving = Saving(load_settings(DeduplicatorSettings, snapshots=tmp_path / "all"))
    saving.load([Follower(Decider(WINDOW))])
    saving.close([log.follower])  # told, not raised
    assert not list((tmp_path / "all").rglob("rows-*"))


def test_who_is_behind_is_not_saved(tmp_path: Path) -> None:
    log = busy_log(5, 3)
    follower = Follower(Decider(WINDOW))
    follower.read(log.entries[0])
    Snapshot.at(tmp_path / "s").save(follower)
    assert not (tmp_path / "s").exists()


def test_instances_take_folders_of_their_own(tmp_path: Path) -> None:
    first, lock = own_folder(tmp_path)
    second, other = own_folder(tmp_path)
    assert first != second
    lock.close()
    again, lock = own_folder(tmp_path)
    assert again == first
    lock.close()
    other.close()
    (tmp_path / "file").write_text("")
    saving = Saving(load_settings(DeduplicatorSettings, snapshots=tmp_path / "file"))
    with pytest.raises(SettingsError, match="SNAPSHOTS"):
        saving.load([])


async def one_run(folder: Path, log: MemoryLog, *numbers: int) -> tuple[list[DuplicateKind], int]:
    """The kinds that a new instance decides for articles, and what it remembered at its start."""
    settings = load_settings(DeduplicatorSettings, snapshots=folder)
    stage = DeduplicateStage(settings, log, MemoryRecall())
    await stage.start()
    await stage.wait_ready()
    remembered = stage.remembered
    batch = [message(f"a{n}", with_edits(article_text(n % 10), n // 10)) for n in numbers]
    kinds: list[DuplicateKind] = []
    for (outcome,) in await stage.process(batch):
        assert isinstance(outcome, Emit)
        kinds.append(EnrichedArticle.decode(outcome.value).duplicate.kind)
    await stage.stop()
    return kinds, remembered


async def test_an_instance_goes_on_from_its_snapshot(tmp_path: Path) -> None:
    log = MemoryLog(timestamp_ms=lambda: NOW)
    assert (await one_run(tmp_path, log, 1, 2, 3))[0] == ["none"] * 3
    log.entries[:-1] = log.entries[:-1][:0]  # only the last can be read
    assert await one_run(tmp_path, log, 11, 12, 4) == (["near", "near", "none"], 3)


@pytest.mark.parametrize("change", ["another", "shorter", "empty"])
async def test_a_snapshot_of_another_log_is_put_aside(tmp_path: Path, change: str) -> None:
    log = MemoryLog(timestamp_ms=lambda: NOW)
    await one_run(tmp_path, log, 1, 2, 3)
    other = MemoryLog(timestamp_ms=lambda: NOW)
    if change != "empty":
        numbers = (5, 6, 7, 8) if change == "another" else (5,)
        await one_run(tmp_path / "elsewhere", other, *numbers)
    kinds, remembered = await one_run(tmp_path, other, 1, 15, 16)
    assert kinds[0] == "none"
    assert remembered == {"another": 4, "shorter": 1, "empty": 0}[change]
    assert ("near" in kinds) == (change != "empty")
