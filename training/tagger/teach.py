"""Teaches a network: batches, steps, and what it says of rows that it has not seen."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor

from services.tagger.model.labels import LABELS
from services.tagger.model.words import Vocabulary
from training.tagger.network import Network
from training.tagger.rows import Example, batches, example
from training.tagger.swap import Swap, recased
from training.tagger.unify import ANYTHING, Sentence

_WARM_UP: Final = 100
_HEAD: Final = 5
"""So many times faster learns what the encoder did not bring with it."""
_LEAST: Final = 0.02
"""The share of the rate that the last steps have."""


class Plan(NamedTuple):
    """How to teach. ``rate`` is the encoder's learning rate at its highest."""

    epochs: int = 3
    rate: float = 2e-4
    pieces: int = 1200
    """Of a batch, its padding included."""
    swapped: float = 0.3
    """Share of the sentences of which names are exchanged."""
    recased: float = 0.05
    share: float = 1.0
    """Of the sentences that all weights are taught on, drawn anew for each epoch."""
    invented: int = 0
    """Times that invented news is read in an epoch."""
    seed: int = 1


def material(
    sentences: Sequence[Sentence],
    vocabulary: Vocabulary,
    swap: Swap,
    plan: Plan,
    chance: random.Random,
) -> list[list[Example]]:
    """The batches of an epoch from ``sentences``, changed and ordered by ``chance``."""
    found = []
    for sentence in sentences:
        if chance.random() < plan.swapped:
            sentence = swap.swapped(sentence, chance)
        if chance.random() < plan.recased:
            sentence = recased(sentence, chance)
        one = example(sentence, vocabulary)
        if any(bits not in (0, ANYTHING) for bits in one.allowed):
            found.append(one)
    return batches(found, plan.pieces, chance)


def tensors(batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pieces, shapes, allowed labels and mask of ``batch``, each [examples, pieces]."""
    length = max(len(one.pieces) for one in batch)
    pieces = torch.zeros(len(batch), length, dtype=torch.long)
    shapes, allowed = torch.zeros_like(pieces), torch.zeros_like(pieces)
    mask = torch.zeros(len(batch), length, dtype=torch.bool)
    for place, one in enumerate(batch):
        held = len(one.pieces)
        pieces[place, :held] = torch.tensor(one.pieces)
        shapes[place, :held] = torch.tensor(one.shapes)
        allowed[place, :held] = torch.tensor(one.allowed)
        mask[place, :held] = True
    return pieces, shapes, allowed, mask


def loss_of(scores: Tensor, allowed: Tensor) -> Tensor:
    """The mean over words of -log of the probability of all labels that are possible together."""
    labelled = allowed > 0
    chosen = scores[labelled].float()
    bits = torch.tensor([1 << number for number in range(len(LABELS))])
    possible = (allowed[labelled][:, None] & bits) > 0
    within = chosen.masked_fill(~possible, -1e4).logsumexp(-1)
    found: Tensor = (chosen.logsumexp(-1) - within).mean()
    return found


def teach(
    network: Network,
    epochs: Callable[[int], list[list[Example]]],
    plan: Plan,
    say: Callable[[str], None] = print,
) -> None:
    """Teach ``network`` with the batches that ``epochs`` gives for each epoch.

    AdamW; the rate rises over the first steps and falls in a line to almost nothing. Products are
    computed with 16 bits (bfloat16), which two cores do half as fast again.
    """
    torch.manual_seed(plan.seed)
    new = ("head", "shapes")
    taught = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for n, p in taught if not n.startswith(new)]},
        {"params": [p for n, p in taught if n.startswith(new)]},
    ]
    optimizer = torch.optim.AdamW(groups, lr=plan.rate, weight_decay=0.01)
    rates = (plan.rate, plan.rate * _HEAD)
    planned = [epochs(number) for number in range(plan.epochs)]
    steps = sum(map(len, planned))
    network.train()
    began, step, mean = time.monotonic(), 0, 0.0
    for number, epoch in enumerate(planned):
        for batch in epoch:
            share = min(1, (step + 1) / _WARM_UP) * max(_LEAST, 1 - step / steps)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * share
            pieces, shapes, allowed, mask = tensors(batch)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                scores = network(pieces, shapes, mask)
            loss = loss_of(scores, allowed)
            loss.backward()
            torch.nn.utils.clip_grad_norm_([p for _, p in taught], 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            mean += (loss.item() - mean) * max(0.01, 1 / step)
        say(f"epoch {number + 1}: loss {mean:.4f}, {time.monotonic() - began:.0f} s")
    network.eval()
