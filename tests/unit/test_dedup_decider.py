"""Decisions in log order: copies, originals, revisions, retries, the window, catching up."""

from __future__ import annotations

import random
from typing import Any

import pytest

from services.deduplicator import verdicts
from services.deduplicator.decider import Decider
from services.deduplicator.entry import sealed, summed
from services.deduplicator.evidence import evidence
from services.deduplicator.follower import LOOKAHEAD, Follower
from services.deduplicator.lines import packed_name
from shared.errors import SettingsError
from shared.runtime.ports import LogEntry
from tests.unit.dedup_log import BEGIN, DAY, WINDOW, Log, follow, made
from tests.unit.dedup_texts import article_text, with_edits
from training.spun.generate import spun


@pytest.fixture
def log() -> Log:
    return Log()


def test_the_first_of_its_kind_repeats_nothing(log: Log) -> None:
    decision = log.add("a", article_text(1))
    assert (decision.kind, decision.of, decision.group) == ("none", None, "a")
    assert (decision.first_seen, decision.revision) == (BEGIN, 1)


def test_an_equal_text_is_exact_and_an_edited_one_near(log: Log) -> None:
    text = article_text(1)
    log.add("a", text)
    log.add("x", article_text(2))
    exact = log.add("b", text.replace("'", "’").upper())
    assert (exact.kind, exact.of, exact.group, exact.similarity) == ("exact", "a", "a", 1000)
    near = log.add("c", with_edits(text, 3))
    assert (near.kind, near.group) == ("near", "a")
    assert 300 < near.similarity < 1000


def test_a_story_inside_a_longer_article_is_near(log: Log) -> None:
    story = article_text(1, words=120)
    log.add("long", article_text(2, words=350) + "\n\n" + story + "\n\n" + article_text(3, 50))
    inside = log.add("story", story)
    assert (inside.kind, inside.of) == ("near", "long")


def test_different_texts_stay_apart(log: Log) -> None:
    decisions = [log.add(str(n), article_text(n)) for n in range(60)]
    assert {decision.kind for decision in decisions} == {"none"}


def test_a_copy_of_a_copy_joins_the_group_of_the_original(log: Log) -> None:
    text = article_text(1)
    log.add("a", text)
    edited = with_edits(text, 4)
    log.add("b", edited)
    copy = log.add("c", edited)
    assert (copy.kind, copy.of, copy.group) == ("exact", "b", "a")


def test_a_second_entry_of_an_article_has_the_first_decision(log: Log) -> None:
    text = article_text(1)
    first = log.add("a", text)
    copy = log.add("b", text)
    assert log.add("a", text) == first
    assert log.add("b", text) == copy
    assert len(log) == 2


def test_a_revision_keeps_first_seen_and_group_and_counts_up(log: Log) -> None:
    text = article_text(1)
    first = log.add("a", text)
    log.add("copy", text)
    second = log.add("a", with_edits(text, 2))
    assert (second.kind, second.of, second.group) == ("none", None, "a")
    assert (second.revision, second.first_seen) == (2, first.first_seen)
    assert second.version > first.version
    third = log.add("a", with_edits(text, 3))
    assert third.revision == 3
    assert third.version > second.version
    # The first text again is the first entry again, not a fourth revision.
    assert log.add("a", text) == first


def test_a_revision_of_a_copy_is_compared_inside_its_group(log: Log) -> None:
    text = article_text(1)
    log.add("a", text)
    assert log.add("b", text).kind == "exact"
    revised = log.add("b", with_edits(text, 2))
    assert (revised.kind, revised.of, revised.group, revised.revision) == ("near", "a", "a", 2)


def test_a_revision_with_nothing_in_common_is_decided_anew(log: Log) -> None:
    log.add("a", article_text(1))
    log.add("b", article_text(1))
    log.add("c", article_text(2))
    moved = log.add("b", article_text(2))
    assert (moved.kind, moved.of, moved.group, moved.revision) == ("exact", "c", "c", 2)
    alone = log.add("b", article_text(3))
    assert (alone.kind, alone.group, alone.revision) == ("none", "b", 3)


@pytest.mark.parametrize("text", ["", " \n ", "\u200b"])
def test_empty_texts_are_never_copies(log: Log, text: str) -> None:
    assert [log.add(name, text).kind for name in "abc"] == ["none"] * 3


def test_short_texts_are_copies_only_with_the_same_title(log: Log) -> None:
    log.add("a", "Read more", title="Flood in Lund")
    assert log.add("b", "Read more", title="Fire in Umeå").kind == "none"
    assert log.add("c", "Read more!", title="Flood in Lund").kind == "none"
    assert log.add("d", "READ  more", title="Flood in Lund").of == "a"


def test_the_window_is_measured_from_the_entry_itself(log: Log) -> None:
    text = article_text(1)
    log.add("a", text, at=0)
    assert log.add("b", text, at=WINDOW - 1).of == "a"
    # "a" is out of the window; "b" is not, and hands on the group.
    late = log.add("c", text, at=WINDOW)
    assert (late.of, late.group) == ("b", "a")
    gone = log.add("d", text, at=10 * WINDOW)
    assert (gone.kind, gone.group) == ("none", "d")
    assert len(log) == 1


def test_an_entry_with_an_earlier_time_is_compared_by_its_own_time(log: Log) -> None:
    text = article_text(1)
    log.add("a", text, at=2 * DAY)
    assert log.add("b", text, at=0).of == "a"


def test_an_article_that_is_seen_again_and_again_keeps_when_it_was_first_seen(log: Log) -> None:
    text = article_text(1)
    first = log.add("a", text, at=0)
    for day in range(10, 400, 10):
        assert log.add("a", text, at=day * DAY) == first
    assert log.add("a", with_edits(text, 2), at=400 * DAY).first_seen == first.first_seen
    assert log.add("a", text, at=401 * DAY) == first  # an old revision is not the newest again
    revised = log.add("a", with_edits(text, 3), at=402 * DAY)
    assert revised.revision == 3
    assert log.add("a", text, at=500 * DAY).first_seen == BEGIN + 500 * DAY


def dated(day: int, found_in: str = "json-ld", precision: str = "minute") -> dict[str, Any]:
    moment = f"2023-03-{day:02d}T10:00:00+00:00"
    return {
        "published_at": moment,
        "published_from": found_in,
        "published_precision": precision,
    }


def test_the_earliest_published_with_evidence_is_the_original(log: Log) -> None:
    text = article_text(1)
    log.add("aggregator", text, **dated(5))
    log.add("later", with_edits(text, 2), **dated(6))
    source = log.add("source", text, **dated(3))
    assert (source.kind, source.of, source.group) == ("none", None, "aggregator")
    former = log.now("aggregator")
    assert (former.kind, former.of, former.group) == ("exact", "source", "aggregator")
    assert former.version == source.version > BEGIN
    assert log.now("later").kind == "near"
    # A second one, earlier still, and a revision of the original that stays it.
    first = log.add("first", with_edits(text, 3), **dated(1))
    assert (first.kind, log.now("source").kind, log.now("source").of) == ("none", "near", "first")
    assert log.now("aggregator").of == "source"
    revised = log.add("first", with_edits(text, 4), **dated(1))
    assert (revised.kind, revised.group, revised.revision) == ("none", "aggregator", 2)
    # Delivered again: as things are now.
    assert log.add("aggregator", text, **dated(5)) == log.now("aggregator")
    assert log.add("source", text, **dated(3)) == log.now("source")


@pytest.mark.parametrize(
    ("of_first", "of_copy"),
    [
        ({}, dated(1)),
        (dated(5), {}),
        (dated(5, "text"), dated(1)),
        (dated(5), dated(1, "text")),
        (dated(5), dated(5)),
        (dated(5, precision="day"), dated(4, precision="day")),
        (dated(5), dated(1, precision="month")),
    ],
)
def test_without_evidence_the_first_in_the_log_stays_the_original(
    log: Log, of_first: dict[str, Any], of_copy: dict[str, Any]
) -> None:
    log.add("a", article_text(1), **of_first)
    assert log.add("b", article_text(1), **of_copy).kind == "exact"
    assert log.now("a").kind == "none"


BRIDGE = """The council of Haverness voted on Tuesday to rebuild the Skarra bridge, which a storm
damaged on 14 January. Mayor Moira Tansley said the work would cost 48 million euros and last 26
months. "Nobody in Haverness will be cut off again," Tansley told reporters in the Ardent hall. The
ferry company Northern Skerries Lines will carry 3,400 commuters a day until the bridge opens.

Engineers from Lumeris, a firm based in Dresden, found cracks in 17 of the 62 pillars. Their report,
handed to the Scottish transport agency in February, called the bridge unsafe for lorries above 12
tonnes. Colm Arkwright, who leads the opposition, demanded that the government in Edinburgh pay half
of the price. The minister, Ines Carvalho, answered that 20 million euros had been set aside for
Haverness in the budget of 2027.

Fishermen of Orrmouth fear for their harbour. Piet Verhoef, their spokesman, said that 85 boats
would have to wait for the tide while cranes stood in the channel. The council wants to hear them on
3 March. The first bridge was opened in 1934 by the engineer Jaan Tamm. It was repaired in 1987."""


@pytest.mark.parametrize("method", ["synonyms", "reporting", "damaged", "nouns and verbs"])
def test_a_text_in_other_words_is_a_spun_copy(log: Log, method: str) -> None:
    log.add("bridge", BRIDGE)
    log.add("other", BRIDGE.replace("Haverness", "Umbrany")[::-1])
    copy = log.add("copy", spun(BRIDGE, method, 1))
    assert (copy.kind, copy.of, copy.group, copy.story) == ("spun", "bridge", "bridge", "bridge")
    told = evidence(log.decider.rows[log.decider.of_article(packed_name("copy"))[0]], str)
    assert "names, numbers and quotations" in told[0]


def test_another_report_of_the_same_event_is_no_copy_of_it(log: Log) -> None:
    log.add("bridge", BRIDGE)
    report = (
        "Haverness gets its bridge back. After a long debate the councillors agreed on Tuesday "
        "that the crossing to Skarra is to be built anew; mayor Moira Tansley spoke of 48 million. "
        "Many had doubted it. Shopkeepers on the quay cheered, others asked who would pay, and the "
        "school still does not know how its pupils from the island shall come until then."
    )
    told = log.add("report", report)
    assert (told.kind, told.story) == ("none", "bridge")


def test_versions_grow_with_equal_times_and_clocks_that_go_back(log: Log) -> None:
    versions = [
        log.add("a", article_text(1) + f" Update {n}.", at=at).version
        for n, at in enumerate([5, 5, 3, 0, 9])
    ]
    assert versions == sorted(set(versions))
    assert 0 < versions[0] < versions[-1] < 1 << 63


def test_an_unreadable_entry_is_skipped_and_counted(log: Log) -> None:
    good = sealed(made("a", article_text(1)))
    told = verdicts.encode(_one_verdict())
    for data in (b"", b"\x01", b"{}", good[:-1], good + b"\0", b"F\x01" + good[2:], told[:-1],
                 told + b"\0", b"V", b"V\x01", b"V\x01abcd", b"V\x00" + told[2:]):  # fmt: skip
        log.put(data)
        assert not log.follower.advance(live=True, most=1)
    assert log.follower.skipped == 12
    assert log.add("b", article_text(1)).kind == "none"


def _one_verdict() -> verdicts.Verdicts:
    log = Log()
    log.add("a", article_text(1))
    found = verdicts.decode(log.entries[-1].value)
    assert found is not None
    return found


def test_an_entry_of_a_newer_release_stops_the_instance(log: Log) -> None:
    good = sealed(made("a", article_text(1)))
    with pytest.raises(SettingsError, match=r"fingerprint of version 3.* upgrade"):
        log.put(summed(good[:1] + b"\x03" + good[2:-4]))
    with pytest.raises(SettingsError, match=r"verdict of version 2.* upgrade"):
        log.put(summed(b"V\x02" + bytes(100)))
    # Foreign text is no newer release.
    for text in (b"France won.", b"Vienna lost.", b"F\xff", b"V\xff"):
        log.put(text)
    assert log.follower.skipped == 4


def busy_log(seed: int, count: int, *, verdict: float = 1.0) -> Log:
    """Copies, edits, revisions, repetitions and dates at random over some months."""
    random_ = random.Random(seed)
    log = Log()
    moment = 0
    for number in range(count):
        moment += random_.randrange(DAY // 2)
        text = with_edits(article_text(random_.randrange(8)), random_.randrange(4))
        name = f"n{number}" if random_.random() < 0.7 else f"u{random_.randrange(5)}"
        day = random_.randrange(1, 28)
        log.add(name, text, at=moment, **(dated(day) if random_.random() < 0.5 else {}))
        if random_.random() > verdict:
            # Its instance died before the verdict was written.
            log.entries.pop()
            log.follower.next -= 1
    return log


def state(follower: Follower) -> dict[int, bytes]:
    """All that decisions rest on: the rows by offset, but for what was confirmed."""
    rows = follower.decider.rows
    found = {}
    for number in range(rows.first, rows.end):
        row = rows[number].copy()
        row["flags"] &= 7
        found[rows.offset(number)] = row.tobytes()
    return found


@pytest.mark.parametrize(("seed", "verdict", "batch"), [(1, 1, 7), (2, 0.9, 40), (3, 0, 1000)])
def test_catching_up_ends_where_deciding_did(seed: int, verdict: float, batch: int) -> None:
    log = busy_log(seed, 300, verdict=verdict)
    whole = state(log.follower)
    assert len(whole) > 100
    for live in (False, True):
        follower = follow(log.entries, live=live, batch=batch)
        assert state(follower) == whole
        assert follower.decider.disagreed == 0


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_who_begins_later_in_the_log_agrees(seed: int) -> None:
    """As the log's retention does: everything older than a window and a day is gone."""
    log = busy_log(seed, 500)
    end = log.entries[-1].timestamp_ms
    kept = [entry for entry in log.entries if entry.timestamp_ms > end - WINDOW - DAY]
    assert len(kept) < len(log.entries) * 0.7
    for live in (False, True):
        follower = follow(kept, live=live, batch=50)
        mine = state(follower)
        whole = state(log.follower)
        # What has left the window may linger where the log began earlier.
        assert {o: r for o, r in whole.items() if o in mine} == mine
        live_rows = [o for o in whole if log.entries[o].timestamp_ms > end - WINDOW]
        assert set(live_rows) <= set(mine)
        # And it goes on alike.
        edits = 8 + live
        for name in (f"new{edits}", "u1"):
            entry = log.put(sealed(made(name, with_edits(article_text(2), edits))), end - BEGIN + 1)
            log.follower.advance(live=True, most=1)
            follower.read(entry)
            follower.advance(live=True, most=1)
            one, other = state(log.follower), state(follower)
            assert one[entry.offset] == other[entry.offset]
            kept.append(entry)


def test_a_fingerprint_without_a_verdict_does_not_hold_up_for_ever() -> None:
    log = Log()
    log.add("orphan", article_text(1))
    del log.entries[1]
    follower = Follower(Decider(WINDOW))
    follower.read(log.entries[0])
    assert not follower.advance(live=False, most=1)
    value = sealed(made("next", article_text(2)))
    for number in range(1, LOOKAHEAD):
        follower.read(LogEntry(0, number, BEGIN, b"", value))
    assert follower.advance(live=False, most=1)
    assert follower.done == 1


def test_a_verdict_that_differs_counts_and_is_told() -> None:
    log = Log()
    log.add("a", article_text(1))
    log.add("b", article_text(1))
    told = verdicts.decode(log.entries[3].value)
    assert told is not None
    changed = told.copy()
    changed["group"] = changed["of"] = made("z", "x")["article"]
    log.names.add("z")
    follower = follow(log.entries[:3], live=True)
    follower.read(LogEntry(0, 3, BEGIN, b"", verdicts.encode(changed)))
    assert follower.decider.disagreed == 1
    assert log.names.decided(follower.decider.rows[1]).group == "z"
