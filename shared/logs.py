"""Structured logs: one JSON object a line on standard error, or text for people."""

from __future__ import annotations

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

# Libraries that tell of each connection and each commit at INFO.
_QUIET = (
    "aiokafka",
    "faust",
    "mode",
    "elastic_transport",
    "elasticsearch",
    "trafilatura",
    "asyncio",
)


def set_up_logs(service: str, level: str, form: str) -> None:
    """Send all logs to standard error as ``form`` (``json`` or ``text``)."""
    handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        handler.setFormatter(
            JsonFormatter(
                "%(asctime)s %(levelname)s %(name)s %(message)s",
                rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
                static_fields={"service": service},
            )
        )
    else:
        handler.setFormatter(logging.Formatter(f"%(asctime)s {service} %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
