"""The network: MiniLM's lower layers, told how words are written, with a label for each word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from services.tagger.model.labels import LABELS
from services.tagger.model.words import SHAPES

WIDTH: Final = 384
HEADS: Final = 12
INNER: Final = 1536
_EPSILON: Final = 1e-12


class Layer(nn.Module):
    """One layer of BERT: attention, then two dense ones, each with what went in added."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=_EPSILON)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.last_norm = nn.LayerNorm(WIDTH, eps=_EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """``states`` [batch, pieces, width]; ``mask`` [batch, 1, 1, pieces], added to scores."""
        batch, length, _ = states.shape
        mixed = self.qkv(states).view(batch, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        seen = self.out(seen.transpose(1, 2).reshape(batch, length, WIDTH))
        states = self.norm(states + self.dropout(seen))
        further = self.down(functional.gelu(self.up(states)))
        normed: Tensor = self.last_norm(states + self.dropout(further))
        return normed


class Network(nn.Module):
    """Scores of the labels for each piece; those of a word's first piece are the word's."""

    def __init__(self, layers: int, vocabulary: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.pieces = nn.Embedding(vocabulary, WIDTH)
        self.pieces.weight.requires_grad_(False)  # shared by all weights that are shipped
        self.places = nn.Parameter(torch.zeros(512, WIDTH))
        # How the word is written, for its first piece and for its others.
        self.shapes = nn.Embedding(2 * len(SHAPES), WIDTH)
        nn.init.zeros_(self.shapes.weight)
        self.norm = nn.LayerNorm(WIDTH, eps=_EPSILON)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(WIDTH, len(LABELS))

    def forward(self, pieces: Tensor, shapes: Tensor, mask: Tensor) -> Tensor:
        """Scores [batch, pieces, labels] of ``pieces`` and ``shapes`` [batch, pieces].

        ``mask`` [batch, pieces] is true where there is a piece.
        """
        return self.encode(self.pieces(pieces), shapes, mask)

    def encode(self, embedded: Tensor, shapes: Tensor, mask: Tensor) -> Tensor:
        """The same from the pieces' vectors [batch, pieces, width]."""
        states = embedded + self.places[: embedded.shape[1]] + self.shapes(shapes)
        states = self.dropout(self.norm(states))
        added = torch.where(mask, 0.0, -10000.0).to(states.dtype)[:, None, None, :]
        for layer in self.layers:
            states = layer(states, added)
        scores: Tensor = self.head(self.dropout(states))
        return scores


def pretrained(folder: Path, layers: int, dropout: float = 0.1) -> Network:
    """A network with the lower ``layers`` of the encoder in ``folder``, its head untaught."""
    weights = load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    network = Network(layers, int(config["vocab_size"]), dropout)
    base = "embeddings."
    with torch.no_grad():
        network.pieces.weight.copy_(weights[base + "word_embeddings.weight"])
        network.places.copy_(
            weights[base + "position_embeddings.weight"]
            + weights[base + "token_type_embeddings.weight"][0]
        )
        _copy(network.norm, weights, base + "LayerNorm")
        for number, layer in enumerate(network.layers):
            assert isinstance(layer, Layer)
            under = f"encoder.layer.{number}."
            for name in ("weight", "bias"):
                parts = [
                    weights[f"{under}attention.self.{p}.{name}"] for p in ("query", "key", "value")
                ]
                getattr(layer.qkv, name).copy_(torch.cat(parts))
            _copy(layer.out, weights, under + "attention.output.dense")
            _copy(layer.norm, weights, under + "attention.output.LayerNorm")
            _copy(layer.up, weights, under + "intermediate.dense")
            _copy(layer.down, weights, under + "output.dense")
            _copy(layer.last_norm, weights, under + "output.LayerNorm")
    return network


def _copy(module: nn.Linear | nn.LayerNorm, weights: dict[str, Tensor], name: str) -> None:
    module.weight.copy_(weights[name + ".weight"])
    module.bias.copy_(weights[name + ".bias"])
