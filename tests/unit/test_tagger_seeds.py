"""The real input of this project: who and what an editor would mark, with the right id."""

from __future__ import annotations

import pytest

from services.tagger.recognizer import recognizer
from tests.seeds_gold import gold, score
from tests.shared_data import shared_data


@pytest.mark.shared_data
def test_the_seeds_are_tagged_as_an_editor_marks_them() -> None:
    found = score(recognizer())
    assert found.wanted > 300
    assert (found.recall >= 0.95, found.precision >= 0.95) == (True, True), "\n".join(
        [f"recall {found.recall:.3f}, precision {found.precision:.3f}", *found.faults]
    )


@pytest.mark.shared_data
def test_every_marked_name_stands_in_its_seed() -> None:
    for path in shared_data("seeds").glob("*.txt"):
        names = gold(path.read_text(encoding="utf-8"), path.name[:3])
        assert sum(not name.optional for name in names) > 20
        places = sorted(extent for name in names for extent in name.extents)
        assert all(0 <= start < end for start, end in places)
