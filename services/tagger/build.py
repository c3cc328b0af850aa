"""``python -m services.tagger.build SOURCE_DIR``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from services.tagger.builder.compose import gather
from services.tagger.builder.knowledge import build
from services.tagger.knowledge.base import SHIPPED
from shared.resources import deploy_path


def main(arguments: list[str] | None = None) -> int:
    """Build the knowledge base; exits 0, or 2 where an input is missing or wrong."""
    parser = argparse.ArgumentParser(prog="python -m services.tagger.build", description=__doc__)
    parser.add_argument("source", type=Path, help="the unpacked data sets")
    parser.add_argument("--hand", type=Path, default=None, help="the lists written by hand")
    parser.add_argument("--linking", type=Path, default=None, help="linking.jsonl.gz, for gum")
    parser.add_argument(
        "--output", type=Path, default=SHIPPED[0].parent, help="the folder that the base goes into"
    )
    options = parser.parse_args(arguments)
    try:
        basis = gather(options.source, options.hand or deploy_path("gazetteer"))
        layers = build(options.source, basis, options.output, options.linking)
    except (FileNotFoundError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for path, count in layers.items():
        sys.stdout.write(f"{path}: {count} entities, {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
