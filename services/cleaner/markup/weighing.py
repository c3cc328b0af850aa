"""How likely each block of a page belongs to the article."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.cleaner.markup.context import context
from services.cleaner.markup.features import Read, Table, features
from services.cleaner.markup.labels import Part
from services.cleaner.markup.model import HOPELESS, Weights, WeightsError, shipped, signature

Floats = NDArray[np.float32]

MAX_BLOCKS: Final = 6_000
"""Blocks of a page that are judged; the longest of the evaluation pages has a third of that."""
COMMENTED: Final = 0.8
"""Probability that a block among what is named comments must have where hardly anything else is
likely: some templates name the box of the whole article so."""
_OUTSIDE: Final = 0.3
_LEAST: Final = 300
"""How much likely text outside of comments (as a share of that in them, and in characters) tells
that the comments are none of the article. Without the two rules body F1 is .001 lower on wcxb, .005
to .007 on aeb."""


@dataclass(slots=True)
class Weighed:
    """A page's blocks judged."""

    probabilities: Floats
    """One for each block; those after :data:`MAX_BLOCKS` have 0."""
    threshold: float
    """From which one belongs to the article."""

    @property
    def keep(self) -> list[bool]:
        """For each block whether it does."""
        kept: list[bool] = (self.probabilities >= self.threshold).tolist()
        return kept


def weigh(page: Read, confirmed: list[float] | None, weights: Weights | None = None) -> Weighed:
    """Judge the blocks of ``page`` with ``weights``, the shipped ones unless others are given.

    ``confirmed`` is what :func:`~services.cleaner.markup.evidence.confirmed` says. Raises
    :class:`~services.cleaner.markup.model.WeightsError` where the weights were learnt with other
    features.
    """
    chosen = _checked() if weights is None else weights
    whole = np.zeros(len(page.blocks), np.float32)
    if len(whole):
        judged = judge(_Part(page), confirmed, chosen)
        whole[: len(judged)] = judged
    return Weighed(whole, chosen.threshold)


def judge(page: Read, confirmed: list[float] | None, weights: Weights) -> Floats:
    """The probabilities of the blocks, of which there is at least one."""
    size = len(page.blocks)
    known = None if confirmed is None else confirmed[:size]
    table = features(page, weights.vocabulary, known)
    first = weights.first.probabilities(table.matrix, early=True)
    # Menus and the like, more than half of a page, are not judged again.
    likely = first >= HOPELESS
    judged = first.copy()
    judged[likely] = weights.second.probabilities(context(table, first, likely).matrix)
    _without_comments(judged, table, weights.threshold)
    return judged


def _without_comments(judged: Floats, table: Table, threshold: float) -> None:
    """Readers' comments are prose as good as an article's, and few of the pages taught have any."""
    commented = (table.outline.above[table.outline.owner] & int(Part.COMMENTS)) > 0
    likely = table.chars * (judged >= threshold)
    outside, inside = float(likely[~commented].sum()), float(likely[commented].sum())
    doubtful = commented
    if outside < max(_LEAST, _OUTSIDE * inside):
        doubtful = commented & (judged < COMMENTED)
    judged[doubtful] *= 0.4


class _Part:
    """The first blocks of a page."""

    def __init__(self, page: Read) -> None:
        self.blocks = page.blocks[:MAX_BLOCKS]
        self.nodes = page.nodes
        self.document_title = page.document_title
        self.summary = page.summary


@cache
def _checked() -> Weights:
    weights, signatures = shipped()
    if signatures != [signature(names) for names in column_names(weights)]:
        raise WeightsError("the weights were learnt with other features: run `make train`")
    return weights


def column_names(weights: Weights) -> tuple[list[str], list[str]]:
    """The names of the features of the first and of the second judgement, told by a page."""
    table = features(_Sample(), weights.vocabulary, None)
    return table.names, context(table, np.zeros(1, np.float32)).names


class _Sample:
    """A page of one block."""

    def __init__(self) -> None:
        from lxml.html import Element

        from services.cleaner.markup.blocks import Block, Node

        self.nodes = [Node(Element("body"), -1, "body", "", False, 0, 1)]
        self.blocks = [Block("Text.", 0, 0, 0, 0)]
        self.document_title = self.summary = ""
