"""Weights from a folder, checked against the manifest, ready to compare faces."""

from __future__ import annotations

from pathlib import Path

from device.app.assets.store import load_manifest, weights_path
from device.drivers.onnx import OnnxNetwork
from device.face.engine import FaceEngine, Model
from device.face.manifest import Manifest, ModelSpec, Role, Threshold


def load_engine(models_dir: Path) -> tuple[FaceEngine, Threshold]:
    """Return the engine and the threshold that belongs to its embedder.

    Raise Fault(MODEL_MISSING), Fault(MODEL_DIGEST_MISMATCH) or BadConfig saying which file and what to do.
    """
    manifest: Manifest = load_manifest(models_dir / "manifest.toml")

    def model(role: Role) -> Model:
        spec: ModelSpec = manifest.the(role)
        return Model(spec, OnnxNetwork(weights_path(models_dir, spec), spec.sha256))

    embedder = model(Role.EMBEDDER)
    return FaceEngine(detector=model(Role.DETECTOR), embedder=embedder), embedder.spec.threshold
