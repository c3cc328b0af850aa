"""``/healthz`` and ``/metrics`` over real HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared import metrics
from shared.runtime.health import HealthServer


def get(port: int, path: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


@pytest.mark.parametrize(
    ("status", "code"), [("ok", 200), ("starting", 503), ("stalled", 503), ("stopping", 503)]
)
def test_only_ok_is_healthy(status: str, code: int) -> None:
    facts = {"status": status, "lag": 3}
    with HealthServer("127.0.0.1", 0, lambda: facts) as server:
        got, kind, body = get(server.port, "/healthz")
    assert (got, kind, json.loads(body)) == (code, "application/json", facts)


def test_other_paths_are_not_found() -> None:
    with HealthServer("127.0.0.1", 0, lambda: {"status": "ok"}) as server:
        assert get(server.port, "/")[0] == 404
        assert get(server.port, "/metrics/x")[0] == 404


def test_metrics_are_in_the_format_of_prometheus() -> None:
    metrics.LAG.labels("health-test").set(17)
    with HealthServer("127.0.0.1", 0, lambda: {"status": "ok"}) as server:
        code, _, body = get(server.port, "/metrics")
    assert code == 200
    families = {f.name: f for f in text_string_to_metric_families(body.decode())}
    samples = families["wireroom_lag_messages"].samples
    assert {s.labels["stage"]: s.value for s in samples}["health-test"] == 17


async def test_it_answers_while_the_event_loop_is_held_up() -> None:
    answers: list[Any] = []
    with HealthServer("127.0.0.1", 0, lambda: {"status": "stalled"}) as server:
        asking = threading.Thread(target=lambda: answers.append(get(server.port, "/healthz")))
        asking.start()
        deadline = time.monotonic() + 20
        while not answers and time.monotonic() < deadline:
            time.sleep(0.005)  # noqa: ASYNC251 - the loop is held up on purpose
        assert answers
        asking.join()
    assert answers[0][0] == 503
    await asyncio.sleep(0)


def test_the_port_is_free_again_after_it() -> None:
    with HealthServer("127.0.0.1", 0, lambda: {"status": "ok"}) as server:
        port = server.port
    with HealthServer("127.0.0.1", port, lambda: {"status": "ok"}) as server:
        assert get(server.port, "/healthz")[0] == 200
