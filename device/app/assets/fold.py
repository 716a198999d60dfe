"""The same network in a form that the runtime is quick with, once, at set-up.

onnxruntime runs a block-quantised file half as fast as the same net in fp32 and refuses one of ours outright, because
leftovers of its quantising are listed as inputs that nobody feeds. Folding computes each weight once
(`(q - zero_point) * scale`, block by block, as ONNX defines DequantizeLinear) and drops what nothing reads then. What
else is slow is written anew (`quick_nodes.py`).

The result depends on the file alone, so it has a digest and the manifest names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from device.app.assets import quick_nodes
from device.domain.errors import Fault
from device.domain.reasons import Reason

if TYPE_CHECKING:
    import onnx

OPSET = 13
IR_VERSION = 8
"""Blocks needed opset 21; what remains after folding needs no more than 13, which every supported runtime reads."""


def fold(published: bytes, *, free_size: bool, quick: bool = True) -> bytes:
    """Return the same network with its weights written out, and in operators that are quick.

    `free_size` frees height and width of the input (and the lengths of the outputs), for a network whose layers do not
    depend on them; without `quick` all is fp32 and as published, for other runtimes than ours. Raise
    Fault(MODEL_MISSING) without the `onnx` package.
    """
    try:
        import onnx  # noqa: PLC0415  a unit in service has no use for it: only set-up folds
        from onnx import numpy_helper  # noqa: PLC0415
    except ImportError as error:
        raise Fault(
            "folding the weights needs the Python package onnx: install uketsuke with its extra, uketsuke[models]",
            part="models",
            reason=Reason.MODEL_MISSING,
        ) from error
    model = onnx.load_model_from_string(published)
    graph = model.graph
    constants = {constant.name: constant for constant in graph.initializer}
    folded: dict[str, np.ndarray] = {}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear":
            operands = [numpy_helper.to_array(constants[name]) for name in node.input]
            folded[node.output[0]] = _dequantise(node, *operands)
        elif quick and node.op_type == "PRelu":
            written = quick_nodes.prelu(node, numpy_helper.to_array(constants[node.input[1]]))
            nodes += written.nodes
            folded |= written.weights
        elif quick and quick_nodes.is_connected(node) and node.input[1] in folded:
            written = quick_nodes.connected(node, folded[node.input[1]])
            nodes += written.nodes
            folded |= written.weights
        else:
            nodes.append(node)
    quantised = any(node.op_type == "DequantizeLinear" for node in graph.node)
    read = {name for node in nodes for name in node.input}
    weights = [*graph.initializer, *(numpy_helper.from_array(value, name) for name, value in folded.items())]
    kept = [constant for constant in weights if constant.name in read]
    fed = [tensor for tensor in graph.input if tensor.name in read - {constant.name for constant in kept}]
    for field, values in ((graph.node, nodes), (graph.initializer, kept), (graph.input, fed)):
        values = list(values)  # noqa: PLW2901  the list outlives the clearing of the field that it came from
        del field[:]
        field.extend(values)
    if quantised:
        model.ir_version = IR_VERSION
        model.opset_import[0].version = OPSET
    if free_size:
        _free_size(graph)
    onnx.checker.check_model(model)
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


def _dequantise(node: onnx.NodeProto, quantised: np.ndarray, scale: np.ndarray, zero_point: np.ndarray) -> np.ndarray:
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    # The last block may reach past the end.
    whole = tuple(slice(length) for length in quantised.shape)
    scale, zero_point = (np.repeat(each, block, axis=axis)[whole].astype(np.float32) for each in (scale, zero_point))
    return (quantised.astype(np.float32) - zero_point) * scale


def _free_size(graph: onnx.GraphProto) -> None:
    for dimension, name in zip(graph.input[0].type.tensor_type.shape.dim[2:], ("height", "width"), strict=True):
        dimension.dim_param = name
    for output in graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = f"{output.name}_cells"
    # Shapes of inner values were noted for one size; the runtime infers them again.
    del graph.value_info[:]
