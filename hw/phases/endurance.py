"""What only shows after many times: keys, cards, power cuts. It takes a rig that does not tire."""

from __future__ import annotations

from typing import Final

from device.domain.errors import CardError
from device.panel.keys import KeyDecoder, KeyPressed
from device.wire.texts import Text
from hw.errors import CannotMeasure
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.session import Session
from hw.uncertainty import share_percent

PRESSES: Final = 100_000
PLACEMENTS: Final = 10_000
POWER_CUTS: Final = 100
HOLD_S: Final = 0.06
REST_S: Final = 0.08
SCAN_S: Final = 0.005
OFF_S: Final = 2.0
ROUNDS: Final = 20
"""Parts of the run that are looked at one by one: what wears shows as a slope."""


def press_many(session: Session, presses: int = PRESSES) -> None:
    """Press key after key, decode as the unit does, and count what was lost or doubled."""
    _require_tireless(session)
    pad = session.unit.pad
    decoder = KeyDecoder()
    lost = doubled = 0
    lost_by_round: list[float] = []
    for number in range(presses):
        key = pad.keys[number % len(pad.keys)]
        session.rig.press(key, HOLD_S)
        seen = 0
        for _ in range(round((HOLD_S + REST_S + session.rig.press_within_s) / SCAN_S)):
            events = decoder.feed(session.unit.keypad.scan())
            seen += sum(isinstance(event, KeyPressed) for event in events)
            session.unit.wait(SCAN_S)
        lost += seen == 0
        doubled += seen > 1
        if (number + 1) % max(1, presses // ROUNDS) == 0:
            lost_by_round.append(float(lost))
    value, uncertainty = share_percent(lost, presses)
    session.measured("keypad.life_lost_percent", value, uncertainty=uncertainty, samples=presses)
    session.measured("keypad.life_doubled", doubled, samples=presses)
    session.draw(
        Series(
            name="presses",
            title=Text(ja="押下回数と取りこぼし", en="Presses lost as they add up"),
            drawing=Drawing.CURVE,
            x_name="presses",
            x=[float((index + 1) * (presses // ROUNDS)) for index in range(len(lost_by_round))],
            y_name="lost",
            y=lost_by_round,
        )
    )


def place_many(session: Session, placements: int = PLACEMENTS) -> None:
    """Place and lift a card, again and again."""
    _require_tireless(session)
    found = 0
    for _ in range(placements):
        session.rig.place(session.cards.first.name)
        try:
            with session.cards.touch(session.unit.reader, session.cards.first):
                found += 1
        except CardError:
            pass  # not found: that is what is counted
        finally:
            session.rig.lift()
    value, uncertainty = share_percent(found, placements)
    session.measured("nfc.life_found_percent", value, uncertainty=uncertainty, samples=placements)


def cut_many(session: Session, cuts: int = POWER_CUTS) -> None:
    """Cut the power, again and again, and see the unit come back as itself."""
    if session.unit.hosts_the_bench:
        raise CannotMeasure("the bench runs on the unit itself and would go down with it")
    _require_tireless(session)
    failed = 0
    for _ in range(cuts):
        session.rig.cut_power(OFF_S)
        session.expect_restart()
        failed += session.unit.system.boot_ready_s() <= 0
    session.measured("boot.failed_starts", failed, samples=cuts)


def _require_tireless(session: Session) -> None:
    if not session.rig.tireless:
        raise CannotMeasure("a hand does not do it thousands of times")


KEYPAD_LIFE = Phase(
    name="keypad_life",
    title=Text(ja="テンキーの耐久(10万回)", en="Keypad, 100,000 presses"),
    next_step=Text(ja="膜スイッチを取り替え、型番を記録してください。", en="Replace the pad, and note its make."),
    measures=("keypad.life_lost_percent", "keypad.life_doubled"),
    run=press_many,
)
NFC_LIFE = Phase(
    name="nfc_life",
    title=Text(ja="カード認識の耐久(1万回)", en="Card reader, 10,000 cards"),
    next_step=Text(ja="リーダーの温度と固定を確かめてください。", en="Check the reader's heat and seat."),
    measures=("nfc.life_found_percent",),
    run=place_many,
)
POWER_LIFE = Phase(
    name="power_cuts",
    title=Text(ja="電源断(100回)", en="100 power cuts"),
    next_step=Text(
        ja="SDカードと起動の記録を確かめてください。", en="Check the storage card and the journal of the start."
    ),
    measures=("boot.failed_starts",),
    run=cut_many,
)
