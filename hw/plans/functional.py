"""Does everything work? Every unit goes through it before it leaves, and only then may it be claimed."""

from __future__ import annotations

from device.wire.texts import Text
from hw.phases.camera import CAMERA
from hw.phases.cards import CARDS
from hw.phases.face import FACE, MODELS
from hw.phases.keypad import KEYPAD
from hw.phases.machine import CLOCK, HARDENING, LINK, START, STORAGE, WATCHDOG
from hw.phases.nfc import NFC
from hw.phases.power import POWER
from hw.phases.signals import LAMPS_PHASE, SOUND
from hw.phases.visit import VISITS
from hw.plan import Plan

FUNCTIONAL = Plan(
    name="functional",
    title=Text(ja="機能試験", en="Functional test"),
    phases=(
        CARDS,
        MODELS,
        LINK,
        STORAGE,
        NFC,
        KEYPAD,
        LAMPS_PHASE,
        SOUND,
        CAMERA,
        FACE,
        VISITS,
        POWER,
        CLOCK,
        HARDENING,
        WATCHDOG,
        START,
    ),
)
