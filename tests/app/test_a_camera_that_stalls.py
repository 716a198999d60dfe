"""A camera that stalls: the visit goes on by PIN, the unit says so, and the camera comes back by itself."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.sim.card import SimulatedCard
from device.wire.phrases import say
from device.wire.reasons import entry

if TYPE_CHECKING:
    from tests.app.conftest import Filmed, Hand, Terminal


@pytest.mark.broker
@pytest.mark.parametrize("reader", ["pn532"], indirect=True)
def test_the_visit_goes_on_by_pin_and_the_camera_comes_back_by_itself(
    write_config: Callable[..., Path],
    start_unit: Callable[..., Terminal],
    reader: tuple[str, Hand],
    make_holder: Callable[[str], SimulatedCard],
    filmed: Filmed,
) -> None:
    _, hand = reader
    unit = start_unit(write_config(card=filmed.card_options, sections=filmed.sections))
    unit.expect("lamps: ready")
    faces = filmed.folder / "faces"
    for picture in list(faces.iterdir()):
        picture.rename(filmed.folder / picture.name)  # a camera without pictures gives no frames
    unit.expect_logged("camera_fault")

    hand.place(make_holder("1234"))
    unit.expect(entry(Reason.FACE_UNAVAILABLE).patient.ja)
    unit.expect(say(Phrase.ENTER_PIN, "ja", tries_left=3))
    for picture in filmed.folder.glob("*.png"):
        picture.rename(faces / picture.name)
    unit.expect_logged("camera works again")

    unit.type_keys("1234#")
    unit.expect(
        say(Phrase.ASK_CONSENT, "ja", items=(ConsentItem.MEDICATION, ConsentItem.DIAGNOSIS, ConsentItem.CHECKUP))
    )
    unit.type_keys("#")
    unit.expect(entry(Reason.QUALIFIED).patient.ja)
    unit.process.send_signal(signal.SIGTERM)
    assert unit.process.wait(60) == 0
