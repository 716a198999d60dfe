"""The CardFront port on a camera: whatever the frames say, only what enough of them agree on comes out."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.card.front import CameraCardFront, Unread
from device.card.front.agreement import LEAD, LEAD_IN_DOUBT
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.secrets import ReferenceNumberB
from device.ports.camera import Frame, Picture
from device.sim.clock import SimulatedClock

FRAME_S = 0.25
BLANK, IN_TWO_WAYS = 8, 9
REFUSED = 7
"""What a frame of these tests says: a number by its last digit up to REFUSED, or one of the two above."""

Film = list[tuple[int, bool]]
"""Per frame what it says, and whether it repeats the pixels of the frame before it."""


class Projector:
    """A camera that shows a film, a frame each FRAME_S; at its end no frame comes."""

    def __init__(self, clock: SimulatedClock, film: Film) -> None:
        self._clock = clock
        self._film = film
        self._salt = 0
        self.shown: list[Picture] = []

    def next_frame(self, timeout_s: float) -> Frame:
        if len(self.shown) == len(self._film):
            raise Fault(f"no frame within {timeout_s:g} s", part="camera", reason=Reason.CAMERA_FAULT)
        self._clock.advance(FRAME_S)
        says, repeats = self._film[len(self.shown)]
        self._salt += not repeats
        pixels = np.full((2, 2, 3), says, np.uint8)
        pixels[0, 0] = self._salt
        self.shown.append(pixels)
        return Frame(pixels=pixels, taken_s=self._clock.monotonic_s(), number=len(self.shown))

    def hold_light(self, *, hold: bool) -> None:
        pass

    def forget(self) -> None:
        for pixels in self.shown:
            pixels.fill(0)


def number(last: int) -> ReferenceNumberB:
    return ReferenceNumberB(b"5502172035228%d" % last)


def look(picture: Picture, today: date) -> ReferenceNumberB | Unread:
    assert today == date(2026, 4, 1)
    says = int(picture[1, 1, 0])
    if says in {BLANK, IN_TWO_WAYS}:
        return Unread.NO_CODE if says == BLANK else Unread.CODE_CONTRADICTED
    return number(says)


def refused(read: ReferenceNumberB) -> bool:
    return read.reveal() == number(REFUSED).reveal()


def play(film: Film, timeout_s: float) -> tuple[int | None, Projector]:
    """Return the last digit of what was read, and the camera."""
    clock = SimulatedClock()
    projector = Projector(clock, film)
    read = CameraCardFront(projector, look, clock).read(timeout_s, refused)
    return None if read is None else read.reveal()[-1] - ord("0"), projector


FILMS = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 1, 2, REFUSED, BLANK, IN_TWO_WAYS]), st.booleans()), min_size=1, max_size=12
)


@given(film=FILMS)
def test_a_number_comes_out_only_when_enough_different_frames_say_it_and_no_frame_is_left(film: Film) -> None:
    read, projector = play(film, timeout_s=FRAME_S * len(film))
    shown = film[: len(projector.shown)]
    # The same pixels under a new number are one frame; what repeats a blank frame is as blank.
    said = Counter(says for at, (says, _) in enumerate(shown) if _is_new(shown, at))
    needed = LEAD_IN_DOUBT if said[IN_TWO_WAYS] else LEAD
    numbers = {says: times for says, times in said.items() if says < REFUSED}
    leading: list[int | None] = [
        says
        for says, times in numbers.items()
        if times - max((other for place, other in numbers.items() if place != says), default=0) >= needed
    ]
    assert [read] == (leading or [None])
    assert read != REFUSED
    assert all((pixels == 0).all() for pixels in projector.shown)


def _is_new(shown: Film, at: int) -> bool:
    """Whether no frame before had the same pixels."""
    says, repeats = shown[at]
    while repeats and at:
        at -= 1
        if shown[at][0] == says:
            return False
        repeats = shown[at][1]
    return True


def test_nothing_is_looked_at_once_time_is_up() -> None:
    read, projector = play([(BLANK, False)] * 10, timeout_s=4 * FRAME_S)
    assert read is None
    assert len(projector.shown) == 4


def test_a_camera_that_stops_is_a_fault_and_what_it_gave_is_black() -> None:
    clock = SimulatedClock()
    projector = Projector(clock, [(0, False)])
    with pytest.raises(Fault) as fault:
        CameraCardFront(projector, look, clock).read(5.0, refused)
    assert fault.value.reason is Reason.CAMERA_FAULT
    assert not projector.shown[0].any()
