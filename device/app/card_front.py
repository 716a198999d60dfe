"""The reader of card fronts from the weights of a folder."""

from __future__ import annotations

from pathlib import Path

from device.app.assets.store import load_manifest, weights_path
from device.card.front import FrontReader, FrontRules
from device.drivers.ocr import open_recogniser
from device.face.manifest import Role


def open_front_reader(models_dir: Path, *, western_birth_years: bool = False) -> FrontReader:
    """Return the reader with the weights and the threshold that `models_dir` declares. Raise Fault or BadConfig."""
    spec = load_manifest(models_dir / "manifest.toml").the(Role.OCR)
    rules = FrontRules(
        accept=spec.threshold.accept, retry=spec.threshold.retry, western_birth_years=western_birth_years
    )
    return FrontReader(open_recogniser(weights_path(models_dir, spec), spec), rules)
