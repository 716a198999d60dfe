"""Which versions a unit is made of, part by part: what a fleet wants to know before it sends an update or a person."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from device.app.assets.store import load_manifest
from device.domain.errors import UketsukeError
from device.face.manifest import Role
from device.ports.machine import Machine

BOARD = "/sys/firmware/devicetree/base/model"
KERNEL = "/proc/sys/kernel/osrelease"
SYSTEM = "/etc/os-release"
LONGEST = 128
"""Characters of one version."""


def versions_of(machine: Machine, models: Path, *, embedder: str | None = None) -> Mapping[str, str]:
    """Return what does not change while the unit runs; what cannot be told is left out."""
    system = re.search(r'^PRETTY_NAME="?([^"\n]+)', machine.read(SYSTEM) or "", re.MULTILINE)
    told = {
        "board": machine.read(BOARD),
        "system": None if system is None else system[1],
        "kernel": machine.read(KERNEL),
        "python": platform.python_version(),
        "onnxruntime": _installed("onnxruntime"),
        **_networks(models, embedder),
    }
    return {part: words[:LONGEST] for part, words in told.items() if words}


def _networks(models: Path, embedder: str | None) -> dict[str, str]:
    try:
        manifest = load_manifest(models / "manifest.toml")
        specs = {"detector": manifest.the(Role.DETECTOR), "embedder": manifest.embedder(embedder)}
    except UketsukeError:
        return {}  # the unit says elsewhere that its models are no good
    return {part: f"{spec.name} {spec.version}" for part, spec in specs.items()}


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
