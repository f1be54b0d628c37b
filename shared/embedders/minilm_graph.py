"""Builds all-MiniLM-L6-v2 as an OpenVINO graph from its safetensors file, without torch.

The network is BERT (Devlin et al. 2018, https://arxiv.org/abs/1810.04805) as its `config.json` sizes it, then the
mean over the tokens and L2 normalisation (Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from openvino import Model, Node

Weights = Mapping[str, NDArray[np.float32]]

LAYERS = 6
HEADS = 12
HIDDEN = 384
_NORM_EPSILON = 1e-12
_MASKED_SCORE = np.float32(-10_000.0)
"""Added to the score of a padding token: its weight after softmax is 0 in float32 and in bfloat16."""


def read_safetensors(path: Path) -> Weights:
    """Map the float32 tensors of a safetensors file into memory.

    Format: eight bytes with the length of a JSON header, the header, the tensors
    (https://huggingface.co/docs/safetensors/index#format).
    """
    raw = np.memmap(path, dtype=np.uint8, mode="r")
    header_end = 8 + int(raw[:8].view("<u8")[0])
    header: dict[str, dict[str, object]] = json.loads(raw[8:header_end].tobytes())
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, entry in header.items():
        if entry.get("dtype") != "F32":
            continue
        start, end = np.array(entry["data_offsets"]) + header_end
        tensors[name] = raw[start:end].view("<f4").reshape(np.array(entry["shape"]))
    return tensors


def build_graph(weights: Weights) -> Model:
    """Return the network: token ids and mask (`batch x length`, int32) in, unit vectors (`batch x 384`) out."""
    from openvino import Model  # importing it takes a second
    from openvino import opset13 as ops

    ids = ops.parameter([-1, -1], np.int32, name="ids")
    mask = ops.parameter([-1, -1], np.int32, name="mask")
    present = ops.convert(mask, "f32")
    absent = ops.subtract(ops.constant(np.float32(1)), ops.unsqueeze(present, ops.constant([1, 2])))
    bias = ops.multiply(absent, ops.constant(_MASKED_SCORE))
    hidden = _embeddings(ids, weights)
    for layer in range(LAYERS):
        hidden = _layer(hidden, bias, weights, f"encoder.layer.{layer}")
    # The sum points where the mean does, and only the direction is kept.
    summed = ops.reduce_sum(ops.multiply(hidden, ops.unsqueeze(present, ops.constant([2]))), ops.constant([1]))
    return Model([ops.normalize_l2(summed, ops.constant([1]), _NORM_EPSILON, "max")], [ids, mask])


def _embeddings(ids: Node, weights: Weights) -> Node:
    from openvino import opset13 as ops

    axis = ops.constant(0)
    length = ops.gather(ops.shape_of(ids), ops.constant(1), axis)
    positions = ops.range(ops.constant(0), length, ops.constant(1), "i64")
    # Every token is of type 0, so its vector can be added to the positions once and for all.
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    words = ops.gather(ops.constant(weights["embeddings.word_embeddings.weight"]), ids, axis)
    return _normed(ops.add(words, ops.gather(ops.constant(places), positions, axis)), weights, "embeddings.LayerNorm")


def _layer(hidden: Node, bias: Node, weights: Weights, name: str) -> Node:
    from openvino import opset13 as ops

    def heads(part: str) -> Node:
        """`batch x length x 384` to `batch x 12 x length x 32`."""
        projected = _linear(hidden, weights, f"{name}.attention.self.{part}")
        shape = ops.constant([0, 0, HEADS, HIDDEN // HEADS])
        return ops.transpose(ops.reshape(projected, shape, True), ops.constant([0, 2, 1, 3]))

    attended = ops.scaled_dot_product_attention(heads("query"), heads("key"), heads("value"), bias)
    merged = ops.reshape(ops.transpose(attended, ops.constant([0, 2, 1, 3])), ops.constant([0, 0, HIDDEN]), True)
    mixed = ops.add(_linear(merged, weights, f"{name}.attention.output.dense"), hidden)
    mixed = _normed(mixed, weights, f"{name}.attention.output.LayerNorm")
    widened = ops.gelu(_linear(mixed, weights, f"{name}.intermediate.dense"), "erf")
    output = ops.add(_linear(widened, weights, f"{name}.output.dense"), mixed)
    return _normed(output, weights, f"{name}.output.LayerNorm")


def _linear(values: Node, weights: Weights, name: str) -> Node:
    from openvino import opset13 as ops

    product = ops.matmul(values, ops.constant(weights[f"{name}.weight"]), False, True)
    return ops.add(product, ops.constant(weights[f"{name}.bias"]))


def _normed(values: Node, weights: Weights, name: str) -> Node:
    from openvino import opset13 as ops

    centred = ops.mvn(values, ops.constant([-1]), True, _NORM_EPSILON, "inside_sqrt")
    return ops.add(
        ops.multiply(centred, ops.constant(weights[f"{name}.weight"])), ops.constant(weights[f"{name}.bias"])
    )
