"""Weights from a folder, checked against the manifest, ready to compare faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from device.app.assets.store import load_manifest, weights_path
from device.drivers.onnx import OnnxNetwork
from device.face.engine import FaceEngine, Model
from device.face.manifest import Manifest, ModelSpec, Role, Threshold


@dataclass(frozen=True, slots=True)
class FaceModels:
    """The two networks that comparing takes."""

    detector: Model
    embedder: Model


def load_models(models_dir: Path, *, embedder: str | None = None, threads: int = 1) -> FaceModels:
    """Return the networks, the embedder by name (None: the manifest's default).

    Raise Fault(MODEL_MISSING), Fault(MODEL_DIGEST_MISMATCH) or BadConfig saying which file and what to do.
    """
    manifest: Manifest = load_manifest(models_dir / "manifest.toml")

    def model(spec: ModelSpec) -> Model:
        return Model(spec, OnnxNetwork(weights_path(models_dir, spec), spec.sha256, threads=threads))

    return FaceModels(detector=model(manifest.the(Role.DETECTOR)), embedder=model(manifest.embedder(embedder)))


def load_engine(models_dir: Path, *, embedder: str | None = None, threads: int = 1) -> tuple[FaceEngine, Threshold]:
    """Return the engine and the threshold that belongs to its embedder (by name; None: the manifest's default).

    Raises what `load_models` raises.
    """
    models = load_models(models_dir, embedder=embedder, threads=threads)
    return FaceEngine(detector=models.detector, embedder=models.embedder), models.embedder.spec.threshold
