"""A network that is not what the manifest says ends in a Fault or in no face, never in a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import FaceError, Fault
from device.domain.reasons import Reason
from device.face.align import TEMPLATE_POINTS, align
from device.face.detect import CLOSE_UP_SIDE_PX, STRIDES, detect
from device.face.embed import embed, embed_with_mirror
from device.face.engine import FaceEngine, Model
from device.face.manifest import Manifest, Role
from device.ports.network import Tensor

FRAME = np.full((64, 64, 3), 90, np.uint8)
SQUARE = np.full((112, 112, 3), 90, np.uint8)
CHANNELS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}


@dataclass(frozen=True)
class Saying:
    """A network that always says the same."""

    outputs: Mapping[str, Tensor]

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        assert tensor.dtype == np.float32
        return self.outputs


ODD_NUMBERS = np.array([0, 1, -1, 0.5, np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45, 100, -100], np.float32)


def grids(choose: Callable[[tuple[int, int, int]], Tensor], side: int = 320) -> dict[str, Tensor]:
    """Return outputs of the right shapes for a search in a square of this side."""
    shapes = {f"{kind}_{stride}": (1, (side // stride) ** 2, CHANNELS[kind]) for kind in CHANNELS for stride in STRIDES}
    return {name: choose(shape) for name, shape in shapes.items()}


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), pool=st.sets(st.sampled_from(range(len(ODD_NUMBERS))), min_size=1))
def test_any_numbers_in_the_grids_give_finite_faces_or_none(seed: int, pool: set[int], manifest: Manifest) -> None:
    chance = np.random.default_rng(seed)
    outputs = grids(lambda shape: chance.choice(ODD_NUMBERS[sorted(pool)], shape))

    with np.errstate(invalid="ignore", over="ignore"):  # infinities meet each other on the way; what counts is the end
        faces = detect(Saying(outputs), manifest.the(Role.DETECTOR), FRAME, 320)

    for face in faces:
        assert np.isfinite([face.left, face.top, face.width, face.height, face.score]).all()
        assert np.isfinite(face.points).all()


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"fc1": np.zeros((1, 128), np.float32)},
        {
            f"{kind}_{stride}": np.zeros((1, 5, channels), np.float32)
            for kind, channels in {**CHANNELS, "obj": 3}.items()
            for stride in STRIDES
            if kind != "kps"
        },
    ],
    ids=["nothing", "another network's answer", "a part of the grids"],
)
def test_a_detector_that_answers_like_another_network_is_a_fault(
    outputs: dict[str, Tensor], manifest: Manifest
) -> None:
    with pytest.raises(Fault) as fault:
        detect(Saying(outputs), manifest.the(Role.DETECTOR), FRAME, 320)

    assert fault.value.reason is Reason.INTERNAL_FAULT


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"fc1": np.zeros((1, 128), np.float32)},
        {"fc1": np.full((1, 128), np.nan, np.float32)},
        {"fc1": np.full((1, 128), np.inf, np.float32)},
        {"fc1": np.ones((1, 128), np.float32), "fc2": np.ones((1, 128), np.float32)},
        {"fc1": np.empty((1, 0), np.float32)},
    ],
    ids=["nothing", "zeros", "no numbers", "infinity", "two answers", "an empty answer"],
)
def test_an_embedder_without_a_direction_is_a_fault(outputs: dict[str, Tensor], manifest: Manifest) -> None:
    with pytest.raises(Fault) as fault:
        embed(Saying(outputs), manifest.the(Role.EMBEDDER), SQUARE)

    assert fault.value.reason is Reason.INTERNAL_FAULT


class Contrary:
    """An embedder whose second answer takes back the first."""

    def __init__(self) -> None:
        self._sign = -1.0

    def run(self, tensor: Tensor) -> dict[str, Tensor]:  # noqa: ARG002  whatever it sees
        self._sign = -self._sign
        return {"direction": np.full((1, 128), self._sign, np.float32)}


def test_a_face_and_a_mirror_image_that_have_nothing_in_common_are_a_fault(manifest: Manifest) -> None:
    with pytest.raises(Fault, match="no direction") as fault:
        embed_with_mirror(Contrary(), manifest.the(Role.EMBEDDER), np.zeros((112, 112, 3), np.uint8))
    assert fault.value.reason is Reason.INTERNAL_FAULT


def test_points_that_coincide_are_no_face() -> None:
    with pytest.raises(FaceError) as refused:
        align(FRAME, np.full((5, 2), 30, np.float32))

    assert refused.value.reason is Reason.FACE_NOT_FOUND


def test_a_face_that_is_gone_from_near_is_not_scored(manifest: Manifest, load: Callable[[Role], Model]) -> None:
    outputs = grids(lambda shape: np.zeros(shape, np.float32), side=160)
    outputs["cls_32"][0, 12] = outputs["obj_32"][0, 12] = 1.0
    outputs["bbox_32"][0, 12] = (0.5, 0.5, 0.8, 0.8)
    outputs["kps_32"][0, 12] = (TEMPLATE_POINTS / 64 - 1.0).ravel()

    class SeesItOnce:
        def __init__(self) -> None:
            self._answers = iter([outputs, grids(lambda shape: np.zeros(shape, np.float32), side=CLOSE_UP_SIDE_PX)])

        def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
            answer = next(self._answers)
            assert answer["cls_8"].shape[1] * 64 == tensor.shape[2] * tensor.shape[3]
            return answer

    engine = FaceEngine(detector=Model(manifest.the(Role.DETECTOR), SeesItOnce()), embedder=load(Role.EMBEDDER))

    with pytest.raises(FaceError, match="from near") as refused:
        engine.template(np.full((320, 320, 3), 90, np.uint8))

    assert refused.value.reason is Reason.PORTRAIT_UNREADABLE
