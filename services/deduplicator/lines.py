"""``wireroom stage dedup``: the deduplicator over JSON Lines, without a log.

The order of the lines is the order of the log. Sketching (:func:`sketch_of`) may be spread over
processes; :meth:`DedupLines.decide` takes its results in order.
"""

from __future__ import annotations

from typing import Any

from services.deduplicator.decider import Decider
from services.deduplicator.fingerprint import Fingerprint, title_hash
from services.deduplicator.groups import GROUPS
from services.deduplicator.settings import DeduplicatorSettings
from services.deduplicator.sketch import sketch
from shared.errors import PermanentError
from shared.settings import load_settings
from shared.text import comparable, comparable_hash

Record = dict[str, Any]


def sketch_of(record: Record) -> Fingerprint:
    """The fingerprint of ``{id, text, title?, published_at?, entities?}``.

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
    folded = comparable(text)
    return Fingerprint(
        article_id=name,
        content_hash=bytes.fromhex(comparable_hash(folded)),
        sketch=sketch(folded),
        title_hash=title_hash(title or ""),
    )


class DedupLines:
    """Decides records in order of arrival; remembers all of them."""

    def __init__(self, settings: DeduplicatorSettings | None = None) -> None:
        settings = settings or load_settings(DeduplicatorSettings)
        self._deciders = [Decider(settings.window_ms, settings.rule) for _ in range(GROUPS)]
        self._count = 0

    def __call__(self, record: Record) -> Record:
        """Sketch and decide ``record``; raises like :func:`sketch_of`."""
        return self.decide(record, sketch_of(record))

    def decide(self, record: Record, fingerprint: Fingerprint) -> Record:
        """``record`` with ``duplicate`` and ``story_id``. Call it in order of arrival."""
        self._count += 1
        # A backfill has no clock: all lines are in one window.
        decision = self._deciders[fingerprint.sketch.group].decide(fingerprint, self._count, 0)
        return {
            **record,
            "duplicate": {
                "kind": decision.kind,
                "of": decision.of,
                "group_id": decision.group_id,
                "similarity": decision.similarity,
            },
            "story_id": None,
        }
