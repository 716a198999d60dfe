"""What every network promises: those of the manifest, on the engine that runs them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from device.app.assets.place import MODELS_DIR
from device.app.assets.store import load_manifest, weights_path
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.onnx import OnnxNetwork
from device.face.manifest import Role
from device.ports.network import Network, Tensor

SHAPES = {Role.DETECTOR: (1, 3, 64, 64), Role.EMBEDDER: (1, 3, 112, 112)}


@cache
def loaded(role: Role) -> Network:
    spec = load_manifest(MODELS_DIR / "manifest.toml").the(role)
    return OnnxNetwork(weights_path(MODELS_DIR, spec), spec.sha256)


@pytest.fixture(params=list(SHAPES), ids=lambda role: role.value)
def role(request: pytest.FixtureRequest) -> Role:
    chosen: Role = request.param
    return chosen


@pytest.fixture
def network(role: Role) -> Network:
    return loaded(role)


@pytest.fixture
def tensor(role: Role) -> Tensor:
    return np.random.default_rng(7).uniform(0, 255, SHAPES[role]).astype(np.float32)


def test_every_output_has_a_name_and_is_an_array_of_finite_floats(network: Network, tensor: Tensor) -> None:
    outputs = network.run(tensor)
    assert outputs
    for name, array in outputs.items():
        assert name
        assert array.dtype == np.float32
        assert np.isfinite(array).all()


def test_the_same_input_gives_the_same_outputs(network: Network, tensor: Tensor) -> None:
    first, second = network.run(tensor), network.run(tensor)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_an_output_once_given_does_not_change_with_the_next_input(network: Network, tensor: Tensor) -> None:
    given = network.run(tensor)
    before = {name: array.copy() for name, array in given.items()}
    network.run(np.zeros_like(tensor))
    assert all(np.array_equal(given[name], before[name]) for name in given)


def test_the_input_stays_as_it_was(network: Network, tensor: Tensor) -> None:
    before = tensor.copy()
    network.run(tensor)
    assert np.array_equal(tensor, before)


@pytest.mark.parametrize("shape", [(1, 4, 64, 64), (3, 64, 64), (1, 3, 0, 0)])
def test_an_input_that_does_not_fit_is_a_fault_and_the_next_one_runs(
    network: Network, tensor: Tensor, shape: tuple[int, ...]
) -> None:
    with pytest.raises(Fault) as fault:
        network.run(np.zeros(shape, np.float32))
    assert fault.value.reason is Reason.INTERNAL_FAULT
    assert network.run(tensor)
