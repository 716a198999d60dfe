"""The real networks, the real photos, a real decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from device.app.assets.store import Condition, check, load_manifest, weights_path
from device.drivers.onnx import OnnxNetwork
from device.drivers.portrait import SandboxedPortraitDecoder
from device.face.engine import FaceEngine, Model
from device.face.manifest import Manifest, Role
from device.sim.portrait import Photo, load_photo


@pytest.fixture(scope="session")
def models_dir() -> Path:
    folder = Path(__file__).resolve().parents[2] / "models"
    needed = [state for state in check(folder) if state.required or state.role == "photo"]
    if missing := [state for state in needed if state.condition is not Condition.OK]:
        lines = [f"{state.path.name}: {state.condition.value}" for state in missing]
        pytest.fail("run `make setup` first, these files are needed: " + "; ".join(lines), pytrace=False)
    return folder


@pytest.fixture(scope="session")
def manifest(models_dir: Path) -> Manifest:
    return load_manifest(models_dir / "manifest.toml")


@pytest.fixture(scope="session")
def load(models_dir: Path, manifest: Manifest) -> Callable[[Role], Model]:
    """Load the network of one role, once."""

    @cache
    def load(role: Role) -> Model:
        spec = manifest.the(role)
        return Model(spec, OnnxNetwork(weights_path(models_dir, spec), spec.sha256))

    return load


@pytest.fixture(scope="session")
def engine(load: Callable[[Role], Model]) -> FaceEngine:
    return FaceEngine(detector=load(Role.DETECTOR), embedder=load(Role.EMBEDDER))


@pytest.fixture(scope="session")
def photo(models_dir: Path) -> Callable[[str], Photo]:
    return cache(lambda name: load_photo(models_dir, name))


@pytest.fixture(scope="session")
def decoder() -> Iterator[SandboxedPortraitDecoder]:
    with SandboxedPortraitDecoder() as decoder:
        yield decoder
