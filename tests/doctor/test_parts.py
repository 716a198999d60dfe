"""What is wrong with the parts that visitors meet is called by its name, and nothing else is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from device.domain.errors import Fault
from device.domain.finding import FindingCode as Code
from device.domain.reasons import Reason
from device.ports.camera import Picture
from device.sim.camera import SCENE_PX
from device.sim.card import Misbehaviour, OtherCard, SimulatedCard

if TYPE_CHECKING:
    from tests.doctor.conftest import Patient

pytestmark = pytest.mark.broker
Change = Callable[["Patient"], object]
TWO = ("ACS ACR1252 1S CL Reader PICC 0", "Sony RC-S300/S 01 00")


class Scene:
    """Something stands before the camera."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def film(self, at_s: float) -> Picture:  # noqa: ARG002  it does not move
        return self._picture


def plain(grey: int) -> Picture:
    width, height = SCENE_PX
    return np.full((height, width, 3), grey, np.uint8)


def film(picture: Picture) -> Change:
    return lambda patient: patient.camera.perform(Scene(picture))


def film_blurred(patient: Patient) -> None:
    scene = np.random.default_rng(1).integers(60, 200, (*SCENE_PX[::-1], 3), np.uint8)
    patient.camera.perform(Scene(cv2.GaussianBlur(scene, (0, 0), 12).astype(np.uint8)))


def have(name: str, value: object) -> Change:
    return lambda patient: setattr(patient, name, value)


def reader(code: Code) -> Change:
    return have("reader_fault", Fault("as it says", part="card reader", reason=Reason.READER_FAULT, finding=code))


def stick(patient: Patient) -> None:
    patient.header.contacts.jam("5")
    patient.clock.advance(1.0)


FAULTS: list[tuple[str, Change, set[Code]]] = [
    ("a reader that was pulled out", lambda p: p.reader.break_down(), {Code.READER_MISSING}),
    ("another reader than the configured", reader(Code.READER_OTHER), {Code.READER_OTHER}),
    ("a dead pcscd", reader(Code.PCSCD_DOWN), {Code.PCSCD_DOWN}),
    ("a reader in another program's hands", reader(Code.READER_HELD), {Code.READER_HELD}),
    ("polkit says no", reader(Code.READER_FORBIDDEN), {Code.READER_FORBIDDEN}),
    ("two readers", have("readers", TWO), {Code.READERS_SEVERAL}),
    ("a reader that is known to fail", have("readers", ("ACS ACR122U PICC 00",)), {Code.READER_UNSUPPORTED}),
    ("a bank card on the reader", lambda p: p.reader.place(OtherCard()), {Code.CARD_MUTE}),
    ("a camera whose cable came loose", lambda p: p.camera.die(), {Code.CAMERA_SILENT}),
    ("a camera that hangs", lambda p: p.camera.freeze(), {Code.CAMERA_SILENT}),
    ("a camera that repeats itself", lambda p: p.camera.repeat(1), {Code.CAMERA_FROZEN}),
    ("frames from the future", lambda p: p.camera.mistime(5.0), {Code.CAMERA_FROZEN}),
    ("a camera at a third of its rate", lambda p: setattr(p.camera, "frame_s", 0.2), {Code.CAMERA_SLOW}),
    ("a covered lens", film(plain(2)), {Code.CAMERA_DARK}),
    ("sun in the lens", film(plain(255)), {Code.CAMERA_BRIGHT}),
    ("a lens out of focus", film_blurred, {Code.CAMERA_BLURRED}),
    ("a keypad line on ground", lambda p: p.header.grounded.add(4), {Code.KEYPAD_GROUNDED}),
    ("two rows that touch", lambda p: p.header.bridges.append((4, 5)), {Code.KEYPAD_JOINED}),
    ("two columns that touch", lambda p: p.header.bridges.append((16, 12)), {Code.KEYPAD_JOINED}),
    ("a stuck key", stick, {Code.KEY_STUCK}),
    ("a HAT that is gone", lambda p: setattr(p.gpio, "gone", True), {Code.KEYPAD_SILENT, Code.LAMPS_SILENT}),
    (
        "a silent loudspeaker",
        have("voice_fault", Fault("no such device", part="voice", reason=Reason.VOICE_FAULT)),
        {Code.SPEAKER_SILENT},
    ),
    (
        "a kernel without Landlock",
        have("sandbox", Fault("landlock", part="portrait sandbox", reason=Reason.PROTECTION_MISSING)),
        {Code.PORTRAIT_SANDBOX},
    ),
    (
        "no process left for the card's picture",
        have(
            "sandbox",
            Fault("no process", part="portrait", reason=Reason.INTERNAL_FAULT, finding=Code.PORTRAIT_DECODER),
        ),
        {Code.PORTRAIT_DECODER},
    ),
]


@pytest.mark.parametrize(("fault", "codes"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS])
def test_a_part_that_fails_is_called_by_its_name(patient: Patient, fault: Change, codes: set[Code]) -> None:
    fault(patient)
    assert patient.findings() == codes


def test_a_unit_that_is_well_has_no_finding(patient: Patient, make_card: Callable[..., SimulatedCard]) -> None:
    assert patient.findings() == set()
    card = make_card()
    patient.reader.place(card)
    assert patient.findings() == set()
    assert card.pin_tries_left == 3


def test_a_card_that_does_not_answer_is_named_and_nothing_is_spent_on_it(
    patient: Patient, make_card: Callable[..., SimulatedCard]
) -> None:
    card = make_card(misbehaviour=Misbehaviour(mute=True))
    patient.reader.place(card)
    assert patient.findings() == {Code.CARD_MUTE}
    assert card.pin_tries_left == 3
