"""The text recogniser of the card's front, on onnxruntime."""

from __future__ import annotations

from pathlib import Path

from device.card.front.recogniser import HEIGHT_PX, Recogniser
from device.domain.errors import BadConfig
from device.drivers.onnx import OnnxNetwork
from device.face.manifest import ModelSpec


def open_recogniser(path: Path, spec: ModelSpec, *, threads: int = 1) -> Recogniser:
    """Return the recogniser that `spec` describes, with its weights from `path`.

    Raise Fault(MODEL_MISSING) or Fault(MODEL_DIGEST_MISMATCH) as OnnxNetwork does, BadConfig for a network that takes
    other lines than ours.
    """
    if spec.input.height != HEIGHT_PX:
        raise BadConfig(
            f"{spec.name} takes lines of {spec.input.height} pixels, ours have {HEIGHT_PX}", where="models/manifest"
        )
    return Recogniser(OnnxNetwork(path, spec.sha256, threads=threads))
