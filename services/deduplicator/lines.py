"""``wireroom stage dedup``: the deduplicator over JSON Lines, without a log.

The order of the lines is the order of the log. Fingerprinting (:func:`sketch_of`) may be spread
over processes; :meth:`DedupLines.decide` takes its results in order.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import Any, get_args

import numpy as np

from services.deduplicator.decider import Decider
from services.deduplicator.entry import ID_BYTES
from services.deduplicator.evidence import evidence
from services.deduplicator.fingerprinting import Published, fingerprint_text
from services.deduplicator.groups import GROUPS
from services.deduplicator.settings import DeduplicatorSettings
from services.deduplicator.verdicts import KINDS, NO_STORY
from shared.errors import PermanentError
from shared.events import Precision, parse_time
from shared.settings import load_settings
from shared.text import comparable, comparable_hash

Record = dict[str, Any]


def sketch_of(record: Record) -> Any:
    """The fingerprint of ``{id, text, title?, published_at?, entities?}``, a record of
    :data:`~services.deduplicator.entry.ENTRY`.

    The id is the article's identity. Raises :class:`PermanentError` ``invalid_record`` naming the
    field that is missing or of a wrong type.
    """
    if not isinstance(record, dict):
        raise PermanentError("invalid_record", "not a JSON object")
    name = record.get("id")
    if not isinstance(name, str) or not 0 < len(name.encode("utf-8", "replace")) < 256:
        raise PermanentError("invalid_record", "id: a string of 1 to 255 bytes is needed")
    text, title = record.get("text"), record.get("title")
    if not isinstance(text, str):
        raise PermanentError("invalid_record", "text: a string is needed")
    if not isinstance(title, str | None):
        raise PermanentError("invalid_record", "title: a string or null is needed")
    language = record.get("language")
    fields = fingerprint_text(
        title or "", text, _published(record), (), language if isinstance(language, str) else None
    )
    fields["article"] = np.void(packed_name(name))
    fields["content"] = np.void(bytes.fromhex(comparable_hash(comparable(text)))[:16])
    return fields


def packed_name(name: str) -> bytes:
    """What stands for an id of any form."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:ID_BYTES]


def _published(record: Record) -> Published:
    told = record.get("published_at")
    moment = parse_time(told) if isinstance(told, str) else None
    if moment is None:
        return Published()
    whole = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    precision: Precision = "day" if whole else "minute"
    if record.get("published_precision") in get_args(Precision):
        precision = record["published_precision"]
    found_in = record.get("published_from")
    return Published(
        moment.astimezone(UTC), precision, found_in if isinstance(found_in, str) else "record"
    )


class DedupLines:
    """Decides records in order of arrival; remembers all of them."""

    def __init__(self, settings: DeduplicatorSettings | None = None) -> None:
        settings = settings or load_settings(DeduplicatorSettings)
        self._deciders = [Decider(settings.window_ms, settings.rule) for _ in range(GROUPS)]
        self._names: dict[bytes, str] = {NO_STORY: ""}
        self._count = 0

    def __call__(self, record: Record) -> Record:
        """Fingerprint and decide ``record``; raises like :func:`sketch_of`."""
        return self.decide(record, sketch_of(record))

    def decide(self, record: Record, fingerprint: Any) -> Record:
        """``record`` with ``duplicate`` and ``story_id``. Call it in order of arrival."""
        self._count += 1
        self._names.setdefault(fingerprint["article"].tobytes(), record["id"])
        decider = self._deciders[int(fingerprint["group"])]
        # A backfill has no clock: all lines are in one window.
        row = decider.rows[decider.decide(fingerprint, self._count, 0).number]
        kind = KINDS[row["kind"]]
        return {
            **record,
            "duplicate": {
                "kind": kind,
                "of": self._name(row["of"]) or None,
                "group_id": self._name(row["group"]),
                "similarity": int(row["similarity"]) / 1000 if kind != "none" else None,
                "evidence": evidence(row, self._name),
            },
            "story_id": self._name(row["story"]) or None,
        }

    def _name(self, packed: np.void) -> str:
        return self._names[packed.tobytes()]
