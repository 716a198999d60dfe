"""One plan, unchanged, on three rigs; and the serial line when it goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from device.wire.texts import Text
from hw.errors import CannotMeasure, NobodyAnswered, RigLost
from hw.phases.cards import CARDS
from hw.phases.keypad import KEYPAD
from hw.phases.machine import CLOCK, START
from hw.phases.signals import LAMPS_PHASE, SOUND
from hw.record import Verdict
from hw.rig.board import BoardRig
from hw.rig.board_model import ABILITIES, BoardModel, on_a_pty
from hw.rig.by_hand import Answer, HandRig, Request
from hw.rig.frames import BadFrame, RigLine, check
from hw.rig.port import Beside, Picture, Plug, Rig, Sensor
from hw.rig.simulated import SimulatedRig
from hw.sim import wardrobe
from hw.sim.hands import SimulatedHands, WillingPerson
from hw.sim.unit import SimulatedUnit

Table = Any
"""Made in conftest."""
Around = Callable[[SimulatedUnit], Any]
"""Puts a rig around a unit, for as long as the block lasts."""

PRINTED = [chr(code) for code in range(0x21, 0x7F)]
PHASES = (CARDS, KEYPAD, LAMPS_PHASE, SOUND, CLOCK, START)


@contextmanager
def simulated(unit: SimulatedUnit) -> Iterator[Rig]:
    yield SimulatedRig(unit)


@contextmanager
def by_hand(unit: SimulatedUnit) -> Iterator[Rig]:
    yield HandRig(SimulatedHands(WillingPerson(), unit))


@contextmanager
def on_the_board(unit: SimulatedUnit) -> Iterator[Rig]:
    with on_a_pty(BoardModel(SimulatedRig(unit), abilities=ABILITIES)) as port, BoardRig(port) as rig:
        yield rig


AROUND = pytest.mark.parametrize("around", [simulated, by_hand, on_the_board])


@AROUND
def test_the_same_phases_pass_on_every_rig(table: Table, around: Around) -> None:
    with around(table.unit) as rig:
        record = table.try_phases(*PHASES, rig=rig)
    assert record.verdict is Verdict.PASS, record.why
    assert [phase.name for phase in record.phases] == [phase.name for phase in PHASES]


@AROUND
def test_the_same_fault_is_found_on_every_rig(table: Table, with_physics: Callable[..., Any], around: Around) -> None:
    table.unit = with_physics(cut_row=1)
    with around(table.unit) as rig:
        record = table.try_phases(KEYPAD, rig=rig)
    assert record.verdict is Verdict.FAIL
    assert "row 2 is dead (4 5 6)" in record.why[0]


def test_what_a_hand_cannot_measure_is_said_and_never_passes(table: Table) -> None:
    with by_hand(table.unit) as rig:
        lamps = table.try_phase(LAMPS_PHASE, rig=rig)
    dimmest = lamps.measurements[1]
    assert dimmest.verdict is Verdict.NOT_MEASURED
    assert dimmest.note == "a rig by hand has no sensor for lamp (ready)"
    assert not dimmest.required


class SaysNo(WillingPerson):
    def request(self, request: Request) -> Answer:
        return Answer.NO if request.wants_yes_or_no else super().request(request)


class SaysCannot(WillingPerson):
    def request(self, request: Request) -> Answer:  # noqa: ARG002  whatever it is
        return Answer.CANNOT


class WalksAway(WillingPerson):
    def request(self, request: Request) -> Answer:
        raise NobodyAnswered(f"nobody answered: {request.text.en}")


def test_a_tester_who_sees_no_lamp_fails_the_lamps(table: Table) -> None:
    record = table.try_phase(LAMPS_PHASE, rig=HandRig(SimulatedHands(SaysNo(), table.unit)))
    assert record.verdict is Verdict.FAIL
    assert "by eye: ready card face keys staff" in record.why[0]


def test_what_a_tester_cannot_do_is_not_measured(table: Table) -> None:
    record = table.try_phase(CARDS, rig=HandRig(SimulatedHands(SaysCannot(), table.unit)))
    assert record.verdict is not Verdict.PASS
    assert "the tester says that it cannot be done: Place the card “golden-1”" in record.why[0]


def test_a_tester_who_walked_away_stops_the_run(table: Table) -> None:
    record = table.try_phase(LAMPS_PHASE, rig=HandRig(SimulatedHands(WalksAway(), table.unit)))
    assert record.verdict is Verdict.STOPPED


def test_a_hand_is_asked_for_each_thing_once(table: Table) -> None:
    asked: list[str] = []

    class Notes(WillingPerson):
        def request(self, request: Request) -> Answer:
            asked.append(request.text.en)
            return Answer.YES

    rig = HandRig(SimulatedHands(Notes(), table.unit))
    rig.lift()
    rig.show(Picture.GREY)
    rig.show(Picture.GREY)
    rig.place(wardrobe.GOLDEN, spacer_mm=10, beside=Beside.METAL)
    rig.lift()
    rig.lift()
    assert asked == [
        "Put the grey card before the camera",
        "Place the card “golden-1”, on the spacer of 10 mm, with the metal plate beside it",
        "Take the card away",
    ]
    with pytest.raises(CannotMeasure, match="bench display"):
        rig.show("obama")


# --- the serial line ---


@given(
    number=some.integers(0, 255),
    words=some.lists(some.text(PRINTED, min_size=1, max_size=12), min_size=1, max_size=6),
)
def test_a_line_comes_back_as_it_was_written(number: int, words: list[str]) -> None:
    line = RigLine(number, tuple(words))
    assert RigLine.decode(line.encode().rstrip(b"\n")) == line


@given(some.binary(max_size=140))
def test_noise_is_no_line(noise: bytes) -> None:
    try:
        line = RigLine.decode(noise)
    except BadFrame:
        return
    assert check(noise.rstrip(b"\r").rpartition(b" *")[0]) >= 0
    assert line.encode().rstrip(b"\n") == noise.rstrip(b"\r")


@pytest.mark.parametrize("flipped", range(len(RigLine(7, ("PRESS", "5", "120")).encode()) - 1))
def test_one_wrong_bit_is_noticed(flipped: int) -> None:
    line = bytearray(RigLine(7, ("PRESS", "5", "120")).encode().rstrip(b"\n"))
    line[flipped] ^= 1
    with pytest.raises(BadFrame):
        RigLine.decode(bytes(line))


def test_the_check_is_the_one_of_the_catalogue() -> None:
    assert check(b"123456789") == 0x29B1  # CRC-16/CCITT-FALSE


def test_the_examples_of_the_protocol_are_right() -> None:
    from hw.rig import board  # noqa: PLC0415  only for its place

    page = (board.__file__ or "").replace("board.py", "PROTOCOL.md")
    with open(page, encoding="utf-8") as file:  # noqa: PTH123  a name, not a path
        examples = [line.strip() for line in file if line.startswith("    0 ")]
    assert len(examples) == 2
    for example in examples:
        assert RigLine.decode(example.encode()).number == 0


class Spoiler:
    """Spoils each answer once, in turn by losing it and by changing a bit."""

    def __init__(self) -> None:
        self._times = 0

    def __call__(self, line: bytes) -> bytes:
        self._times += 1
        if self._times % 3 == 1:
            return b""
        return line if self._times % 3 == 2 else bytes((line[0] ^ 1, *line[1:]))


def test_answers_that_are_lost_or_spoilt_repeat_nothing(with_physics: Callable[..., Any]) -> None:
    unit = with_physics()
    model = BoardModel(SimulatedRig(unit), abilities=ABILITIES)
    with on_a_pty(model, Spoiler()) as port, BoardRig(port, answer_s=0.05) as rig:
        rig.press("5", 0.1)
        rig.place(wardrobe.GOLDEN)
        rig.lift()
        assert rig.sense(Sensor.SUPPLY).value == pytest.approx(5.05, abs=0.2)
    done = [
        words[0] for words in model.done if words[0] != "HELLO"
    ]  # greeting twice begins anew twice, and does nothing
    assert done == ["PRESS", "PLACE", "LIFT", "SENSE", "SAFE"]


def test_a_cable_that_is_pulled_in_a_phase_stops_the_run(table: Table) -> None:
    left = 20

    def pulled(line: bytes) -> bytes:
        nonlocal left
        left -= 1
        return line if left > 0 else b""

    model = BoardModel(SimulatedRig(table.unit), abilities=ABILITIES)
    with on_a_pty(model, pulled) as port:
        rig = BoardRig(port, answer_s=0.02)
        record = table.try_phases(LAMPS_PHASE, CLOCK, rig=rig)
        rig.close()
    assert record.verdict is Verdict.STOPPED
    assert record.why[0] == "lamps: the rig's board does not answer to SENSE"


def test_no_serial_line_is_said_to_be_none() -> None:
    with pytest.raises(RigLost, match="cannot be opened"):
        BoardRig("/dev/there-is-none")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("OK", "uketsuke-rig", "2", "f", "n", "a"), "speaks version 2"),
        (("OK", "something"), "no rig"),
        (("WHAT",), "answers HELLO with WHAT"),
        (("ERR", "fault", "no_supply"), "the rig's board says: fault no supply"),
    ],
)
def test_what_is_no_rig_is_not_taken_for_one(
    with_physics: Callable[..., Any], answer: tuple[str, ...], said: str
) -> None:
    model = BoardModel(SimulatedRig(with_physics()))
    with on_a_pty(model, lambda _line: RigLine(0, answer).encode()) as port, pytest.raises(RigLost, match=said):
        BoardRig(port, answer_s=0.2)


def test_a_board_without_a_sensor_leaves_it_unmeasured(with_physics: Callable[..., Any]) -> None:
    model = BoardModel(SimulatedRig(with_physics()), abilities="press")
    with on_a_pty(model) as port, BoardRig(port) as rig:
        with pytest.raises(CannotMeasure, match="no sensor for sound"):
            rig.sense(Sensor.SOUND)
        with pytest.raises(CannotMeasure, match="cannot pull the plug"):
            rig.unplug(Plug.CAMERA, 0.01)
        with pytest.raises(CannotMeasure, match="nobody stands at this rig"):
            rig.ask(Text(ja="?", en="Is it on?"))
        assert rig.facts().firmware == "model-1"


def test_a_board_that_is_busy_is_waited_for(with_physics: Callable[..., Any]) -> None:
    model = BoardModel(SimulatedRig(with_physics()), abilities="press")

    def busy_first(line: bytes) -> bytes:
        number = RigLine.decode(line.rstrip(b"\n")).number
        return RigLine(number, ("BUSY", "10")).encode() + line

    with on_a_pty(model, busy_first) as port, BoardRig(port) as rig:
        rig.lift()
    assert model.done[1] == ("LIFT",)
