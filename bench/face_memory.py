"""What the unit's networks take: time to load them once their files are in the page cache, and memory of the process.

Measured in a process of its own (`python -m bench.face_memory`), because memory that was once taken is not easily given
back. It imports what a unit imports and loads what a unit with a face path loads: detector, embedder, both liveness
networks, the reader of the card's front. Then it takes one frame; to film that is the part of the process that asks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from device.drivers import memory
from device.ports.camera import Picture

STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class FaceMemory:
    """Milliseconds and megabytes."""

    load_ms: float
    """Of the four networks of the face path, in processor time."""
    resident_mb: float
    """The whole process, between two visitors."""
    highest_mb: float
    """The most it ever took, while loading."""


def measure() -> FaceMemory:
    """Ask a process of its own. Raise CalledProcessError when that fails, which then has said why."""
    from bench.face_frames import film  # noqa: PLC0415  what films is no part of a unit

    frame = film(1)[0]
    asked = subprocess.run(
        [sys.executable, "-m", "bench.face_memory"],
        check=True,
        input=frame.tobytes(),
        stdout=subprocess.PIPE,
        env=os.environ | memory.SETTINGS,  # as a unit runs
    )
    return FaceMemory(**json.loads(asked.stdout))


def _measure_here(frame: Picture) -> FaceMemory:
    from device.app import compose  # noqa: F401, PLC0415  all that a unit imports
    from device.app.assets.place import MODELS_DIR  # noqa: PLC0415
    from device.app.card_front import open_front_reader  # noqa: PLC0415
    from device.app.face_models import load_models  # noqa: PLC0415
    from device.app.liveness_parts import load_liveness_nets  # noqa: PLC0415
    from device.face.engine import FaceEngine  # noqa: PLC0415

    began = time.process_time()
    models = load_models(MODELS_DIR)
    nets = load_liveness_nets(MODELS_DIR)
    loaded_ms = (time.process_time() - began) * 1000
    reader = open_front_reader(MODELS_DIR)
    FaceEngine(detector=models.detector, embedder=models.embedder).see(frame)
    memory.sweep()  # as a unit does when it forgets a visitor
    status = dict(line.split(":", 1) for line in STATUS.read_text(encoding="utf-8").splitlines())
    resident, highest = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    del reader, nets  # not before
    return FaceMemory(loaded_ms, resident, highest)


if __name__ == "__main__":
    pixels = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(480, 640, 3)
    sys.stdout.write(json.dumps(asdict(_measure_here(pixels))))
