"""What becomes of each outcome of a bulk request, told by a server that says what we script."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from services.indexer.publisher import ElasticPublisher
from shared.errors import SettingsError, TransientError
from shared.runtime.stage import Emit
from shared.settings import RuntimeSettings
from tests.search_contract import article, emit

Item = tuple[int, str, str]
"""Status, and type and reason of the error."""

PRESSURE = (
    "rejected execution of primary operation [coordinating_and_primary_bytes=9, replica_bytes=0, "
    "all_bytes=9, primary_operation_bytes={}, max_primary_bytes=100]"
)


@dataclass
class Script:
    """A server's behaviour. ``item`` answers for one document by its id, ``request`` for all."""

    item: Callable[[str], Item] = lambda _: (201, "", "")
    request: Callable[[list[str]], int] = lambda _: 200
    create: tuple[int, str] = (200, "")
    cluster: tuple[int, str] = (200, "")
    batches: list[list[str]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    stored: Callable[[str], dict[str, Any]] = lambda _: {"found": False}
    read: list[list[str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    async def bulk(self, request: web.Request) -> web.Response:
        body = await request.read()
        lines = body.splitlines()
        actions = [orjson.loads(line)["index"] for line in lines[::2]]
        ids = [action["_id"] for action in actions]
        self.batches.append(ids)
        self.actions += actions
        self.bodies += [orjson.loads(line) for line in lines[1::2]]
        self.sizes.append(len(body))
        status = self.request(ids)
        if status != 200:
            return _json(_error("whole_request", f"status {status}"), status)
        items = []
        for action in actions:
            status, type_, reason = self.item(action["_id"])
            item = {"_index": action["_index"], "_id": action["_id"], "status": status}
            items.append({"index": item | (_error(type_, reason) if type_ else {})})
        return _json({"took": 1, "errors": True, "items": items})

    async def mget(self, request: web.Request) -> web.Response:
        docs = orjson.loads(await request.read())["docs"]
        self.read.append([doc["_id"] for doc in docs])
        return _json({"docs": [doc | self.stored(doc["_id"]) for doc in docs]})

    async def health(self, _: web.Request) -> web.Response:
        status, type_ = self.cluster
        return _json(_error(type_, "who are you") if status >= 400 else {}, status)

    async def create_index(self, request: web.Request) -> web.Response:
        self.created.append(request.match_info["index"])
        status, type_ = self.create
        body = _error(type_, "why not") if status >= 400 else {"acknowledged": True}
        return _json(body, status)


def _error(type_: str, reason: str) -> dict[str, Any]:
    cause = {"type": type_, "reason": reason}
    return {"error": {**cause, "root_cause": [cause]}}


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/vnd.elasticsearch+json",
        headers={"X-Elastic-Product": "Elasticsearch"},
    )


@pytest.fixture
def script() -> Script:
    return Script()


@pytest_asyncio.fixture
async def settings(script: Script) -> AsyncIterator[RuntimeSettings]:
    app = web.Application(client_max_size=200_000_000)
    app.router.add_put("/_bulk", script.bulk)
    app.router.add_post("/_bulk", script.bulk)
    app.router.add_post("/_mget", script.mget)
    app.router.add_get("/_cluster/health", script.health)
    app.router.add_put("/{index}", script.create_index)
    server = TestServer(app)
    await server.start_server()
    yield RuntimeSettings(
        elastic_url=str(server.make_url("")).rstrip("/"),
        elastic_username="writer",
        elastic_password=SecretStr("hidden-word"),
        elastic_api_key=None,
        elastic_ca=None,
    )
    await server.close()


@pytest_asyncio.fixture
async def publisher(settings: RuntimeSettings) -> AsyncIterator[ElasticPublisher]:
    publisher = ElasticPublisher(settings)
    await publisher.start()
    yield publisher
    await publisher.stop()


def _emits(count: int) -> list[Emit]:
    return [emit(article(f"n{number}", f"text {number}", version=7)) for number in range(count)]


def _name(message: Emit) -> str:
    return message.key.decode()


async def test_written_and_stale_are_done_and_counted(
    script: Script, publisher: ElasticPublisher
) -> None:
    told: Counter[str] = Counter()
    publisher._on_outcome = lambda outcome, number: told.update({outcome: number})
    messages = _emits(4)
    stale = {_name(messages[1]), _name(messages[2])}
    script.item = lambda name: (
        (
            409,
            "version_conflict_engine_exception",
            "current version [7] is higher or equal to the one provided [7]",
        )
        if name in stale
        else (201, "", "")
    )
    assert await publisher.publish(messages) == [None] * 4
    assert publisher.outcomes == told == {"indexed": 2, "stale": 2}
    assert script.actions[0] == {
        "_index": "news-articles-v1-2026.11",
        "_id": _name(messages[0]),
        "version": 7,
        "version_type": "external",
    }
    assert await publisher.publish([]) == []


async def test_a_refused_document_is_told_with_its_reason(
    script: Script, publisher: ElasticPublisher
) -> None:
    messages = _emits(3)
    script.item = lambda name: (
        (400, "strict_dynamic_mapping_exception", "field [x] is not allowed")
        if name == _name(messages[1])
        else (200, "", "")
    )
    first, second, third = await publisher.publish(messages)
    assert first is None
    assert third is None
    assert second is not None
    assert second.reason == "index_refused"
    assert "field [x] is not allowed" in second.detail
    assert publisher.outcomes == {"indexed": 2, "rejected": 1}


async def test_a_missing_month_is_made_once(script: Script, publisher: ElasticPublisher) -> None:
    messages = _emits(3)
    missing = (404, "index_not_found_exception", "no such index")
    script.item = lambda _: (201, "", "") if script.created else missing
    assert await publisher.publish(messages) == [None] * 3
    assert script.created == ["news-articles-v1-2026.11"]
    assert publisher.outcomes == {"indexed": 3}


async def test_another_indexer_made_the_month_meanwhile(
    script: Script, publisher: ElasticPublisher
) -> None:
    missing = (404, "index_not_found_exception", "no such index")
    script.item = lambda _: (201, "", "") if script.created else missing
    script.create = (400, "resource_already_exists_exception")
    assert await publisher.publish(_emits(1)) == [None]


async def test_an_index_that_cannot_be_made_is_tried_again_later(
    script: Script, publisher: ElasticPublisher
) -> None:
    script.item = lambda _: (404, "index_not_found_exception", "no such index")
    with pytest.raises(TransientError, match="made and gone again"):
        await publisher.publish(_emits(1))
    script.create = (400, "validation_exception")
    with pytest.raises(TransientError, match="validation_exception: why not"):
        await publisher.publish(_emits(1))
    assert len(script.batches) == 3


@pytest.mark.parametrize("status", [401, 403])
async def test_no_permission_stops_naming_server_and_user(
    script: Script, publisher: ElasticPublisher, settings: RuntimeSettings, status: int
) -> None:
    script.request = lambda _: status
    with pytest.raises(SettingsError) as caught:
        await publisher.publish(_emits(2))
    assert f"{settings.elastic_url} as user writer" in str(caught.value)
    assert f"HTTP {status}" in str(caught.value)
    assert "hidden-word" not in str(caught.value)
    script.request = lambda _: 200
    script.item = lambda _: (status, "security_exception", "action is unauthorized")
    with pytest.raises(SettingsError, match=r"as user writer.*action is unauthorized"):
        await publisher.publish(_emits(1))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_waiting_may_cure_is_transient(
    script: Script, publisher: ElasticPublisher, status: int
) -> None:
    messages = _emits(3)
    bad = _name(messages[0])
    script.item = lambda name: (status, "busy", "later") if name == bad else (201, "", "")
    with pytest.raises(TransientError, match=r"1 of 3 documents were not taken now.*busy: later"):
        await publisher.publish(messages)
    # The others were written nevertheless.
    assert publisher.outcomes == {"indexed": 2}
    script.request = lambda _: status
    with pytest.raises(TransientError, match=f"HTTP {status}"):
        await publisher.publish(messages)


async def test_a_server_that_is_away_is_transient(settings: RuntimeSettings) -> None:
    away = settings.model_copy(update={"elastic_url": "http://127.0.0.1:9"})
    publisher = ElasticPublisher(away)
    await publisher.start()
    with pytest.raises(TransientError, match=r"http://127\.0\.0\.1:9"):
        await publisher.publish(_emits(1))
    await publisher.stop()


@pytest.mark.parametrize(
    ("status", "reason"), [(400, "index_refused"), (413, "document_too_large")]
)
async def test_a_refused_request_is_halved_down_to_the_one_at_fault(
    script: Script, publisher: ElasticPublisher, status: int, reason: str
) -> None:
    messages = _emits(20)
    bad = _name(messages[13])
    script.request = lambda names: status if bad in names else 200
    results = await publisher.publish(messages)
    assert [at for at, result in enumerate(results) if result is not None] == [13]
    error = results[13]
    assert error is not None
    assert error.reason == reason
    assert publisher.outcomes == {"indexed": 19, "rejected": 1}
    assert len(script.batches) <= 1 + 2 * 5


def _revised(name: str, number: int) -> Emit:
    return emit(article(name, f"text {number}", version=number * 10, revision=number))


def _found(message: Emit) -> dict[str, Any]:
    return {"found": True, "_source": orjson.loads(message.value)}


async def test_first_revisions_are_written_without_reading(
    script: Script, publisher: ElasticPublisher
) -> None:
    assert await publisher.publish(_emits(3)) == [None] * 3
    assert script.read == []
    assert len(script.batches) == 1


async def test_an_earlier_revision_is_kept_before_it_is_written_over(
    script: Script, publisher: ElasticPublisher
) -> None:
    first, second = _revised("a", 1), _revised("a", 2)
    name = _name(first)
    script.stored = lambda _: _found(first)
    assert await publisher.publish([second]) == [None]
    assert script.batches == [[f"{name}.r1"], [name]]
    kept, written = script.actions
    assert (kept["_index"], kept["version"]) == ("news-revisions-v1-2026.11", 10)
    assert (written["_index"], written["version"]) == ("news-articles-v1-2026.11", 20)
    assert script.bodies[0]["document"] == orjson.loads(first.value)
    assert script.bodies[1]["changes"]["from_revision"] == 1
    assert publisher.outcomes == {"kept": 1, "indexed": 1}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((503, "busy", "later"), "later"),
        ((400, "mapper_parsing_exception", "no"), "refused"),
    ],
)
async def test_what_cannot_be_kept_is_not_written_over(
    script: Script, publisher: ElasticPublisher, answer: Item, state: str
) -> None:
    script.stored = lambda _: _found(_revised("a", 1))
    script.item = lambda name: answer if name.endswith(".r1") else (201, "", "")
    if state == "later":
        with pytest.raises(TransientError, match="busy: later"):
            await publisher.publish([_revised("a", 2)])
    else:
        (refused,) = await publisher.publish([_revised("a", 2)])
        assert refused is not None
        assert refused.detail.startswith("news-revisions-v1-2026.11: mapper_parsing_exception")
    assert [name[-3:] for batch in script.batches for name in batch] == [".r1"]


async def test_what_cannot_be_read_now_is_not_written_over(
    script: Script, publisher: ElasticPublisher
) -> None:
    script.stored = lambda _: _error("no_shard_available_action_exception", "red")
    with pytest.raises(TransientError, match="no_shard_available"):
        await publisher.publish([_revised("a", 2)])
    script.stored = lambda _: _error("security_exception", "no")
    with pytest.raises(SettingsError, match="a key made before revisions were kept may not read"):
        await publisher.publish([_revised("a", 2)])
    assert script.batches == []
    script.stored = lambda _: _error("index_not_found_exception", "none yet")
    assert await publisher.publish([_revised("a", 2)]) == [None]


async def test_one_that_was_overtaken_is_kept(script: Script, publisher: ElasticPublisher) -> None:
    name = _name(_revised("a", 1))
    conflict = "current version [{}] is higher or equal to the one provided [10]"
    script.stored = lambda _: {"found": True, "_source": {"revision": 2}}
    script.item = lambda id_: (
        (409, "version_conflict_engine_exception", conflict.format(20))
        if id_ == name
        else (201, "", "")
    )
    assert await publisher.publish([_revised("a", 1)]) == [None]
    assert script.batches == [[name], [f"{name}.r1"]]
    assert publisher.outcomes == {"stale": 1, "kept": 1}
    # A correction of the same revision is none, and the same message again is read no more.
    script.stored = lambda _: {"found": True, "_source": {"revision": 1}}
    assert await publisher.publish([_revised("a", 1)]) == [None]
    assert script.batches[2:] == [[name]]
    script.item = lambda _: (409, "version_conflict_engine_exception", conflict.format(10))
    assert await publisher.publish([_revised("a", 1)]) == [None]
    assert len(script.read) == 2


async def test_messages_of_one_article_are_written_one_after_the_other(
    script: Script, publisher: ElasticPublisher
) -> None:
    messages = [_revised(name, number) for name in ("a", "b") for number in (1, 2)]
    first, second = _name(messages[0]), _name(messages[2])
    script.stored = lambda name: _found(_revised("a" if name == first else "b", 1))
    assert await publisher.publish(messages) == [None] * 4
    assert script.read == [[first, second]]
    assert script.batches == [
        [first, second],
        [f"{first}.r1", f"{second}.r1"],
        [first, second],
    ]


async def test_a_wrong_address_stops(script: Script, publisher: ElasticPublisher) -> None:
    script.request = lambda _: 404
    with pytest.raises(SettingsError, match="check WIREROOM_ELASTIC_URL"):
        await publisher.publish(_emits(2))


async def test_a_document_larger_than_the_server_ever_takes_is_refused(
    script: Script, publisher: ElasticPublisher
) -> None:
    messages = _emits(3)
    bad = _name(messages[1])
    script.item = lambda name: (
        (429, "es_rejected_execution_exception", PRESSURE.format(101))
        if name == bad
        else (201, "", "")
    )
    first, second, third = await publisher.publish(messages)
    assert (first, third) == (None, None)
    assert second is not None
    assert second.reason == "document_too_large"
    assert script.batches[1:] == [[bad]]
    # One that fits, only not now, is tried again.
    script.item = lambda _: (429, "es_rejected_execution_exception", PRESSURE.format(99))
    with pytest.raises(TransientError):
        await publisher.publish(messages[:1])


async def test_requests_keep_to_their_limits(script: Script, settings: RuntimeSettings) -> None:
    publisher = ElasticPublisher(settings, max_actions=4, max_bytes=20_000)
    await publisher.start()
    messages = [
        emit(article(f"n{number}", "word " * (10_000 if number == 3 else 500)))
        for number in range(12)
    ]
    assert await publisher.publish(messages) == [None] * 12
    await publisher.stop()
    assert [name for batch in script.batches for name in batch] == [_name(m) for m in messages]
    for names, size in zip(script.batches, script.sizes, strict=True):
        assert len(names) <= 4
        assert size <= 20_000 or names == [_name(messages[3])]


async def test_settings_that_fit_no_server(settings: RuntimeSettings) -> None:
    for changes, variable in (
        ({"elastic_password": None}, "WIREROOM_ELASTIC_PASSWORD"),
        ({"elastic_url": "nonsense"}, "WIREROOM_ELASTIC_URL"),
    ):
        publisher = ElasticPublisher(settings.model_copy(update=changes))
        with pytest.raises(SettingsError, match=variable):
            await publisher.start()


async def test_wrong_credentials_are_told_at_the_start(
    script: Script, settings: RuntimeSettings
) -> None:
    script.cluster = (401, "security_exception")
    publisher = ElasticPublisher(settings)
    with pytest.raises(SettingsError, match="WIREROOM_ELASTIC") as told:
        await publisher.start()
    assert "hidden-word" not in str(told.value)
    await publisher.stop()


async def test_a_server_that_is_not_ready_at_the_start_is_asked_again(
    script: Script, settings: RuntimeSettings
) -> None:
    script.cluster = (503, "not_yet")
    publisher = ElasticPublisher(settings)
    await publisher.start()
    assert await publisher.publish(_emits(2)) == [None, None]
    await publisher.stop()
