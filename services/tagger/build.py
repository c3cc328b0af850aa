"""``python -m services.tagger.build SOURCE_DIR``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from services.tagger.builder.compose import compose
from services.tagger.builder.draft import write
from services.tagger.gazetteer import SHIPPED
from shared.resources import deploy_path


def main(arguments: list[str] | None = None) -> int:
    """Build the gazetteer; the exit status is 0, or 2 where an input is missing or wrong."""
    parser = argparse.ArgumentParser(prog="python -m services.tagger.build", description=__doc__)
    parser.add_argument("source", type=Path, help="the unpacked data sets")
    parser.add_argument("--hand", type=Path, default=None, help="the lists written by hand")
    parser.add_argument("--output", type=Path, default=SHIPPED)
    options = parser.parse_args(arguments)
    try:
        drafts, careful, given = compose(options.source, options.hand or deploy_path("gazetteer"))
    except (FileNotFoundError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    version = write(options.output, drafts, careful, given)
    sys.stdout.write(f"{options.output}: {len(drafts)} entries, version {version}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
