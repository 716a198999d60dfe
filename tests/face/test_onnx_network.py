from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from device.app.assets.store import weights_path
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.onnx import OnnxNetwork
from device.face.engine import Model
from device.face.manifest import Manifest, Role


@pytest.fixture
def detector_file(models_dir: Path, manifest: Manifest) -> Path:
    return weights_path(models_dir, manifest.the(Role.DETECTOR))


def test_another_file_than_the_promised_one_is_not_loaded(detector_file: Path) -> None:
    with pytest.raises(Fault) as fault:
        OnnxNetwork(detector_file, "f" * 64)

    found = hashlib.sha256(detector_file.read_bytes()).hexdigest()
    assert fault.value.reason is Reason.MODEL_DIGEST_MISMATCH
    assert all(part in str(fault.value) for part in (detector_file.name, "f" * 64, found))


def test_an_absent_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="uketsuke models fetch") as fault:
        OnnxNetwork(tmp_path / "weights.onnx", "0" * 64)

    assert fault.value.reason is Reason.MODEL_MISSING


def test_a_truncated_file_has_the_wrong_digest(detector_file: Path, manifest: Manifest, tmp_path: Path) -> None:
    cut = tmp_path / detector_file.name
    cut.write_bytes(detector_file.read_bytes()[:-1000])

    with pytest.raises(Fault) as fault:
        OnnxNetwork(cut, manifest.the(Role.DETECTOR).sha256)

    assert fault.value.reason is Reason.MODEL_DIGEST_MISMATCH


@pytest.mark.parametrize("keep", [0, 10, 100_000])
def test_a_truncated_file_is_a_fault_even_with_a_manifest_that_agrees(
    keep: int, detector_file: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(detector_file.read_bytes()[:keep])

    with pytest.raises(Fault, match=r"cannot load cut\.onnx"):
        OnnxNetwork(cut, hashlib.sha256(cut.read_bytes()).hexdigest())


@pytest.mark.parametrize(("height", "width"), [(32, 32), (256, 320), (320, 256), (640, 640)])
def test_the_detector_takes_any_multiple_of_32(height: int, width: int, load: Callable[[Role], Model]) -> None:
    outputs = load(Role.DETECTOR).network.run(np.zeros((1, 3, height, width), np.float32))

    assert len(outputs) == 12
    assert outputs["bbox_16"].shape == (1, height // 16 * width // 16, 4)


def test_one_thread_and_two_give_the_same_direction(
    models_dir: Path, manifest: Manifest, load: Callable[[Role], Model]
) -> None:
    spec = manifest.the(Role.EMBEDDER)
    face = np.random.default_rng(1).uniform(0, 255, (1, 3, 112, 112)).astype(np.float32)

    two = OnnxNetwork(weights_path(models_dir, spec), spec.sha256, threads=2).run(face)["fc1"]

    assert np.allclose(two, load(Role.EMBEDDER).network.run(face)["fc1"], atol=1e-4)


def test_a_network_runs_from_the_bytes_that_were_checked_though_the_file_changes_meanwhile(
    detector_file: Path, manifest: Manifest, tmp_path: Path
) -> None:
    copy = tmp_path / "weights.onnx"
    copy.write_bytes(detector_file.read_bytes())
    network = OnnxNetwork(copy, manifest.the(Role.DETECTOR).sha256)
    copy.write_bytes(b"another file")

    assert network.run(np.zeros((1, 3, 64, 64), np.float32))
