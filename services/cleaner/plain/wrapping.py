"""Joining lines that were broken at a fixed width."""

from __future__ import annotations

from itertools import groupby, pairwise

_WIDEST = 100  # characters; terminals, mail and typewriters break at 60 to 80


def unwrap(lines: list[str]) -> list[str]:
    """``lines`` with hard-wrapped paragraphs joined, each to one line.

    A run of lines without a blank one is wrapped when it has at least two, none is wider than
    100 characters, and each could not have taken the first word of the next one: that is what
    breaking at a width means, and what lists and verses do not do.
    """
    result: list[str] = []
    for blank, group in groupby(lines, key=lambda line: not line.strip()):
        run = list(group)
        if not blank and _is_wrapped(run):
            result.append(" ".join(line.strip() for line in run))
        else:
            result.extend(run)
    return result


def _is_wrapped(run: list[str]) -> bool:
    width = max(len(line.rstrip()) for line in run)
    if len(run) < 2 or width > _WIDEST or width < 40:
        return False
    breaks = sum(
        len(line.rstrip()) + 1 + len(following.split()[0]) > width
        for line, following in pairwise(run)
    )
    if len(run) == 2:
        # Two lines prove little: a heading over a sentence looks the same. A sentence that goes
        # on in lower case does not.
        return breaks == 1 and len(run[0].rstrip()) >= 50 and run[1].lstrip()[:1].islower()
    return breaks >= 0.9 * (len(run) - 1)
