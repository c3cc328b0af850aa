"""``make quality``: how right the stages are, beside their peers, in one table.

``python -m tests.quality [--sample N] [cleaner|tagger|deduplicator ...]``; ``docs/figures.md``
tells how to read it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

from tests.quality import cleaner, deduplicator, spun, stories, tagger
from tests.quality.table import Row, print_table
from tests.shared_data import shared_root

# The deduplicator's figures are of a whole set: groups cannot be sampled.
MEASURES: dict[str, Callable[[int], list[Row]]] = {
    "cleaner": cleaner.rows,
    "tagger": tagger.rows,
    "deduplicator": lambda _: [*deduplicator.rows(), *spun.rows(), *stories.rows()],
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 where CI lacks the evaluation data, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.quality", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="take every N-th row")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.stages) - set(MEASURES))
    if unknown:
        parser.error(f"no such stage: {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    if options.sample < 1:
        parser.error(f"--sample {options.sample}: 1 takes all rows, N every N-th")
    if shared_root() is None:
        print("the evaluation data (../shared/data) is not here: there is nothing to measure on")
        return 1 if os.environ.get("CI") else 0
    rows: list[Row] = []
    took = []
    for stage in options.stages or MEASURES:
        began = time.monotonic()
        rows += MEASURES[stage](options.sample)
        took.append(f"{stage} {time.monotonic() - began:.0f} s")
    print_table(rows)
    part = "all rows" if options.sample == 1 else f"one row in {options.sample}"
    print(f"\n{part}; wall time: {', '.join(took)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
