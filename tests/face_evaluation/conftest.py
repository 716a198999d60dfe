"""A small folder of photos, laid out as the benchmark is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from device.app.assets.place import MODELS_DIR


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos of one person, one each of two others."""
    for person, names in {
        "Barack": ["obama.jpg", "obama2.jpg"],
        "Eileen": ["astronaut.png"],
        "Joe": ["biden.jpg"],
    }.items():
        (tmp_path / person).mkdir()
        for number, name in enumerate(names, 1):
            source = MODELS_DIR / "photos" / name
            shutil.copyfile(source, tmp_path / person / f"{person}_{number:04d}{source.suffix}")
    return tmp_path
