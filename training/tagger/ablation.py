"""What each idea of the tagger's model brings: ``python -m training.tagger ablation``.

Each row of ``tests/quality/folds/tagger-ablation.json`` has one idea more than the row before it;
its network is taught for one epoch on a half of the sentences (the shipped one is taught on all),
and what it finds in every third article of ``worldwide`` is scored. The last rows are of the
shipped weights.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from services.tagger.model.decode import decode
from services.tagger.model.finder import ModelFinder
from services.tagger.model.labels import TYPES
from services.tagger.model.network import FOLDER
from services.tagger.spans import Span
from shared.minilm.pieces import split
from tests.quality.tagger_articles import WORLDWIDE, Marked, articles, scored
from tests.quality.tagger_names import counted
from training.tagger.network import Network, pretrained
from training.tagger.rows import Example, joined
from training.tagger.teach import Plan, material, teach
from training.tagger.teacher import FOLD_NAMES, LAYERS, Teacher, encoder, write
from training.tagger.unify import blind

WRITTEN: Final = FOLD_NAMES / "tagger-ablation.json"
_EVERY: Final = 3


class Step(NamedTuple):
    """A network of the table, and what is new in it."""

    name: str
    plan: Plan
    masked: bool = True
    shapes: bool = True


_PLAIN: Final = Plan(epochs=1, swapped=0, recased=0, share=0.5)
_STEPS: Final = (
    Step("labels merged blindly", _PLAIN, masked=False, shapes=False),
    Step("labels that a set lacks are open, not O", _PLAIN, shapes=False),
    Step("how words are written", _PLAIN),
    Step("names exchanged, cases changed", _PLAIN._replace(swapped=0.3, recased=0.05)),
    Step("invented news", _PLAIN._replace(swapped=0.3, recased=0.05, invented=1)),
)


def _taught(teacher: Teacher, step: Step) -> Network:
    network = pretrained(encoder(), LAYERS)
    network.shapes.weight.requires_grad_(step.shapes)

    def epoch(number: int) -> list[list[Example]]:
        chance = random.Random(step.plan.seed * 1000 + number)  # noqa: S311 - not for secrets
        rows = joined(teacher.open, chance)
        rows = chance.sample(rows, round(step.plan.share * len(rows)))
        sentences = [*rows, *teacher.invented * step.plan.invented]
        if not step.masked:
            sentences = [blind(sentence) for sentence in sentences]
        return material(sentences, teacher.vocabulary, teacher.swap, step.plan, chance)

    teach(network, epoch, step.plan)
    return network


def _f1(finder: ModelFinder, texts: list[Marked], *, together: bool) -> float:
    """F1 of PER, ORG and LOC; ``together`` lets an article's places vote on each name."""
    pairs = []
    for text in texts:
        names = finder.find((text.text,))[0] if together else list(_apart(finder, text.text))
        pairs.append((scored(names), text.names))
    return counted(pairs)[""].f1


def _apart(finder: ModelFinder, text: str) -> Iterator[Span]:
    words = split(text)
    for name in decode(finder.scored(text, words).scores):
        yield Span(words[name.first].start, words[name.last - 1].end, TYPES[name.kind], 1.0)


def ablation(teacher: Teacher) -> None:
    """Teach the networks, measure them, and write the table."""
    held = articles(teacher.data / "ner.jsonl.gz", (WORLDWIDE,))[WORLDWIDE]
    texts = list(held.values())[::_EVERY]
    table: list[dict[str, str | float | int]] = []

    def add(name: str, finder: ModelFinder, *, together: bool) -> None:
        figure = _f1(finder, texts, together=together)
        sys.stdout.write(f"{name}: {figure:.3f}\n")
        sys.stdout.flush()
        table.append({"name": name, "f1": round(figure, 4), "n": len(texts)})

    for step in _STEPS:
        with tempfile.TemporaryDirectory() as folder:
            write(_taught(teacher, step), "step", Path(folder))
            add(step.name, ModelFinder("step", Path(folder)), together=False)
    shipped = ModelFinder("open", FOLDER)
    add("all sentences, news last and most (shipped)", shipped, together=False)
    add("one vote per name over the article (shipped)", shipped, together=True)
    WRITTEN.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
