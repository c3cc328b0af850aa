"""Decisions in log order: copies, revisions, retries, the window."""

from __future__ import annotations

import random

import pytest

from services.deduplicator.decider import Decider, Decision
from services.deduplicator.fingerprint import Fingerprint, Known
from services.deduplicator.lines import sketch_of
from shared.runtime.ports import LogEntry
from tests.unit.dedup_texts import article_text, with_edits

DAY = 86_400_000
WINDOW = 14 * DAY


def fp(name: str, text: str, known: Known | None = None, title: str = "") -> Fingerprint:
    return sketch_of({"id": name, "text": text, "title": title}).with_known(known)


class Log:
    """Feeds one decider, a minute between entries unless told."""

    def __init__(self) -> None:
        self.decider = Decider(WINDOW)
        self.entries: list[LogEntry] = []

    def add(self, fingerprint: Fingerprint, at: int | None = None) -> Decision:
        offset = len(self.entries)
        moment = 1_700_000_000_000 + (offset * 60_000 if at is None else at)
        entry = LogEntry(0, offset, moment, b"", fingerprint.encode())
        self.entries.append(entry)
        decision = self.decider.observe(entry)
        assert decision is not None
        return decision


@pytest.fixture
def log() -> Log:
    return Log()


def test_the_first_of_its_kind_repeats_nothing(log: Log) -> None:
    decision = log.add(fp("a", article_text(1)))
    assert (decision.kind, decision.of, decision.group_id) == ("none", None, "a")
    assert decision.similarity is None
    assert (decision.first_seen_ms, decision.revision) == (1_700_000_000_000, 1)


def test_an_equal_text_is_exact_and_an_edited_one_near(log: Log) -> None:
    text = article_text(1)
    log.add(fp("a", text))
    log.add(fp("x", article_text(2)))
    exact = log.add(fp("b", text.replace("'", "’").upper()))
    assert (exact.kind, exact.of, exact.group_id, exact.similarity) == ("exact", "a", "a", 1.0)
    near = log.add(fp("c", with_edits(text, 3)))
    assert (near.kind, near.group_id) == ("near", "a")
    assert near.similarity is not None
    assert 0.3 < near.similarity < 1


def test_a_story_inside_a_longer_article_is_near(log: Log) -> None:
    story = article_text(1, words=120)
    log.add(fp("long", article_text(2, words=350) + "\n\n" + story + "\n\n" + article_text(3, 50)))
    inside = log.add(fp("story", story))
    assert (inside.kind, inside.of) == ("near", "long")


def test_different_texts_stay_apart(log: Log) -> None:
    decisions = [log.add(fp(str(n), article_text(n))) for n in range(60)]
    assert {decision.kind for decision in decisions} == {"none"}


def test_a_copy_of_a_copy_joins_the_group_of_the_original(log: Log) -> None:
    text = article_text(1)
    log.add(fp("a", text))
    edited = with_edits(text, 4)
    log.add(fp("b", edited))
    copy = log.add(fp("c", edited))
    assert (copy.kind, copy.of, copy.group_id) == ("exact", "b", "a")


def test_a_second_entry_of_an_article_has_the_first_decision(log: Log) -> None:
    text = article_text(1)
    first = log.add(fp("a", text))
    copy = log.add(fp("b", text))
    assert log.add(fp("a", text)) == first
    assert log.add(fp("b", text)) == copy
    assert len(log.decider) == 2


def test_a_revision_keeps_first_seen_and_group_and_counts_up(log: Log) -> None:
    text = article_text(1)
    first = log.add(fp("a", text))
    log.add(fp("copy", text))
    second = log.add(fp("a", with_edits(text, 2)))
    assert (second.kind, second.of, second.group_id) == ("none", None, "a")
    assert (second.revision, second.first_seen_ms) == (2, first.first_seen_ms)
    assert second.version > first.version
    third = log.add(fp("a", with_edits(text, 3)))
    assert third.revision == 3
    assert third.version > second.version
    # The first text again is the first entry again, not a fourth revision.
    assert log.add(fp("a", text)) == first


def test_a_revision_of_a_copy_is_compared_inside_its_group(log: Log) -> None:
    text = article_text(1)
    log.add(fp("a", text))
    assert log.add(fp("b", text)).kind == "exact"
    revised = log.add(fp("b", with_edits(text, 2)))
    assert (revised.kind, revised.of, revised.group_id, revised.revision) == ("near", "a", "a", 2)


def test_a_revision_with_nothing_in_common_is_decided_anew(log: Log) -> None:
    log.add(fp("a", article_text(1)))
    log.add(fp("b", article_text(1)))
    log.add(fp("c", article_text(2)))
    moved = log.add(fp("b", article_text(2)))
    assert (moved.kind, moved.of, moved.group_id, moved.revision) == ("exact", "c", "c", 2)
    alone = log.add(fp("b", article_text(3)))
    assert (alone.kind, alone.group_id, alone.revision) == ("none", "b", 3)


@pytest.mark.parametrize("text", ["", " \n ", "\u200b"])
def test_empty_texts_are_never_copies(log: Log, text: str) -> None:
    assert [log.add(fp(name, text)).kind for name in "abc"] == ["none"] * 3


def test_short_texts_are_copies_only_with_the_same_title(log: Log) -> None:
    log.add(fp("a", "Read more", title="Flood in Lund"))
    assert log.add(fp("b", "Read more", title="Fire in Umeå")).kind == "none"
    assert log.add(fp("c", "Read more!", title="Flood in Lund")).kind == "none"
    assert log.add(fp("d", "READ  more", title="Flood in Lund")).of == "a"


def test_the_window_is_measured_from_the_entry_itself(log: Log) -> None:
    text = article_text(1)
    log.add(fp("a", text), at=0)
    assert log.add(fp("b", text), at=WINDOW - 1).of == "a"
    # "a" is out of the window, "b" still in it and begins a group of its own.
    late = log.add(fp("c", text), at=WINDOW)
    assert (late.of, late.group_id) == ("b", "b")
    gone = log.add(fp("d", text), at=10 * WINDOW)
    assert (gone.kind, gone.group_id) == ("none", "d")
    assert len(log.decider) == 1


def test_an_entry_with_an_earlier_time_is_compared_by_its_own_time(log: Log) -> None:
    text = article_text(1)
    log.add(fp("a", text), at=2 * DAY)
    assert log.add(fp("b", text), at=0).of == "a"


def test_what_never_changes_is_carried_by_entries_when_the_log_began_later(log: Log) -> None:
    texts = [with_edits(article_text(1), n) for n in range(8)]
    whole = []
    for day, text in enumerate(texts):
        known = log.decider.known("live", fp("live", text).content_hash)
        whole.append(log.add(fp("live", text, known), at=day * 10 * DAY))
    late = Decider(WINDOW)
    again = [late.observe(entry) for entry in log.entries[4:]]
    assert again == whole[4:]
    assert whole[-1].revision == 8
    assert whole[-1].first_seen_ms == whole[0].first_seen_ms


def test_versions_grow_with_equal_times_and_clocks_that_go_back(log: Log) -> None:
    versions = [
        log.add(fp("a", article_text(1) + f" Update {n}."), at=at).version
        for n, at in enumerate([5, 5, 3, 0, 9])
    ]
    assert versions == sorted(set(versions))
    assert 0 < versions[0] < versions[-1] < 1 << 63


def test_an_unreadable_entry_is_skipped_and_counted(log: Log) -> None:
    good = fp("a", article_text(1)).encode()
    for data in (b"", b"\x01", b"{}", good[:-1], good + b"\0", b"\x02" + good[1:]):
        assert log.decider.observe(LogEntry(0, 0, 1, b"a", data)) is None
    assert log.decider.skipped == 6
    assert log.add(fp("b", article_text(1))).kind == "none"


def test_decisions_agree_wherever_the_log_begins_two_windows_back() -> None:
    random_ = random.Random(5)
    log = Log()
    moment = 0
    whole = []
    for number in range(400):
        moment += random_.randrange(DAY // 2)
        text = with_edits(article_text(random_.randrange(6)), random_.randrange(4))
        name = f"n{number}" if random_.random() < 0.7 else f"u{random_.randrange(5)}"
        known = log.decider.known(name, fp(name, text).content_hash)
        whole.append(log.add(fp(name, text, known), at=moment))
    begin = log.entries[150].timestamp_ms
    late = Decider(WINDOW)
    judged = 0
    for entry, decision in zip(log.entries[150:], whole[150:], strict=True):
        again = late.observe(entry)
        if entry.timestamp_ms - begin > 2 * WINDOW:
            assert again == decision
            judged += 1
    assert judged > 50
