"""What comes back from the field often came loose: pull the reader's plug and see it found again."""

from __future__ import annotations

from typing import Final

from device.domain.errors import CardError, Fault
from device.wire.texts import Text
from hw.plan import Phase
from hw.rig.port import Plug
from hw.session import Session
from hw.uncertainty import of_step

OUT_S: Final = 3.0
LOOK_S: Final = 0.25
GIVES_UP_S: Final = 60.0


def measure_recovery(session: Session) -> None:
    """Pull the reader's plug for three seconds, then time until a card is found."""
    unit = session.unit
    session.rig.place(session.cards.first.name)
    try:
        session.rig.unplug(Plug.READER, OUT_S)
        began_s = unit.clock.monotonic_s()
        while not _is_back(session) and unit.clock.monotonic_s() - began_s < GIVES_UP_S:
            unit.wait(LOOK_S)
        seconds = unit.clock.monotonic_s() - began_s
    finally:
        session.rig.lift()
    session.measured("nfc.recovery_s", seconds, uncertainty=of_step(LOOK_S))


def _is_back(session: Session) -> bool:
    try:
        with session.cards.touch(session.unit.reader, session.cards.first):
            return True
    except (CardError, Fault):
        return False


RECOVERY = Phase(
    name="recovery",
    title=Text(ja="リーダーの抜き差し", en="Reader unplugged and back"),
    next_step=Text(ja="USBケーブルとハブを替えてみてください。", en="Try another USB cable and another port."),
    measures=("nfc.recovery_s",),
    run=measure_recovery,
)
