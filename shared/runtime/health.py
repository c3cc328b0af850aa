"""``/healthz`` and ``/metrics`` of a service, served by a thread of their own.

A thread, so that they answer also while the event loop is held up, which is what they must tell.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Status = Callable[[], dict[str, Any]]
"""Returns at least ``{"status": "ok" | "starting" | "stalled" | "stopping"}``."""


class HealthServer:
    """Serves the status (200 when ``ok``, else 503) and the metrics; a context manager."""

    def __init__(self, host: str, port: int, status: Status) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # seconds; a client that connects and asks nothing holds a thread

            def do_GET(self) -> None:
                if self.path == "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
                elif self.path == "/healthz":
                    facts = status()
                    code = 200 if facts.get("status") == "ok" else 503
                    self._answer(code, "application/json", json.dumps(facts).encode())
                else:
                    self._answer(404, "text/plain", b"only /healthz and /metrics\n")

            def _answer(self, code: int, content_type: str, body: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Probes are not logged."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> HealthServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
