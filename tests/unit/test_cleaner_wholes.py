"""Tables and listings are kept or left out as a whole."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from services.cleaner.markup.page import Page
from services.cleaner.markup.wholes import wholes

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TABLE = "<table><tr><th>Berth</th><th>Metres</th></tr><tr><td>East</td><td>120</td></tr></table>"
LONG = "The harbour of Lindvik was closed on Tuesday after a ferry ran into its eastern pier. "


def _changed(body: str, likely: list[float], threshold: float = 0.4) -> dict[int, bool]:
    page = Page(f"<html><body>{body}</body></html>", None, NOW)
    assert len(page.blocks) == len(likely), [block.text for block in page.blocks]
    keep = [one >= threshold for one in likely]
    found = wholes(page.blocks, page.nodes, np.array(likely, np.float32), keep)
    return {place: wanted for place, (wanted, _) in found.items()}


def test_a_table_most_of_which_is_likely_is_kept_with_its_heads() -> None:
    assert _changed(f"<p>{LONG}</p>{TABLE}", [0.9, 0.2, 0.3, 0.5, 0.6]) == {1: True, 2: True}


def test_a_table_most_of_which_is_unlikely_is_left_out() -> None:
    assert _changed(f"<p>{LONG}</p>{TABLE}", [0.9, 0.1, 0.5, 0.1, 0.1]) == {2: False}


def test_a_table_of_which_nothing_is_kept_stays_out() -> None:
    assert _changed(f"<p>{LONG}</p>{TABLE}", [0.9, 0.3, 0.39, 0.39, 0.39]) == {}


def test_a_table_that_lays_out_the_page_is_none() -> None:
    layout = f"<table><tr><td>Menu</td><td>{LONG * 9}</td><td>Links</td></tr></table>"
    assert _changed(layout, [0.1, 0.9, 0.1]) == {}
    outer = f"<table><tr><td>Menu</td><td>{TABLE}</td><td>Links</td></tr></table>"
    assert _changed(outer, [0.1, 0.9, 0.9, 0.9, 0.9, 0.1]) == {}


def test_a_listing_between_paragraphs_is_kept() -> None:
    code = f"<p>{LONG}</p><pre>print(1)</pre><p>{LONG}</p><pre>print(2)</pre>"
    assert _changed(code, [0.9, 0.25, 0.9, 0.25]) == {1: True}
    assert _changed(code, [0.9, 0.1, 0.9, 0.25]) == {}
