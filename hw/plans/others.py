"""The plans before and after the functional one."""

from __future__ import annotations

from device.wire.texts import Text
from hw.phases.attacks import ATTACKS
from hw.phases.camera import CAMERA
from hw.phases.cards import CARDS
from hw.phases.contract import CONTRACT
from hw.phases.endurance import KEYPAD_LIFE, NFC_LIFE, POWER_LIFE
from hw.phases.face import FACE, MODELS
from hw.phases.keypad import KEYPAD
from hw.phases.machine import CLOCK, HARDENING, LINK, START, STORAGE, WATCHDOG
from hw.phases.nfc import NFC
from hw.phases.power import POWER
from hw.phases.recovery import RECOVERY
from hw.phases.signals import LAMPS_PHASE, SOUND
from hw.plan import Plan
from hw.plans.functional import FUNCTIONAL

INCOMING = Plan(
    name="incoming",
    title=Text(ja="組み立て後の試験", en="After assembly"),
    phases=(CARDS, KEYPAD, LAMPS_PHASE, SOUND, NFC, LINK),
)
CALIBRATION = Plan(
    name="calibration", title=Text(ja="校正", en="Calibration: camera and clock"), phases=(CAMERA, CLOCK)
)
CONTRACT_PLAN = Plan(
    name="contract",
    title=Text(ja="ドライバーの約束", en="What the drivers promise"),
    phases=(CARDS, *CONTRACT),
)
ENDURANCE = Plan(
    name="endurance",
    title=Text(ja="耐久試験", en="Endurance, hours"),
    phases=(CARDS, KEYPAD_LIFE, NFC_LIFE, POWER_LIFE, POWER, STORAGE),
)
RELEASE = Plan(
    name="release",
    title=Text(ja="出荷前の試験", en="Before a version is released"),
    phases=(MODELS, HARDENING, WATCHDOG, START, CARDS, FACE, ATTACKS),
)
FIELD_RETURN = Plan(
    name="field_return",
    title=Text(ja="返却品の試験", en="Back from the field"),
    phases=(*FUNCTIONAL.phases[:-1], RECOVERY, FUNCTIONAL.phases[-1]),
)
