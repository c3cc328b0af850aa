"""The network as a graph for onnxruntime: fused attention, weights of 8 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from services.tagger.model.labels import LABELS
from training.tagger.network import HEADS, WIDTH, Network

_OPSET: Final = 17
_EPSILON: Final = 1e-12
_FUSED: Final = "com.microsoft"


class Graph:
    """A graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._count = 0

    def weight(self, name: str, value: NDArray[np.generic]) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        self._count += 1
        output = f"{operator.lower()}_{self._count}"
        self.nodes.append(
            helper.make_node(operator, list(inputs), [output], output, domain=domain, **attributes)
        )
        return output

    def linear(self, name: str, states: str, weight: NDArray[np.float32],
               bias: NDArray[np.float32]) -> str:  # fmt: skip
        """``states`` times the transposed ``weight`` [out, in], plus ``bias``."""
        product = self.add("MatMul", states, self.weight(f"{name}.weight", weight.T))
        return self.add("Add", product, self.weight(f"{name}.bias", bias))


def encoder(made: Graph, state: dict[str, NDArray[np.float32]], states: str, layers: int) -> str:
    """The encoder's ``layers`` over the summed vectors ``states`` [1, pieces, width]."""

    def norm(name: str, states: str) -> str:
        return made.add(
            "LayerNormalization",
            states,
            made.weight(f"{name}.weight", state[f"{name}.weight"]),
            made.weight(f"{name}.bias", state[f"{name}.bias"]),
            axis=-1,
            epsilon=_EPSILON,
        )

    def linear(name: str, states: str) -> str:
        return made.linear(name, states, state[f"{name}.weight"], state[f"{name}.bias"])

    states = norm("norm", states)
    for number in range(layers):
        under = f"layers.{number}."
        weights = np.split(state[under + "qkv.weight"], 3)
        biases = np.split(state[under + "qkv.bias"], 3)
        parts = [
            made.linear(f"{under}{part}", states, weight, bias)
            for part, weight, bias in zip("qkv", weights, biases, strict=True)
        ]
        seen = made.add("MultiHeadAttention", *parts, domain=_FUSED, num_heads=HEADS)
        states = norm(under + "norm", made.add("Add", linear(under + "out", seen), states))
        inner = made.add("Gelu", linear(under + "up", states), domain=_FUSED)
        further = linear(under + "down", inner)
        states = norm(under + "last_norm", made.add("Add", further, states))
    return states


def graph(network: Network) -> onnx.ModelProto:
    """``network`` without its table of pieces.

    Inputs: ``embedded`` float [1, pieces, width], ``shapes`` int64 [1, pieces]. Output:
    ``scores`` float [1, pieces, labels].
    """
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    made = Graph()

    shape = made.add("Shape", "shapes")
    length = made.add(
        "Slice", shape, made.weight("one", np.array([1])), made.weight("two", np.array([2]))
    )
    places = made.add(
        "Slice", made.weight("places", state["places"]), made.weight("zero", np.array([0])), length
    )
    shapes = made.add("Gather", made.weight("shapes.weight", state["shapes.weight"]), "shapes")
    states = made.add("Add", made.add("Add", "embedded", shapes), places)
    states = encoder(made, state, states, len(network.layers))
    scores = made.linear("head", states, state["head.weight"], state["head.bias"])
    made.nodes.append(helper.make_node("Identity", [scores], ["scores"], "scores"))
    return model(
        made,
        "tagger",
        [
            helper.make_tensor_value_info("embedded", TensorProto.FLOAT, [1, "n", WIDTH]),
            helper.make_tensor_value_info("shapes", TensorProto.INT64, [1, "n"]),
        ],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, "n", len(LABELS)])],
    )


def model(
    made: Graph,
    name: str,
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
) -> onnx.ModelProto:
    """What was constructed, as a file is."""
    body = helper.make_graph(made.nodes, name, inputs, outputs, made.weights)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=9, producer_name="wireroom")


def export(network: Network, path: Path) -> None:
    """Write ``network`` to ``path`` with weights of 8 bits."""
    quantized(graph(network.eval()), path)


def quantized(whole: onnx.ModelProto, path: Path) -> None:
    """Write a model to ``path`` with weights of 8 bits."""
    plain = path.with_suffix(".whole.onnx")
    onnx.save(whole, plain)
    quantize_dynamic(
        plain,
        path,
        weight_type=QuantType.QInt8,
        per_channel=True,
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
    )
    plain.unlink()


def table(network: Network) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """The pieces' vectors as [pieces, width] of 8 bits, and a scale for each piece."""
    weights = network.pieces.weight.detach().numpy()
    scales = (np.abs(weights).max(axis=1) / 127).astype(np.float16)
    safe = np.maximum(scales.astype(np.float32), 1e-8)[:, None]
    return np.clip(np.rint(weights / safe), -127, 127).astype(np.int8), scales
