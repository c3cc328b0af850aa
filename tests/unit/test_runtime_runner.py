"""What one batch goes through: everything made of it is safe before it may be committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from prometheus_client import REGISTRY

from shared.errors import (
    MessageTooLarge,
    PermanentError,
    RejectionCapReached,
    TransientError,
)
from shared.events import Message
from shared.runtime.local_broker import BrokerPublisher
from shared.runtime.ports import Publisher
from shared.runtime.rejected import RejectionCaps, read_rejection
from shared.runtime.retry import RetryPolicy
from shared.runtime.runner import Observer, Runner
from shared.runtime.stage import Drop, Emit, Outcome, Outcomes, Reject, Stage
from shared.testing.broker import FaultyPublisher, MemoryBroker
from shared.testing.clock import ManualClock
from shared.topics import Topic

OUT = Topic("out", 1, 4096, 60_000)
DEAD = Topic("dead", 1, 8192, 60_000)
POLICY = RetryPolicy(attempts=4, initial=1.0, maximum=3.0)


class Scripted(Stage):
    """Does with each batch what the test says; remembers the sizes of the batches it saw."""

    name = "scripted"

    def __init__(self, process: Callable[[Sequence[Message]], list[Outcomes]]) -> None:
        self._process = process
        self.seen: list[int] = []

    async def process(self, batch: Sequence[Message]) -> list[Outcomes]:
        self.seen.append(len(batch))
        return self._process(batch)


class Recording(BrokerPublisher):
    """Writes its name into a list when what it was given is acknowledged."""

    def __init__(self, broker: MemoryBroker, topic: Topic, events: list[str]) -> None:
        super().__init__(broker, topic)
        self._name = topic.name
        self._events = events

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        errors = await super().publish(messages)
        self._events.append(self._name)
        return errors


def messages(*values: bytes) -> list[Message]:
    return [Message(value, b"k%d" % n, (), "in", 0, n) for n, value in enumerate(values)]


def echo(batch: Sequence[Message]) -> list[Outcomes]:
    return [[Emit(b"out " + (m.value or b""), m.key or b"")] for m in batch]


def by_command(batch: Sequence[Message]) -> list[Outcomes]:
    """``bad`` is refused, ``drop`` dropped, ``big`` too large, ``mixed`` has a part too large."""
    outcomes: dict[bytes | None, Outcomes] = {
        b"bad": [Reject("bad", "as asked")],
        b"drop": [Drop("asked")],
        b"big": [Emit(b"x" * 5000, b"big")],
        b"mixed": [Emit(b"small", b"s"), Emit(b"y" * 5000, b"part")],
        b"huge part": [Emit(b"small", b"s"), Emit(b"z" * 9000, b"part")],
    }
    return [outcomes.get(m.value) or [Emit(m.value or b"", b"k")] for m in batch]


class World:
    """A runner with its broker and clock."""

    def __init__(
        self,
        process: Callable[[Sequence[Message]], list[Outcomes]],
        *,
        outputs: Callable[[MemoryBroker], Publisher] | None = None,
        rejected: Callable[[MemoryBroker], Publisher] | None = None,
        caps: RejectionCaps | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.broker = MemoryBroker(self.clock)
        self.stage = Scripted(process)
        self.runner = Runner(
            stage=self.stage,
            outputs=outputs(self.broker) if outputs else BrokerPublisher(self.broker, OUT),
            rejected=rejected(self.broker) if rejected else BrokerPublisher(self.broker, DEAD),
            clock=self.clock,
            policy=POLICY,
            caps=caps or RejectionCaps(1000, 1.0, 1000),
            observer=observer,
        )

    @property
    def written(self) -> list[bytes | None]:
        return [m.value for m in self.broker.all(OUT)]

    @property
    def refused(self) -> list[tuple[str, bytes]]:
        return [(r.reason, r.value) for r in map(read_rejection, self.broker.all(DEAD))]


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_outputs_are_safe_before_rejections_and_observers_hear_last() -> None:
    events: list[str] = []
    world = World(
        by_command,
        outputs=lambda broker: Recording(broker, OUT, events),
        rejected=lambda broker: Recording(broker, DEAD, events),
        observer=lambda message, outcome: events.append(type(outcome).__name__),
    )
    await world.runner.run(messages(b"good", b"bad", b"drop"))
    assert events == ["out", "dead", "Emit", "Reject", "Drop"]


async def test_an_empty_batch_is_nothing() -> None:
    world = World(echo)
    await world.runner.run([])
    assert world.stage.seen == []


async def test_results_keep_the_order_of_the_batch() -> None:
    world = World(echo)
    await world.runner.run(messages(*(b"%d" % n for n in range(50))))
    assert world.written == [b"out %d" % n for n in range(50)]


async def test_a_transient_error_is_tried_again_within_the_backoff() -> None:
    failures = 3

    def flaky(batch: Sequence[Message]) -> list[Outcomes]:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise TransientError("not yet")
        return echo(batch)

    world = World(flaky)
    await world.runner.run(messages(b"a"))
    assert world.written == [b"out a"]
    assert len(world.clock.slept) == 3
    for wait, ceiling in zip(world.clock.slept, [1.0, 2.0, 3.0], strict=True):
        assert 0 <= wait <= ceiling


async def test_attempts_are_bounded_and_nothing_is_written_then() -> None:
    def away(batch: Sequence[Message]) -> list[Outcomes]:
        raise TransientError("away")

    world = World(away)
    with pytest.raises(TransientError, match="away"):
        await world.runner.run(messages(b"a"))
    assert len(world.stage.seen) == POLICY.attempts
    assert len(world.clock.slept) == POLICY.attempts - 1
    assert (world.written, world.refused) == ([], [])


async def test_a_permanent_error_of_a_batch_isolates_the_message() -> None:
    def picky(batch: Sequence[Message]) -> list[Outcomes]:
        if any(m.value == b"poison" for m in batch):
            raise PermanentError("poison", "in the batch")
        return echo(batch)

    world = World(picky)
    await world.runner.run(messages(b"a", b"poison", b"b"))
    assert world.stage.seen == [3, 1, 1, 1]
    assert world.written == [b"out a", b"out b"]
    assert world.refused == [("poison", b"poison")]


@pytest.mark.parametrize(
    "outcomes",
    [[], [[Drop("x")]], [[Drop("x")], []], [[Drop("x")], [Drop("x")], [Drop("x")]]],
    ids=["none", "too few", "one without", "too many"],
)
async def test_outcomes_that_do_not_match_the_batch_are_a_bug(outcomes: list[Outcomes]) -> None:
    world = World(lambda batch: outcomes)
    with pytest.raises(AssertionError, match="of 2 messages"):
        await world.runner.run(messages(b"a", b"b"))


async def test_a_bug_passes_through_at_once() -> None:
    def bug(batch: Sequence[Message]) -> list[Outcomes]:
        raise ZeroDivisionError

    world = World(bug)
    with pytest.raises(ZeroDivisionError):
        await world.runner.run(messages(b"a", b"b"))
    assert world.stage.seen == [2]


async def test_an_output_too_large_is_refused_and_the_good_ones_are_written() -> None:
    world = World(by_command)
    await world.runner.run(messages(b"a", b"big", b"mixed", b"b"))
    assert world.written == [b"a", b"small", b"b"]
    # Its source where it was the only output; else the output alone.
    assert world.refused == [("message_too_large", b"big"), ("message_too_large", b"y" * 5000)]
    rejections = [read_rejection(m) for m in world.broker.all(DEAD)]
    assert [r.member for r in rejections] == ["", "part"]


async def test_a_part_that_no_topic_takes_is_refused_with_what_it_came_in() -> None:
    world = World(by_command)
    await world.runner.run(messages(b"huge part", b"bad"))
    assert world.written == [b"small"]
    rejections = {r.reason: r for r in map(read_rejection, world.broker.all(DEAD))}
    assert rejections["message_too_large"].value == b"huge part"
    assert rejections["message_too_large"].member == "part"
    assert rejections["bad"].value == b"bad"


async def test_a_partial_failure_is_written_again_and_nothing_is_missing() -> None:
    world = World(echo, outputs=lambda broker: FaultyPublisher(broker, OUT, failures=2, partial=2))
    await world.runner.run(messages(b"a", b"b", b"c"))
    assert world.written == [b"out a", b"out b"] * 2 + [b"out a", b"out b", b"out c"]
    assert world.stage.seen == [3], "only publishing is repeated"


async def test_a_rejection_that_cannot_be_written_raises() -> None:
    class Refusing(BrokerPublisher):
        async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
            return [MessageTooLarge("message_too_large", "even here") for _ in messages]

    world = World(by_command, rejected=lambda broker: Refusing(broker, DEAD))
    with pytest.raises(AssertionError, match="a rejection could not be written"):
        await world.runner.run(messages(b"good", b"bad"))


async def test_the_rejections_publisher_is_retried_too() -> None:
    world = World(by_command, rejected=lambda broker: FaultyPublisher(broker, DEAD, failures=3))
    await world.runner.run(messages(b"bad"))
    assert world.refused == [("bad", b"bad")]
    world = World(by_command, rejected=lambda broker: FaultyPublisher(broker, DEAD, failures=4))
    with pytest.raises(TransientError):
        await world.runner.run(messages(b"bad"))


async def test_the_observer_hears_each_final_outcome_once() -> None:
    heard: list[tuple[bytes | None, Outcome]] = []
    world = World(
        by_command,
        outputs=lambda broker: FaultyPublisher(broker, OUT, failures=2),
        observer=lambda message, outcome: heard.append((message.value, outcome)),
    )
    await world.runner.run(messages(b"a", b"big", b"drop"))
    assert [value for value, _ in heard] == [b"a", b"big", b"drop"]
    assert isinstance(heard[1][1], Reject), "what was emitted and refused is a refusal"


async def test_a_run_of_refusals_stops_before_any_is_written() -> None:
    world = World(by_command, caps=RejectionCaps(run=3, share=1.0, window=100))
    await world.runner.run(messages(b"bad", b"bad"))
    with pytest.raises(RejectionCapReached, match="3 messages were refused in a row"):
        await world.runner.run(messages(b"bad"))
    assert len(world.refused) == 2


async def test_one_success_ends_a_run() -> None:
    world = World(by_command, caps=RejectionCaps(run=3, share=1.0, window=100))
    for _ in range(5):
        await world.runner.run(messages(b"bad", b"bad", b"good"))
    assert len(world.refused) == 10


def test_the_share_counts_once_the_window_is_full() -> None:
    caps = RejectionCaps(run=1000, share=0.5, window=10)
    caps.add([True] * 9)
    caps = RejectionCaps(run=1000, share=0.5, window=10)
    caps.add([False, True] * 20)
    with pytest.raises(RejectionCapReached, match="6 of the last 10"):
        caps.add([True])


def test_the_window_forgets() -> None:
    caps = RejectionCaps(run=1000, share=0.5, window=10)
    caps.add([False] * 6 + [True] * 4)
    caps.add([False] * 10)
    caps.add([True] * 5)
    with pytest.raises(RejectionCapReached):
        caps.add([True])


async def test_a_message_refused_in_part_is_not_counted_against_the_cap() -> None:
    def partly(batch: Sequence[Message]) -> list[Outcomes]:
        return [[Emit(b"x", b"k"), Reject("part", data=b"y", member="2")] for _ in batch]

    world = World(partly, caps=RejectionCaps(run=2, share=0.1, window=10))
    await world.runner.run(messages(*[b"m"] * 30))
    assert len(world.refused) == 30


async def test_everything_is_counted() -> None:
    labels = {"stage": "scripted"}
    names = {
        "wireroom_consumed_messages_total": labels,
        "wireroom_consumed_bytes_total": labels,
        "wireroom_emitted_messages_total": labels,
        "wireroom_dropped_messages_total": {**labels, "reason": "asked"},
        "wireroom_rejected_messages_total": {**labels, "reason": "bad"},
        "wireroom_retries_total": {**labels, "step": "publish"},
        "wireroom_batch_seconds_count": labels,
    }
    before = {name: count(name, **some) for name, some in names.items()}
    world = World(by_command, outputs=lambda broker: FaultyPublisher(broker, OUT, failures=1))
    await world.runner.run(messages(b"a", b"b", b"bad", b"drop"))
    grown = {name: count(name, **some) - before[name] for name, some in names.items()}
    assert list(grown.values()) == [4, 9, 2, 1, 1, 1, 1]
    assert count("wireroom_last_progress_timestamp_seconds", stage="scripted") == world.clock.time()


async def test_every_part_is_stopped_even_when_one_fails() -> None:
    stopped: list[str] = []

    class Stubborn(BrokerPublisher):
        async def stop(self) -> None:
            stopped.append("outputs")
            raise OSError("will not")

    class Last(BrokerPublisher):
        async def stop(self) -> None:
            stopped.append("rejected")

    world = World(echo, outputs=lambda b: Stubborn(b, OUT), rejected=lambda b: Last(b, DEAD))
    with pytest.raises(OSError, match="will not"):
        await world.runner.stop()
    assert stopped == ["outputs", "rejected"]
