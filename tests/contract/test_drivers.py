"""What every driver must hold: nothing lost, whatever happens to a message or to the process."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.cli.cluster.servers import Kafka
from shared.runtime.topics_admin import ensure_topics
from shared.settings import RuntimeSettings
from shared.topics import topology
from tests.contract.harness import Harness
from tests.records import BAD_NAME_READ, PLACEHOLDER, Odd, send_batch
from tests.servers import delete_topics

DRIVERS = [
    "local",
    pytest.param("faust", marks=pytest.mark.servers),
    pytest.param("aiokafka", marks=pytest.mark.servers),
]


@pytest_asyncio.fixture(params=DRIVERS)
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    if request.param == "local":
        yield Harness(request.param, tmp_path, None)
        return
    kafka: Kafka = request.getfixturevalue("kafka")
    namespace = f"t{secrets.token_hex(4)}"
    settings = RuntimeSettings(namespace=namespace, kafka_bootstrap=kafka.bootstrap)
    topics = topology(namespace)
    await ensure_topics(kafka.bootstrap, topics)
    yield Harness(request.param, tmp_path, settings)
    await delete_topics(kafka.bootstrap, topics)


def ok(count: int) -> list[bytes]:
    return [b"ok:%d" % n for n in range(count)]


def done(values: list[bytes]) -> list[bytes]:
    return sorted(b"done " + value for value in values)


async def test_every_message_is_processed_and_committed(harness: Harness) -> None:
    await harness.produce(ok(500))
    await harness.run_until(lambda: len(harness.values()) == 500)
    assert harness.values() == done(ok(500))
    assert await asyncio.to_thread(harness.uncommitted) == 0


async def test_headers_travel(harness: Harness) -> None:
    await harness.produce([b"ok:1"])
    await harness.run_until(lambda: bool(harness.outputs()))
    assert (await asyncio.to_thread(harness.outputs))[0].headers == (("trace", b"t0"),)


@pytest.mark.parametrize("harness", DRIVERS[1:], indirect=True)
async def test_records_that_no_one_should_write_do_not_block_the_others(harness: Harness) -> None:
    assert harness.settings is not None
    odd = [
        Odd(b"first", b"ok:first"),
        Odd(b"name", b"ok:name", [(PLACEHOLDER, b"1"), ("good", b"2"), ("good", b"3")]),
        Odd(b"null", b"ok:null header", [("", None)]),
        Odd(b"many", b"ok:many headers", [(f"h{n}", b"v") for n in range(10_000)]),
        Odd(b"", b"ok:empty key"),
        Odd(None, b"ok:no key"),
        Odd(b"\xff\xfe", b"ok:binary key"),
        *(Odd(b"time", b"ok:%d" % ms, [], ms) for ms in (-(2**62), -2, -1, 2**62, 2**63 - 1)),
        Odd(b"no value", None, [(PLACEHOLDER, None)]),
        Odd(b"last", b"ok:last"),
    ]
    await harness.produce([b"ok:before %d" % n for n in range(50)])
    for partition, compression in enumerate(["none", "gzip", "snappy", "lz4", "zstd"]):
        await send_batch(
            harness.settings.kafka_bootstrap, harness.reads, partition, odd, compression
        )
    after = [b"ok:after %d" % n for n in range(50)]
    await harness.produce(after)
    expected = done([b"ok:before %d" % n for n in range(50)] + after)
    expected += done([one.value for one in odd if one.value is not None])
    await harness.run_until(
        lambda: len(harness.values()) == len(expected) and len(harness.rejections()) == 5,
        most_starts=1,
    )
    assert harness.values() == sorted(expected)
    outputs = await asyncio.to_thread(harness.outputs)
    assert len(outputs) == 100 + 5 * (len(odd) - 1)
    names = [message.headers for message in outputs if message.key == b"name"]
    assert names == [((BAD_NAME_READ, b"1"), ("good", b"2"), ("good", b"3"))] * 5
    rejections = await asyncio.to_thread(harness.rejections)
    assert {(one.reason, one.headers) for one in rejections} == {
        ("no_value", ((BAD_NAME_READ, b""),))
    }
    assert await asyncio.to_thread(harness.uncommitted) == 0


async def test_a_refused_message_is_kept_whole_and_the_others_go_on(harness: Harness) -> None:
    await harness.produce([*ok(20), b"bad:x", b"drop:x", b"part:y"])
    await harness.run_until(lambda: len(harness.rejections()) == 2 and len(harness.values()) == 21)
    await asyncio.sleep(0)
    by_reason = {r.reason: r for r in await asyncio.to_thread(harness.rejections)}
    assert by_reason["bad"].value == b"bad:x"
    assert by_reason["bad"].detail == "refused x"
    assert by_reason["bad"].headers == (("trace", b"t20"),)
    assert by_reason["bad_part"].value == b"part"
    assert by_reason["bad_part"].member == "2"
    assert await asyncio.to_thread(harness.uncommitted) == 0


async def test_an_output_too_large_is_refused_and_the_good_ones_arrive(harness: Harness) -> None:
    await harness.produce([*ok(20), b"big:1", b"big-part:2"])
    await harness.run_until(lambda: len(harness.rejections()) == 2 and len(harness.values()) == 21)
    rejections = await asyncio.to_thread(harness.rejections)
    assert {r.reason for r in rejections} == {"message_too_large"}
    # The whole source where it had one output; the output alone where it had others.
    assert sorted(len(r.value) for r in rejections) == [len(b"big:1"), 9_000_000]
    assert await asyncio.to_thread(harness.uncommitted) == 0


async def test_a_transient_error_is_tried_again_in_place(harness: Harness) -> None:
    await harness.produce([*ok(10), b"flaky:a"])
    await harness.run_until(lambda: len(harness.values()) == 11, most_starts=1)
    assert await asyncio.to_thread(harness.uncommitted) == 0


async def test_a_bug_ends_the_process_and_the_message_comes_again(harness: Harness) -> None:
    await harness.produce([*ok(300), b"bug:b", *[b"ok:x%d" % n for n in range(300)]])
    await harness.run_until(lambda: len(harness.values()) == 601)
    assert harness.starts == 2
    assert await asyncio.to_thread(harness.uncommitted) == 0


async def test_kill_in_mid_batch_loses_nothing(harness: Harness) -> None:
    await harness.produce([*ok(300), b"kill:k", *[b"ok:x%d" % n for n in range(300)]])
    await harness.run_until(lambda: len(harness.values()) == 601)
    assert harness.starts == 2
    assert await asyncio.to_thread(harness.uncommitted) == 0


async def test_sigterm_in_mid_batch_loses_nothing(harness: Harness) -> None:
    slow = [b"slow:%d" % n for n in range(40)]
    harness.environment["WIREROOM_BATCH_SIZE"] = "4"
    await harness.produce(slow)
    process = harness.start()
    await asyncio.to_thread(harness.wait_for, lambda: len(harness.values()) >= 8)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 30) == 0, harness.last_log()
    await harness.run_until(lambda: len(harness.values()) == 40)
    # Stopping cleanly commits what was finished, so nothing is processed twice.
    assert len(await asyncio.to_thread(harness.outputs)) == 40
    assert await asyncio.to_thread(harness.uncommitted) == 0


async def test_a_message_that_kills_or_hangs_its_worker_is_refused(harness: Harness) -> None:
    harness.environment["SCRIPTED_POOL"] = "1"
    harness.environment["WIREROOM_MESSAGE_TIMEOUT"] = "3"
    await harness.produce([*ok(20), b"segfault:1", b"hang:2"])
    await harness.run_until(
        lambda: len(harness.rejections()) == 2 and len(harness.values()) == 20, most_starts=1
    )
    reasons = {r.reason: r.value for r in await asyncio.to_thread(harness.rejections)}
    assert reasons == {"worker_died": b"segfault:1", "timed_out": b"hang:2"}
    assert await asyncio.to_thread(harness.uncommitted) == 0


async def test_the_cap_of_rejections_stops_the_service(harness: Harness) -> None:
    harness.environment["WIREROOM_REJECT_RUN"] = "50"
    harness.environment["WIREROOM_BATCH_SIZE"] = "20"
    await harness.produce([b"bad:%d" % n for n in range(200)])
    process = harness.start()
    assert await asyncio.to_thread(process.wait, 60) != 0
    assert "cap of rejections" in harness.last_log() or "refused in a row" in harness.last_log()
    assert len(await asyncio.to_thread(harness.rejections)) < 50
    assert await asyncio.to_thread(harness.uncommitted) > 150
