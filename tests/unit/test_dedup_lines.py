"""The JSON Lines contract of ``wireroom stage dedup``."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from services.deduplicator.lines import DedupLines, sketch_of
from shared.errors import PermanentError
from tests.unit.dedup_texts import article_text, with_edits


def test_records_are_decided_in_order_of_arrival() -> None:
    lines = DedupLines()
    text = article_text(1)
    records: list[dict[str, Any]] = [
        {"id": "1", "text": text, "title": "T", "entities": [], "published_at": None},
        {"id": "2", "text": article_text(2)},
        {"id": "3", "text": text},
        {"id": "4", "text": with_edits(text, 2), "more": {"kept": True}},
        {"id": "1", "text": text},
    ]
    results = [lines(record) for record in records]
    assert [(r["duplicate"]["kind"], r["duplicate"]["group_id"]) for r in results] == [
        ("none", "1"), ("none", "2"), ("exact", "1"), ("near", "1"), ("none", "1"),
    ]  # fmt: skip
    assert results[2]["duplicate"]["of"] == "1"
    assert results[2]["duplicate"]["similarity"] == 1.0
    for record, result in zip(records, results, strict=True):
        assert result == {
            **record,
            "duplicate": result["duplicate"],
            "story_id": result["story_id"],
        }


def test_sketching_elsewhere_changes_nothing() -> None:
    records = [{"id": str(n), "text": with_edits(article_text(n % 3), n % 4)} for n in range(20)]
    here, there = DedupLines(), DedupLines()
    for record in records:
        sketch = pickle.loads(pickle.dumps(sketch_of(record)))
        assert there.decide(record, sketch) == here(record)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"text": "x"}, "id"),
        ({"id": 7, "text": "x"}, "id"),
        ({"id": "", "text": "x"}, "id"),
        ({"id": "x" * 256, "text": "x"}, "id"),
        ({"id": "a"}, "text"),
        ({"id": "a", "text": None}, "text"),
        ({"id": "a", "text": "x", "title": 1}, "title"),
        ([], "object"),
    ],
)
def test_a_bad_record_names_its_field(record: Any, field: str) -> None:
    with pytest.raises(PermanentError, match=f"invalid_record: .*{field}"):
        DedupLines()(record)
