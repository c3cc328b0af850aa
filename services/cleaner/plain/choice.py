"""Which lines of a plain text are the article's: rules and model together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.cleaner.markup.model import Weights
from services.cleaner.plain.bylines import credited
from services.cleaner.plain.furniture import Kind, is_caption
from services.cleaner.plain.lines import Line
from services.cleaner.plain.span import bare_span, comments_start, is_bare, page_span
from services.cleaner.plain.weighing import shipped, weigh

_ABOVE = 3  # lines of an article among which the caption of its picture may stand
_IN_SPAN = 0.1  # by which a line of what the rules take may be less likely
_GAP = 12  # lines between two of the article that may be its own
_NOT_UNLIKELY = 0.05
_EDGE = 0.1
MODEL: Final = "model"
"""The reason of a line that the model alone speaks against."""
_LEAST = 25  # words that the model must find, or it has found nothing


@dataclass(slots=True)
class Verdict:
    """What is to become of each line."""

    dropped: list[str]
    """Why a line is no part of the article; empty where it is one."""
    start: int
    """The first line of the article."""
    bare: bool = False
    """Whether this is an article alone, with nothing of a page around it."""
    sure: NDArray[np.float32] | None = None
    """The model's probability for each line, where it was asked."""
    judged: bool = False
    """Whether the model decided."""

    @property
    def kept(self) -> list[int]:
        """The places of the lines that are the article's."""
        return [index for index, reason in enumerate(self.dropped) if not reason]


def choose(lines: Sequence[Line], weights: Weights | None = None) -> Verdict:
    """Judge ``lines``: an article alone by rules, a page by the model and the rules beside it.

    ``weights`` are those of the line model, the shipped ones unless others are given.
    """
    bare = is_bare(lines)
    dropped = [_reason(line, bare) for line in lines]
    if bare:
        start, end = bare_span(lines)
        for index in range(end, len(lines)):
            dropped[index] = dropped[index] or "below the article"
        verdict = Verdict(dropped, start, bare=True)
    else:
        verdict = _of_page(lines, dropped, weights)
    _drop_quoted(lines, verdict.dropped)
    kept = verdict.kept
    for index in kept[:_ABOVE]:
        if len(kept) > 2 * _ABOVE and is_caption(lines[index].text):
            dropped[index] = "caption"
    return verdict


def _of_page(lines: Sequence[Line], dropped: list[str], weights: Weights | None) -> Verdict:
    start, end = page_span(lines)
    if start == end:
        return Verdict([reason or "no sentences" for reason in dropped], start)
    chosen = shipped() if weights is None else weights
    sure = weigh(lines, (start, end), chosen)
    places = np.arange(len(lines))
    inside = (places >= start) & (places < end)
    likely = sure >= np.where(inside, chosen.threshold - _IN_SPAN, chosen.threshold)
    comments = comments_start(lines)
    likely[comments:] = False
    found = [line for line, keep in zip(lines, likely, strict=True) if keep]
    judged = sum(len(line.text.split()) + len(line.text) // 20 for line in found) >= _LEAST
    if judged:
        _fill(lines, likely, sure, dropped)
        _grow(lines, likely, sure, dropped, inside)
    else:
        likely = inside
    for index in np.flatnonzero(~likely).tolist():
        reason = MODEL if judged else "outside the article"
        dropped[index] = dropped[index] or ("comments" if index >= comments else reason)
    verdict = Verdict(dropped, start, sure=sure, judged=judged)
    kept = verdict.kept
    if judged and kept:
        verdict.start = kept[0]
        for index in range(kept[-1] + 1, min(kept[-1] + 3, len(lines))):
            if credited(lines[index].text):
                dropped[index] = ""
    return verdict


def _fill(
    lines: Sequence[Line], likely: NDArray[np.bool_], sure: NDArray[np.float32], dropped: list[str]
) -> None:
    """Keep what stands between two kept lines and is no furniture: headings, rows of tables."""
    open_lines = [index for index in range(len(lines)) if not dropped[index]]
    last = -1
    for place, index in enumerate(open_lines):
        if not likely[index]:
            continue
        between = open_lines[last + 1 : place] if last >= 0 else []
        if 0 < len(between) <= _GAP and all(sure[at] >= _NOT_UNLIKELY for at in between):
            likely[between] = True
        last = place


def _grow(
    lines: Sequence[Line], likely: NDArray[np.bool_], sure: NDArray[np.float32],
    dropped: list[str], inside: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Keep the paragraphs next to the kept ones that the rules take too, and are not unlikely."""
    open_lines = [index for index in range(len(lines)) if not dropped[index]]
    for order in (open_lines, open_lines[::-1]):
        found = [place for place, index in enumerate(order) if likely[index]]
        for index in order[found[-1] + 1 :] if found else []:
            if not inside[index] or not lines[index].prose or sure[index] < _EDGE:
                break
            likely[index] = True


def _drop_quoted(lines: Sequence[Line], dropped: list[str]) -> None:
    """Nothing goes on after the mail that this one answers."""
    for index, line in enumerate(lines):
        if line.kind is Kind.QUOTED and not all(dropped[:index]):
            for below in range(index, len(lines)):
                dropped[below] = dropped[below] or Kind.QUOTED.value
            return


def _reason(line: Line, bare: bool) -> str:
    """What furniture a line is, if any."""
    if line.kind is None or (bare and line.kind is Kind.VALUE):
        return ""
    return line.kind.value
