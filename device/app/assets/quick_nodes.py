"""The same operators in a form that onnxruntime is quick with on the processor.

*   Its PRelu leaves the blocked layout that the convolutions compute in, and is slow: more than half of SFace's time.
    `slope * x + max((1 - slope) * x, 0)` is the same function of operators that stay in that layout, in two passes.
*   A fully connected layer reads each weight once per face, so its time is that of fetching them: SFace's last layer is
    25 MB in fp32, two thirds of the file. It was published in 8 bits and stays so: one scale per output, and the
    input rounded to 8 bits when it comes. What that does to accuracy is measured with the rest (docs/face.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

ZERO = 128
"""Of the weights as bytes: onnxruntime multiplies bytes by bytes exactly on every processor, by signed ones not."""
LARGEST = 127
FLOAT = 1
"""TensorProto.FLOAT."""


@dataclass(frozen=True, slots=True)
class Written:
    """What takes a node's place."""

    nodes: tuple[onnx.NodeProto, ...]
    weights: dict[str, np.ndarray]


def prelu(node: onnx.NodeProto, slope: np.ndarray) -> Written:
    """Return PRelu with this slope as products, a Relu and a sum."""
    from onnx import helper  # noqa: PLC0415

    (x, _), (y,) = node.input, node.output
    part = {name: f"{y}_{name}" for name in ("slope", "rest", "sign", "sloped", "scaled", "positive", "signed")}
    one = np.float32(1)
    weights = {part["slope"]: slope, part["rest"]: np.abs(one - slope)}
    nodes = [
        helper.make_node("Mul", [x, part["slope"]], [part["sloped"]]),
        helper.make_node("Mul", [x, part["rest"]], [part["scaled"]]),
        helper.make_node("Relu", [part["scaled"]], [part["positive"]]),
    ]
    added = part["positive"]
    if (slope > one).any():
        # There the rest is taken away, which costs a pass more.
        weights[part["sign"]] = np.where(slope > one, -one, one)
        nodes.append(helper.make_node("Mul", [added, part["sign"]], [part["signed"]]))
        added = part["signed"]
    nodes.append(helper.make_node("Add", [part["sloped"], added], [y]))
    return Written(tuple(nodes), weights)


def connected(node: onnx.NodeProto, weights: np.ndarray) -> Written:
    """Return `x weights^T + bias` (a Gemm with transB) with weights of 8 bits."""
    from onnx import helper  # noqa: PLC0415

    (x, name, bias), (y,) = node.input, node.output
    largest = np.maximum(np.abs(weights).max(axis=1), np.finfo(np.float32).tiny)
    scale = (largest / np.float32(LARGEST)).astype(np.float32)
    rounded = np.rint(weights / scale[:, np.newaxis]).astype(np.int16) + ZERO
    kept = {
        f"{name}_bytes": np.ascontiguousarray(rounded.astype(np.uint8).T),
        f"{name}_zero": np.array(ZERO, np.uint8),
        f"{name}_scale": scale,
    }
    part = {of: f"{y}_{of}" for of in ("bytes", "scale", "zero", "whole", "summed", "scales", "scaled")}
    nodes = (
        helper.make_node("DynamicQuantizeLinear", [x], [part["bytes"], part["scale"], part["zero"]]),
        helper.make_node(
            "MatMulInteger", [part["bytes"], f"{name}_bytes", part["zero"], f"{name}_zero"], [part["whole"]]
        ),
        helper.make_node("Cast", [part["whole"]], [part["summed"]], to=FLOAT),
        helper.make_node("Mul", [part["scale"], f"{name}_scale"], [part["scales"]]),
        helper.make_node("Mul", [part["summed"], part["scales"]], [part["scaled"]]),
        helper.make_node("Add", [part["scaled"], bias], [y]),
    )
    return Written(nodes, kept)


def is_connected(node: onnx.NodeProto) -> bool:
    """Tell whether the node is a fully connected layer as `connected` writes it."""
    attributes = {attribute.name: attribute.i or attribute.f for attribute in node.attribute}
    plain = attributes.get("alpha", 1) == attributes.get("beta", 1) == attributes.get("transB") == 1
    return bool(node.op_type == "Gemm" and plain and not attributes.get("transA") and len(node.input) == 3)  # noqa: PLR2004
