"""Folding, against onnxruntime's own arithmetic on the block-quantised form."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort  # type: ignore[import-untyped]  # it ships no types
import pytest
from onnx import TensorProto, helper, numpy_helper

from device.app.assets.fold import fold

OUT, IN, KERNEL = 4, 3, 3
LENGTH = IN * KERNEL * KERNEL


def quantised(block: int, *, leftovers: bool = False) -> bytes:
    """Make a convolution whose weights are stored as int8 blocks, like the zoo's files."""
    chance = np.random.default_rng(block)
    blocks = -(-LENGTH // block)
    constants = {
        "w_quantized": chance.integers(-128, 128, (OUT, LENGTH), np.int8),
        "w_scales": chance.uniform(0.001, 0.1, (OUT, blocks)).astype(np.float32),
        "w_zero_point": chance.integers(-20, 20, (OUT, blocks), np.int8),
        "w_shape": np.array([OUT, IN, KERNEL, KERNEL], np.int64),
    }
    names = list(constants)
    nodes = [
        helper.make_node("DequantizeLinear", names[:3], ["w_dequantized"], axis=1, block_size=block),
        helper.make_node("Reshape", ["w_dequantized", "w_shape"], ["w"]),
        helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1]),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, IN, 8, 8])]
    if leftovers:
        inputs.append(helper.make_tensor_value_info("w_before_quantising", TensorProto.FLOAT, [OUT, LENGTH]))
        inputs.append(helper.make_tensor_value_info("w_shape", TensorProto.INT64, [4]))
    graph = helper.make_graph(
        nodes,
        "net",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, OUT, 8, 8])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    data: bytes = model.SerializeToString()
    return data


def run(model: bytes, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": pixels})[0], np.float32)


@pytest.mark.parametrize("block", [3, 9, 27, 8, 32], ids=lambda block: f"blocks of {block}")
def test_the_folded_network_computes_the_same(block: int) -> None:
    model = quantised(block)
    pixels = np.random.default_rng(3).normal(size=(1, IN, 8, 8)).astype(np.float32)

    assert np.allclose(run(fold(model, free_size=False), pixels), run(model, pixels), rtol=1e-5, atol=1e-5)


def test_inputs_that_nothing_feeds_are_gone() -> None:
    folded = onnx.load_model_from_string(fold(quantised(9, leftovers=True), free_size=False))

    assert [tensor.name for tensor in folded.graph.input] == ["x"]
    assert "DequantizeLinear" not in {node.op_type for node in folded.graph.node}
    assert {constant.name for constant in folded.graph.initializer} == {"w_dequantized", "w_shape"}


def test_a_freed_network_takes_other_sizes() -> None:
    folded = fold(quantised(9), free_size=True)

    assert run(folded, np.zeros((1, IN, 16, 24), np.float32)).shape == (1, OUT, 16, 24)


def test_folding_twice_gives_the_same_bytes() -> None:
    model = quantised(9)

    digests = {hashlib.sha256(fold(model, free_size=True)).hexdigest() for _ in range(2)}

    assert len(digests) == 1


def with_prelu(slope: npt.NDArray[np.float32]) -> bytes:
    """Make a convolution with a PRelu behind it, in the opset of the networks that have one."""
    weights = np.random.default_rng(1).normal(size=(OUT, IN, KERNEL, KERNEL)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
            helper.make_node("PRelu", ["c", "slope"], ["y"]),
        ],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, IN, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, OUT, 8, 8])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(slope, "slope")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    data: bytes = model.SerializeToString()
    return data


@pytest.mark.parametrize(
    "slope",
    [
        np.array([-0.4, 0.0, 0.25, 1.12], np.float32).reshape(OUT, 1, 1),
        np.array([-0.4, 0.0, 0.25, 1.12], np.float32).reshape(1, OUT, 1, 1),
        np.array([0.1], np.float32),
    ],
    ids=["a slope per channel", "with its batch", "one for all"],
)
def test_without_its_prelu_the_network_computes_the_same(slope: npt.NDArray[np.float32]) -> None:
    model = with_prelu(slope)
    pixels = np.random.default_rng(3).normal(size=(1, IN, 8, 8)).astype(np.float32)
    folded = fold(model, free_size=False)

    assert np.allclose(run(folded, pixels), run(model, pixels), rtol=1e-6, atol=1e-6)
    read = onnx.load_model_from_string(folded)
    assert "PRelu" not in {node.op_type for node in read.graph.node}
    assert "slope" not in {constant.name for constant in read.graph.initializer}
    assert read.opset_import[0].version == 11, "what was not quantised keeps its opset"


FEATURES, OUTPUTS, BLOCK = 96, 5, 32


def fully_connected(*, in_blocks: bool) -> bytes:
    """Make a layer that reads every input, with int8 blocks for weights or with fp32."""
    chance = np.random.default_rng(4)
    blocks = FEATURES // BLOCK
    if in_blocks:
        constants = {
            "w_quantized": chance.integers(-128, 128, (OUTPUTS, FEATURES), np.int8),
            "w_scales": chance.uniform(0.001, 0.01, (OUTPUTS, blocks)).astype(np.float32),
            "w_zero_point": chance.integers(-20, 20, (OUTPUTS, blocks), np.int8),
        }
        nodes = [helper.make_node("DequantizeLinear", list(constants), ["w"], axis=1, block_size=BLOCK)]
    else:
        constants = {"w": chance.normal(0, 0.1, (OUTPUTS, FEATURES)).astype(np.float32)}
        nodes = []
    constants["bias"] = chance.normal(0, 1, OUTPUTS).astype(np.float32)
    graph = helper.make_graph(
        [*nodes, helper.make_node("Gemm", ["x", "w", "bias"], ["y"], transB=1)],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, FEATURES])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, OUTPUTS])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    data: bytes = model.SerializeToString()
    return data


def test_a_layer_that_was_published_in_8_bits_keeps_bytes_and_computes_nearly_the_same() -> None:
    model = fully_connected(in_blocks=True)
    features = np.random.default_rng(3).normal(size=(1, FEATURES)).astype(np.float32)
    folded = fold(model, free_size=False)
    exact = run(model, features)

    assert np.abs(run(folded, features) - exact).max() < 0.02 * np.abs(exact).max()
    weights = {constant.name: constant for constant in onnx.load_model_from_string(folded).graph.initializer}
    assert "w" not in weights
    assert weights["w_bytes"].data_type == TensorProto.UINT8


def test_a_layer_of_zeros_stays_one() -> None:
    model = onnx.load_model_from_string(fully_connected(in_blocks=True))
    zeros = np.zeros((OUTPUTS, FEATURES // BLOCK), np.float32)
    (scales,) = (constant for constant in model.graph.initializer if constant.name == "w_scales")
    scales.CopyFrom(numpy_helper.from_array(zeros, "w_scales"))
    published = model.SerializeToString()
    features = np.ones((1, FEATURES), np.float32)

    assert np.allclose(run(fold(published, free_size=False), features), run(published, features))


@pytest.mark.parametrize(("in_blocks", "quick"), [(False, True), (True, False)])
def test_a_layer_of_fp32_and_one_for_other_runtimes_stay_exact(*, in_blocks: bool, quick: bool) -> None:
    model = fully_connected(in_blocks=in_blocks)
    features = np.random.default_rng(3).normal(size=(1, FEATURES)).astype(np.float32)

    assert np.allclose(run(fold(model, free_size=False, quick=quick), features), run(model, features), rtol=1e-5)


def test_for_other_runtimes_prelu_stays() -> None:
    read = onnx.load_model_from_string(fold(with_prelu(np.array([0.1], np.float32)), free_size=False, quick=False))

    assert "PRelu" in {node.op_type for node in read.graph.node}
