"""Topics and their wiring, read from ``deploy/topics.yml``: the one place for both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.errors import SettingsError
from shared.resources import deploy_path

_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_RETENTION = re.compile(r"(\d+)([mhd])")
# Who takes over a partition of a compacted topic reads all of it. The broker never compacts the
# segment that it writes to, so segments are small, and what is compacted is at most half stale.
_COMPACTION = {
    "segment.bytes": str(32 * 1024 * 1024),
    "segment.ms": str(3_600_000),
    "min.cleanable.dirty.ratio": "0.5",
    # A reader that began before a key was removed must meet the removal on its way.
    "delete.retention.ms": str(86_400_000),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. ``max_message`` in bytes, ``retention_ms`` in milliseconds, -1 for ever."""

    name: str
    partitions: int
    max_message: int
    retention_ms: int
    log_append_time: bool = False
    compacted: bool = False

    @property
    def max_record(self) -> int:
        """The largest record that a producer sends, in bytes.

        Below ``max_message``, which the broker compares with a whole batch: the batch has a
        header, and what cannot be compressed grows by up to 0.4 % (LZ4's block format).
        """
        return self.max_message - self.max_message // 128 - 1024

    def config(self) -> dict[str, str]:
        """The broker's configuration entries for this topic."""
        config = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "max.message.bytes": str(self.max_message),
            "retention.ms": str(self.retention_ms),
        }
        if self.compacted:
            config |= _COMPACTION
        if self.log_append_time:
            config["message.timestamp.type"] = "LogAppendTime"
        return config


@dataclass(frozen=True, slots=True)
class Wiring:
    """What one service reads, writes and, for the deduplicator, shares as a log."""

    service: str
    reads: Topic
    writes: Topic | None
    log: Topic | None
    rejected: Topic


@dataclass(frozen=True, slots=True)
class Topology:
    """All topics and the wiring of all services."""

    topics: dict[str, Topic]
    services: dict[str, Wiring]
    rejected: Topic

    @property
    def largest_message(self) -> int:
        """The largest ``max_message`` of all: what brokers must accept."""
        return max(topic.max_message for topic in self.topics.values())


def load_topology(path: Path, namespace: str = "") -> Topology:
    """Read a topology; ``namespace`` prefixes every topic's name (``test-1.news.ingest``).

    Raises :class:`SettingsError` naming the file and the entry that is wrong.
    """
    try:
        raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        prefix = f"{namespace}." if namespace else ""
        topics = {name: _topic(path, prefix, name, spec) for name, spec in raw["topics"].items()}
        rejected = topics[raw["rejected"]]
        services = {
            service: _wiring(path, service, spec, topics, rejected)
            for service, spec in raw["services"].items()
        }
    except KeyError as error:
        raise SettingsError(f"{path}: there is no entry {error}") from error
    except (OSError, yaml.YAMLError, TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    return Topology(topics, services, rejected)


@cache
def topology(namespace: str = "") -> Topology:
    """The shipped topology under ``namespace``."""
    return load_topology(deploy_path("topics.yml"), namespace)


def _topic(path: Path, prefix: str, name: str, spec: Any) -> Topic:
    try:
        cleanup = spec.get("cleanup", "delete")
        if cleanup not in ("delete", "compact"):
            raise ValueError(f"cleanup: {cleanup!r} is neither 'delete' nor 'compact'")
        compacted = cleanup == "compact"
        if compacted and "retention" in spec:
            raise ValueError("retention: a compacted topic has none")
        match = None if compacted else _RETENTION.fullmatch(str(spec["retention"]))
        if match is None and not compacted:
            raise ValueError(f"retention: {spec['retention']!r} is not a number with m, h or d")
        timestamps = spec.get("timestamps")
        if timestamps not in (None, "log"):
            raise ValueError(f"timestamps: {timestamps!r} is not 'log'")
        topic = Topic(
            name=prefix + name,
            partitions=int(spec["partitions"]),
            max_message=int(spec["max_message"]),
            retention_ms=int(match[1]) * _UNITS_MS[match[2]] if match else -1,
            log_append_time=timestamps == "log",
            compacted=compacted,
        )
        if topic.partitions < 1 or topic.max_record < 1:
            raise ValueError("partitions and max_message must hold at least one record")
    except KeyError as error:
        raise SettingsError(f"{path}: topics: {name}: there is no {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"{path}: topics: {name}: {error}") from error
    return topic


def _wiring(
    path: Path, service: str, spec: Any, topics: dict[str, Topic], rejected: Topic
) -> Wiring:
    try:
        return Wiring(
            service=service,
            reads=topics[spec["reads"]],
            writes=topics[spec["writes"]] if "writes" in spec else None,
            log=topics[spec["log"]] if "log" in spec else None,
            rejected=rejected,
        )
    except KeyError as error:
        raise SettingsError(f"{path}: services: {service}: there is no {error}") from error
    except TypeError as error:
        raise SettingsError(f"{path}: services: {service}: {error}") from error
