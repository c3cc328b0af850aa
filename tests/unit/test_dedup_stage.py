"""The stage over a shared log: one or several instances, faults, re-delivery, restart."""

from __future__ import annotations

import asyncio
import pickle
import warnings
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.deduplicator.entry import is_entry
from services.deduplicator.fingerprinting import Fingerprinted, fingerprint_here, fingerprint_of
from services.deduplicator.groups import CYRILLIC, UNSPACED
from services.deduplicator.settings import DeduplicatorSettings
from services.deduplicator.stage import DeduplicateStage
from shared.errors import PermanentError, SettingsError, TransientError
from shared.events import EnrichedArticle, Envelope, Message, TaggedArticle
from shared.runtime.ports import LogEntry
from shared.runtime.stage import Emit, Outcomes, Reject
from shared.settings import load_settings
from shared.testing.builders import build, message_of_article
from shared.testing.log import MemoryLog, MemoryRecall
from shared.text import content_hash, stable_id
from tests.unit.dedup_texts import article_text, with_edits

DAY = 86_400_000
NOW = 1_700_000_000_000


def message(name: str, text: str, **fields: object) -> Message:
    article = build(TaggedArticle, text, name=name, **fields)
    return message_of_article(article, id="x", filename=f"{name}.html", traceparent="00")


_FINGERPRINTED: dict[tuple[bytes | None, int], Fingerprinted | PermanentError] = {}


async def fingerprint_once(batch: Sequence[Message]) -> list[Fingerprinted | PermanentError]:
    """As the service does it, but for what was fingerprinted before."""
    for message in batch:
        key = message.value, message.offset
        if key not in _FINGERPRINTED:
            (_FINGERPRINTED[key],) = await fingerprint_here([message])
    return [_FINGERPRINTED[message.value, message.offset] for message in batch]


def fingerprints(log: MemoryLog) -> list[LogEntry]:
    return [entry for entry in log.entries if is_entry(entry.value)]


def stage_on(
    log: MemoryLog, recall: MemoryRecall | None = None, **options: object
) -> DeduplicateStage:
    return DeduplicateStage(
        load_settings(DeduplicatorSettings, **options), log, recall or MemoryRecall()
    )


async def started(
    log: MemoryLog, recall: MemoryRecall | None = None, **options: object
) -> DeduplicateStage:
    stage = stage_on(log, recall, **options)
    await stage.start()
    return stage


async def enriched(stage: DeduplicateStage, *messages: Message) -> list[EnrichedArticle]:
    articles = []
    for (outcome,) in await stage.process(messages):
        assert isinstance(outcome, Emit)
        articles.append(EnrichedArticle.decode(outcome.value))
    return articles


@pytest.fixture
async def log() -> MemoryLog:
    return MemoryLog(timestamp_ms=lambda: NOW)


@pytest.fixture
async def stage(log: MemoryLog) -> AsyncIterator[DeduplicateStage]:
    stage = await started(log)
    yield stage
    await stage.stop()


async def test_an_article_goes_on_whole_with_what_was_decided(stage: DeduplicateStage) -> None:
    text = article_text(1)
    source = message("a", text, title="T", language="en", topics=["x"])
    copy = message("b", text)
    outcomes = await stage.process([source, copy])
    (emit,) = outcomes[0]
    assert isinstance(emit, Emit)
    assert emit.key == stable_id("a").encode()
    envelope = Envelope.parse(emit.headers)
    assert (envelope.id, envelope.type, envelope.source) == (
        stable_id("a"),
        EnrichedArticle.TYPE,
        "wireroom/deduplicator",
    )
    assert (envelope.filename, envelope.traceparent) == ("a.html", "00")
    article = EnrichedArticle.decode(emit.value)
    given_fields = TaggedArticle.decode(source.value).model_dump()
    assert article.model_dump(include=set(given_fields)) == given_fields
    assert article.first_seen_at.timestamp() * 1000 == NOW
    assert article.duplicate.kind == "none"
    (other,) = outcomes[1]
    assert isinstance(other, Emit)
    duplicate = EnrichedArticle.decode(other.value).duplicate
    assert (duplicate.kind, duplicate.of, duplicate.similarity) == ("exact", stable_id("a"), 1.0)


async def test_bad_messages_are_rejected_each_by_itself(
    stage: DeduplicateStage, log: MemoryLog
) -> None:
    good = message("a", article_text(1))
    assert good.value is not None
    wrong_hash = Message(good.value.replace(content_hash(article_text(1)).encode(), b"beef"))
    outcomes = await stage.process([Message(b"\xff{"), good, Message(None), wrong_hash])
    kinds = [[type(outcome) for outcome in each] for each in outcomes]
    assert kinds == [[Reject], [Emit], [Reject], [Reject]]
    assert {o.reason for each in outcomes for o in each if isinstance(o, Reject)} == {
        "invalid_message"
    }
    assert len(fingerprints(log)) == 1


async def test_a_batch_of_bad_messages_writes_nothing(
    stage: DeduplicateStage, log: MemoryLog
) -> None:
    assert isinstance((await stage.process([Message(b"")]))[0][0], Reject)
    assert log.entries == []
    assert await stage.process([]) == []


async def test_the_same_batch_again_gives_the_same(stage: DeduplicateStage) -> None:
    text = article_text(1)
    batch = [message(n, t) for n, t in (("a", text), ("b", text), ("a", text), ("c", "Short"))]
    first = await stage.process(batch)
    assert first[0] == first[2]
    assert await stage.process(batch) == first


async def test_two_revisions_in_one_batch(stage: DeduplicateStage) -> None:
    text = article_text(1)
    old, new = await enriched(stage, message("a", text), message("a", with_edits(text, 2)))
    assert (old.revision, new.revision) == (1, 2)
    assert new.version > old.version
    assert new.first_seen_at == old.first_seen_at
    assert {old.duplicate.kind, new.duplicate.kind} == {"none"}


async def test_a_new_instance_reads_the_log_and_decides_the_same(log: MemoryLog) -> None:
    text = article_text(1)
    batch = [message("a", text), message("b", with_edits(text, 2)), message("c", article_text(2))]
    one = await started(log)
    first = await one.process(batch)
    await one.stop()
    two = await started(log)
    assert not two.ready()
    assert await two.process(batch) == first
    assert two.ready()
    await two.stop()
    assert not two.ready()


async def test_an_append_that_wrote_a_part_can_be_tried_again(
    stage: DeduplicateStage, log: MemoryLog
) -> None:
    text = article_text(1)
    batch = [message("a", text), message("b", text), message("c", text)]
    log.fail_append(after=2)
    with pytest.raises(TransientError, match="2 of 3"):
        await stage.process(batch)
    articles = await enriched(stage, *batch)
    assert [a.duplicate.kind for a in articles] == ["none", "exact", "exact"]
    assert {a.duplicate.group_id for a in articles} == {stable_id("a")}
    assert stage.remembered == 3


async def test_entries_that_are_written_twice_count_once(
    stage: DeduplicateStage, log: MemoryLog
) -> None:
    log.repeat_append(2)
    articles = await enriched(stage, message("a", article_text(1)), message("b", article_text(1)))
    assert [a.duplicate.kind for a in articles] == ["none", "exact"]
    assert len(fingerprints(log)) == 6


async def test_a_slow_log_is_a_transient_error_and_no_loss(log: MemoryLog) -> None:
    stage = await started(log, decision_timeout=0.05)
    batch = [message("a", article_text(1))]
    await stage.process(batch)
    log.pause()
    with pytest.raises(TransientError, match="did not come back"):
        await stage.process([message("b", article_text(1))])
    log.resume()
    (article,) = await enriched(stage, message("b", article_text(1)))
    assert article.duplicate.of == stable_id("a")
    await stage.stop()


async def test_catching_up_waits_and_says_when_nothing_comes(log: MemoryLog) -> None:
    first = await started(log)
    await first.process([message("a", article_text(1))])
    await first.stop()
    log.pause()
    stage = await started(log, decision_timeout=0.05)
    with pytest.raises(TransientError, match="catching up"):
        await stage.process([message("b", article_text(1))])
    assert len(fingerprints(log)) == 1
    log.resume()
    (article,) = await enriched(stage, message("b", article_text(1)))
    assert article.duplicate.kind == "exact"
    await stage.stop()


async def test_a_reader_that_fails_fails_the_batch_at_once(log: MemoryLog) -> None:
    stage = await started(log)
    await stage.process([message("a", article_text(1))])
    log.pause()
    waiting = asyncio.create_task(stage.process([message("b", article_text(2))]))
    await asyncio.sleep(0.01)
    await log.fail_read(OSError("log gone"))
    log.resume()
    with pytest.raises(OSError, match="log gone"):
        await asyncio.wait_for(waiting, 5)
    with pytest.raises(OSError, match="log gone"):
        await stage.process([message("c", article_text(3))])
    assert not stage.ready()
    await stage.stop()


async def test_too_few_partitions_are_named() -> None:
    with pytest.raises(SettingsError, match="2 partitions, 4 are needed"):
        await started(MemoryLog(partitions=2))


async def test_foreign_entries_in_the_log_are_skipped(log: MemoryLog) -> None:
    log.put(0, b"?", b"not a fingerprint")
    stage = await started(log)
    await stage.process([message("a", article_text(1))])
    assert stage.skipped == 1
    assert stage.ready()
    await stage.stop()


async def test_language_groups_are_partitions(stage: DeduplicateStage, log: MemoryLog) -> None:
    chinese, russian = (
        "今天上午市政府宣布新的交通计划" * 4,
        "Сегодня утром город объявил план. " * 9,
    )
    await stage.process([message("a", chinese), message("b", russian, language="en")])
    assert [entry.partition for entry in fingerprints(log)] == [UNSPACED, CYRILLIC]


async def test_a_failing_pool_fails_the_batch_and_writes_nothing(log: MemoryLog) -> None:
    async def run(batch: Sequence[Message]) -> list[Fingerprinted | BaseException]:
        return [*await fingerprint_here(batch[:-1]), ZeroDivisionError()]

    stage = DeduplicateStage(load_settings(DeduplicatorSettings), log, MemoryRecall(), run)
    await stage.start()
    with pytest.raises(ZeroDivisionError):
        await stage.process([message("a", article_text(1)), message("b", article_text(2))])
    assert log.entries == []
    await stage.stop()


async def test_stopping_ends_the_pool_and_the_reader(log: MemoryLog) -> None:
    stopped = []

    async def stop_run() -> None:
        stopped.append(True)

    stage = DeduplicateStage(
        load_settings(DeduplicatorSettings), log, MemoryRecall(), fingerprint_here, stop_run
    )
    await stage.start()
    await stage.process([message("a", article_text(1))])
    await stage.stop()
    assert stopped == [True]
    assert not [t for t in asyncio.all_tasks() if t.get_name() == "deduplicator-log-reader"]
    with pytest.raises(RuntimeError, match="has ended"):
        await stage.process([message("a", article_text(1))])


async def test_without_start_nothing_hangs(log: MemoryLog) -> None:
    stage = stage_on(log)
    assert not stage.ready()
    with pytest.raises(RuntimeError, match="not started"):
        await stage.process([message("a", article_text(1))])
    await stage.stop()


# Four clear-cut originals, each with copies and edited copies, as (name, text).
POOL = [
    (f"{seed}-{edits}-{copy}", with_edits(article_text(seed, 60), edits))
    for seed in range(4)
    for edits in range(2)
    for copy in range(2)
]
MESSAGES = [
    replace(message(*each), topic="news.tagged", offset=place) for place, each in enumerate(POOL)
]


class Index:
    """What came of each article, as the search index has it: the highest version stays."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[int, bytes]] = {}

    def add(self, outcomes: Outcomes) -> None:
        for outcome in outcomes:
            assert isinstance(outcome, Emit)
            article = EnrichedArticle.decode(outcome.value)
            same = self._versions.setdefault(article.article_id, {})
            assert same.setdefault(article.version, outcome.value) == outcome.value

    def newest(self) -> dict[str, bytes]:
        return {name: versions[max(versions)] for name, versions in self._versions.items()}


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), instances=st.integers(1, 3), chunk=st.integers(1, 5))
def test_any_order_and_repetition_gives_one_answer(
    data: st.DataObject, instances: int, chunk: int
) -> None:
    """Batches on any instance, at once, repeated, with appends that fail half-way."""
    order = data.draw(st.permutations(range(len(POOL))))
    again = data.draw(st.lists(st.sampled_from(range(len(POOL))), max_size=12))
    batches = data.draw(
        st.lists(st.tuples(st.integers(0, instances - 1), st.integers(1, 5)), min_size=28)
    )
    faults = data.draw(st.lists(st.sampled_from((None, 0, 1, "repeat")), min_size=28, max_size=28))

    async def scenario() -> None:
        log = MemoryLog(timestamp_ms=lambda: NOW, chunk=chunk)
        recall = MemoryRecall()
        recall.messages = {(0, place): message for place, message in enumerate(MESSAGES)}
        stages = [await started(log, recall) for _ in range(instances)]
        queue = [*order, *again]
        running = []
        index = Index()

        async def deliver(stage: DeduplicateStage, numbers: Sequence[int]) -> None:
            for _ in range(10):
                try:
                    outcomes = await stage.process([MESSAGES[n] for n in numbers])
                    break
                except TransientError:
                    continue
            for each in outcomes:
                index.add(each)

        for (where, size), fault in zip(batches, faults, strict=False):
            numbers, queue = queue[:size], queue[size:]
            if numbers:
                if fault == "repeat":
                    log.repeat_append()
                elif isinstance(fault, int):
                    log.fail_append(fault)
                running.append(asyncio.create_task(deliver(stages[where], numbers)))
                if len(running) % 2:
                    await asyncio.sleep(0)
        await asyncio.gather(*running)
        newest = index.newest()
        assert len(newest) == len(POOL)
        # The groups are those of the texts, and the original of each is the earliest in the log.
        first: dict[str, str] = {}
        names = {stable_id(name): name for name, _ in POOL}
        for entry in fingerprints(log):
            first.setdefault(names[entry.key.decode()].split("-")[0], entry.key.decode())
        for name, value in newest.items():
            group = EnrichedArticle.decode(value).duplicate.group_id
            assert group == first[names[name].split("-")[0]]
        # Every instance, and a new one, holds the same.
        stages.append(await started(log, recall))
        for stage in stages:
            for message in MESSAGES:
                (outcome, *_) = (await stage.process([message]))[0]
                assert isinstance(outcome, Emit)
                assert outcome.value == newest[outcome.key.decode()]
            assert stage.disagreed == 0
        for stage in stages:
            await stage.stop()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(scenario())


async def test_fingerprinting_can_run_in_a_pool() -> None:
    good, bad = await fingerprint_here([MESSAGES[0], Message(b"{}")])
    assert isinstance(good, Fingerprinted)
    copy = pickle.loads(pickle.dumps(good))
    assert copy.article == good.article
    assert copy.value == good.value
    assert isinstance(bad, PermanentError)
    assert pickle.loads(pickle.dumps(bad)).reason == "invalid_message"
    assert pickle.loads(pickle.dumps(fingerprint_of)) is fingerprint_of


async def test_what_an_article_corrects_is_written_again_with_it(log: MemoryLog) -> None:
    recall = MemoryRecall()
    text = article_text(1)
    dated = {"published_precision": "minute", "published_from": "json-ld"}
    later = message("later", text, published_at="2026-03-05T10:00:00Z", title="Copy", **dated)
    later = replace(later, offset=7)
    first = message("first", text, published_at="2026-03-01T10:00:00Z", **dated)
    recall.messages[0, 7] = later
    stage = await started(log, recall)
    (alone,) = await enriched(stage, later)
    assert (alone.duplicate.kind, alone.duplicate.evidence) == ("none", [])
    (outcomes,) = await stage.process([first])
    original, corrected = (
        EnrichedArticle.decode(outcome.value) for outcome in outcomes if isinstance(outcome, Emit)
    )
    assert (original.duplicate.kind, original.duplicate.group_id) == ("none", stable_id("later"))
    assert original.duplicate.evidence == [
        "original: published 2026-03-01T10:00:00.000Z, before all known copies"
    ]
    assert corrected.article_id == alone.article_id
    assert (corrected.title, corrected.text) == ("Copy", text)
    assert corrected.version > alone.version
    assert (corrected.revision, corrected.first_seen_at) == (1, alone.first_seen_at)
    assert (corrected.duplicate.kind, corrected.duplicate.of) == ("exact", stable_id("first"))
    assert f"seen first, but {stable_id('first')} was published earlier" in (
        corrected.duplicate.evidence
    )
    # Killed before it was written, it comes again: the same is written.
    assert await stage.process([first]) == [outcomes]
    # Gone from its topic, or another message in its place: the article itself still goes on.
    for there in (None, message("other", text)):
        recall.messages = {} if there is None else {(0, 7): there}
        ((emit,),) = await stage.process([first])
        assert emit == outcomes[0]
    await stage.stop()
