"""How right names are: exact start, end and type, of persons, organizations and places.

The engine is measured by itself, before anything is linked. Sets differ in what they call a name.
``worldwide`` leaves titles and offices out ("President"), and so do the others nearly always. In
``btc`` half of the names are account names after ``@``, marked as persons and organizations; in
``wnut17-test`` there are such too: both are told with and without them. ``wnut17-test`` has
companies as ``corporation``, teams and bands as ``group``: both are ORG here. In
``crossner-politics-test`` elections, whose names hold those of places, are names of their own and
are not scored; nor are products, works, peoples and events anywhere.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Final, NamedTuple

from services.tagger.engines import load_finder
from tests.quality.table import Row
from tests.quality.tagger_articles import WORLDWIDE, Marked, Name, rows, scored
from training.tagger.rows import outlet

_KINDS: Final = ("PER", "ORG", "LOC")
_NAIVE: Final = "MiniLM, labels merged, one epoch (measured once)"
_NAIVE_F1: Final = {"": 0.637, "PER": 0.709, "ORG": 0.453, "LOC": 0.735}
_SHAPES: Final = ("MiniLM with case shapes, other outlets (measured once)", 0.787)
_WITH_ACCOUNTS: Final = ("wnut17-test", "btc")
_ACCOUNT: Final = re.compile(r"@ ?\w+")


class Counts(NamedTuple):
    """True positives, found and wanted."""

    right: int = 0
    found: int = 0
    wanted: int = 0

    def plus(self, found: Set[object], wanted: Set[object]) -> Counts:
        """With those of another text."""
        return Counts(
            self.right + len(found & wanted), self.found + len(found), self.wanted + len(wanted)
        )

    @property
    def f1(self) -> float:
        """Micro F1; 0 where nothing is right."""
        return 2 * self.right / max(self.found + self.wanted, 1)

    @property
    def precision(self) -> float:
        """The share of what was found that is right."""
        return self.right / max(self.found, 1)

    @property
    def recall(self) -> float:
        """The share of what was wanted that was found."""
        return self.right / max(self.wanted, 1)


def counted(pairs: Iterable[tuple[Set[Name], Set[Name]]]) -> dict[str, Counts]:
    """Over ``(found, wanted)`` of some texts: all under ``""``, each type under its name."""
    counts: defaultdict[str, Counts] = defaultdict(Counts)
    for found, wanted in pairs:
        counts[""] = counts[""].plus(found, wanted)
        for kind in _KINDS:
            counts[kind] = counts[kind].plus(_of_kind(found, kind), _of_kind(wanted, kind))
    return counts


def _of_kind(names: Set[Name], kind: str) -> set[Name]:
    return {name for name in names if name.type == kind}


def without_accounts(text: str, names: Set[Name]) -> set[Name]:
    """``names`` but those in account names (``@`` and a word)."""
    accounts = {
        place for found in _ACCOUNT.finditer(text) for place in range(found.start(), found.end())
    }
    return {name for name in names if accounts.isdisjoint(range(name.start, name.end))}


def recognition(texts: Mapping[str, Mapping[str, Marked]], sample: int = 1) -> Iterator[Row]:
    """F1 of the weights ``open`` on every ``sample``-th text of each set."""
    finder = load_finder("wireroom", "open")
    for name, held in texts.items():
        taken = list(held.values())[::sample]
        found = [scored(finder.find((each.text,))[0]) for each in taken]
        wanted = [each.names for each in taken]
        counts = counted(zip(found, wanted, strict=True))
        if name == WORLDWIDE:
            yield Row(name, "name F1, goal .76", counts[""].f1, _NAIVE, _NAIVE_F1[""], len(taken))
            for kind in _KINDS:
                peer = _NAIVE_F1[kind]
                yield Row(name, f"name F1, {kind}", counts[kind].f1, _NAIVE, peer, len(taken))
            yield Row(name, "name precision", counts[""].precision, "", None, len(taken))
            yield Row(name, "name recall", counts[""].recall, "", None, len(taken))
        else:
            yield Row(name, "name F1", counts[""].f1, "", None, len(taken))
        if name in _WITH_ACCOUNTS:
            both = [
                (without_accounts(each.text, mine), without_accounts(each.text, each.names))
                for each, mine in zip(taken, found, strict=True)
            ]
            figure = counted(both)[""].f1
            yield Row(name, "name F1 without accounts", figure, "", None, len(taken))


def folds(texts: Mapping[str, Marked], path: Path, sample: int = 1) -> Iterator[Row]:
    """F1 of the weights ``research`` on ``texts`` of ``worldwide``, each text read by weights that
    were taught without its outlet: what they found stands in ``path``.

    One row that says so where ``path`` is not there. Raises :class:`ValueError` when an article
    of ``texts`` is missing in it, or an outlet is in two folds: nothing is measured then.
    """
    data = f"{WORLDWIDE}, five folds by outlet"
    measure = "name F1 of research, goal .86"
    if not path.is_file():
        yield Row(data, measure, math.nan, *_SHAPES, 0)
        return
    found: dict[str, frozenset[Name]] = {}
    fold_of: dict[str, int] = {}
    for row in rows(path):
        found[row["id"]] = scored(row["names"])
        named = outlet(f"{row['id']}-0")
        if fold_of.setdefault(named, row["fold"]) != row["fold"]:
            raise ValueError(f"{path.name}: the outlet {named} is in two folds")
    missing = texts.keys() - found.keys()
    if missing:
        raise ValueError(f"{path.name}: {len(missing)} articles are missing, {min(missing)} first")
    taken = list(texts)[::sample]
    counts = counted((found[key], texts[key].names) for key in taken)
    yield Row(data, measure, counts[""].f1, *_SHAPES, len(taken))
    for kind in _KINDS:
        yield Row(data, f"name F1 of research, {kind}", counts[kind].f1, "", None, len(taken))
    fold_sizes = Counter(fold_of[outlet(f"{key}-0")] for key in taken)
    for fold, size in sorted(fold_sizes.items()):
        inside = [key for key in taken if fold_of[outlet(f"{key}-0")] == fold]
        figure = counted((found[key], texts[key].names) for key in inside)[""].f1
        yield Row(data, f"name F1 of research, fold {fold}", figure, "", None, size)


def ablation(path: Path) -> Iterator[Row]:
    """What each idea brought, as ``python -m training.tagger ablation`` measured it; nothing
    where ``path`` is not there."""
    if path.is_file():
        for row in json.loads(path.read_text(encoding="utf-8")):
            yield Row(
                f"{WORLDWIDE}, ablation", f"name F1, {row['name']}", row["f1"], "", None, row["n"]
            )
