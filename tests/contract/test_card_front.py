"""What every reader of card fronts promises: the simulated one, and the real one on pictures of drawn cards."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Protocol

import numpy as np
import pytest

from device.app.assets.place import MODELS_DIR
from device.app.card_front import open_front_reader
from device.card.front import CameraCardFront, FrontReader
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.secrets import ReferenceNumberB
from device.ports.camera import CardFront, Frame, Picture
from device.sim.card_front import SimulatedCardFront
from device.sim.card_front_pictures import invent, photograph, print_card, take_view
from device.sim.card_front_pictures.camera import look_again
from device.sim.clock import SimulatedClock

PRINTED = b"55021720352285"
TODAY = date(2026, 11, 22)
ENOUGH_S = 10.0
FRAME_S = 1.0
SEED = 3
"""Of a drawn card that is easy to read."""


@cache
def reader() -> FrontReader:
    return open_front_reader(MODELS_DIR)


class FrontStage(Protocol):
    """A reader of fronts, a card under it, and what can happen to both."""

    front: CardFront

    def is_printed(self, number: bytes) -> bool:
        """Tell whether this is what the card says."""

    def take_away(self) -> None:
        """Leave nothing that could be read."""

    def break_it(self) -> None: ...

    def mend_it(self) -> None: ...


class SimulatedFront:
    def __init__(self) -> None:
        self._lies: ReferenceNumberB | None = ReferenceNumberB(PRINTED)
        self._simulated = SimulatedCardFront(lambda: self._lies)
        self.front: CardFront = self._simulated

    def is_printed(self, number: bytes) -> bool:
        return number == PRINTED

    def take_away(self) -> None:
        self._lies = None

    def break_it(self) -> None:
        self._simulated.die()

    def mend_it(self) -> None:
        self._simulated.recover()


class Photographer:
    """A camera over a drawn card: each frame is another photograph of it."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._chance = np.random.default_rng(SEED)
        self.person = invent(self._chance, TODAY)
        self._card = print_card(self.person, self._chance)
        self._view = take_view(0.0, self._chance, upside_down=False)
        self.dead = self.gone = False
        self.shown: list[Picture] = []

    def next_frame(self, timeout_s: float) -> Frame:
        self._clock.advance(FRAME_S)
        if self.dead:
            raise Fault(f"no frame within {timeout_s:g} s", part="camera", reason=Reason.CAMERA_FAULT)
        seen = photograph(self._card, look_again(self._view, self._chance), self._chance)
        self.shown.append(np.full_like(seen, 90) if self.gone else seen)
        return Frame(pixels=self.shown[-1], taken_s=self._clock.monotonic_s(), number=len(self.shown))

    def hold_light(self, *, hold: bool) -> None:
        del hold

    def forget(self) -> None:
        for pixels in self.shown:
            pixels.fill(0)


class PhotographedFront:
    def __init__(self) -> None:
        clock = SimulatedClock(datetime(2026, 11, 22, 9, tzinfo=UTC))
        self._camera = Photographer(clock)
        self.front: CardFront = CameraCardFront(self._camera, reader().read, clock)

    def is_printed(self, number: bytes) -> bool:
        return number == bytes(self._camera.person.reference_number().reveal())

    def take_away(self) -> None:
        self._camera.gone = True

    def break_it(self) -> None:
        self._camera.dead = True

    def mend_it(self) -> None:
        self._camera.dead = False


@pytest.fixture
def simulated_front() -> FrontStage:
    return SimulatedFront()


@pytest.fixture
def photographed_front() -> FrontStage:
    return PhotographedFront()


@pytest.fixture(params=["simulated", "photographed"])
def front_stage(request: pytest.FixtureRequest) -> FrontStage:
    chosen: FrontStage = request.getfixturevalue(f"{request.param}_front")
    return chosen


def nothing(_: ReferenceNumberB) -> bool:
    """No number was refused."""
    return False


def test_what_is_printed_is_read_and_may_be_wiped_by_whoever_got_it(front_stage: FrontStage) -> None:
    for _ in range(2):
        seen = front_stage.front.read(ENOUGH_S, nothing)
        assert seen is not None
        assert front_stage.is_printed(bytes(seen.reveal()))
        seen.wipe()


def test_where_nothing_can_be_read_there_is_no_number(front_stage: FrontStage) -> None:
    front_stage.take_away()
    assert front_stage.front.read(ENOUGH_S, nothing) is None


def test_what_the_card_refused_is_never_said_again(front_stage: FrontStage) -> None:
    asked: list[bytes] = []

    def refused(number: ReferenceNumberB) -> bool:
        asked.append(bytes(number.reveal()))
        return True

    assert front_stage.front.read(ENOUGH_S, refused) is None
    assert asked
    assert all(map(front_stage.is_printed, asked))


def test_a_dead_card_camera_is_a_fault_until_it_is_mended(front_stage: FrontStage) -> None:
    front_stage.break_it()
    for _ in range(2):
        with pytest.raises(Fault) as fault:
            front_stage.front.read(ENOUGH_S, nothing)
        assert fault.value.reason is Reason.CAMERA_FAULT
    front_stage.mend_it()
    assert front_stage.front.read(ENOUGH_S, nothing) is not None


def test_a_smudged_card_gives_no_number() -> None:
    front = SimulatedCardFront(lambda: ReferenceNumberB(PRINTED))
    front.smudge()
    assert front.read(2.0, nothing) is None


def test_one_misreading_is_wrong_in_one_digit_and_the_next_is_right() -> None:
    front = SimulatedCardFront(lambda: ReferenceNumberB(PRINTED))
    front.misread_once()
    wrong, right = front.read(2.0, nothing), front.read(2.0, nothing)

    assert wrong is not None
    assert right is not None
    assert sum(one != other for one, other in zip(wrong.reveal(), PRINTED, strict=True)) == 1
    assert right.reveal() == PRINTED


def test_a_misreading_that_was_refused_is_not_made_again() -> None:
    front = SimulatedCardFront(lambda: ReferenceNumberB(PRINTED))
    front.misread()
    assert front.read(2.0, lambda number: number.reveal() == PRINTED) is not None
