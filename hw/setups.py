"""How a unit and a rig come onto the table, by what the tester asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from device.wire.texts import Text
from hw.errors import BenchError, CannotMeasure
from hw.rig.by_hand import Answer, HandRig, Person, Request
from hw.rig.port import Rig
from hw.station.desk import OnTheTable, Setup
from hw.station.files import Station

SIMULATED, HAND, BOARD = "simulated", "hand", "board:"
RIGS: Final = f"{SIMULATED}, {HAND} or {BOARD}PORT"


def choose_setup(station: Station, *, rig: str, unit: Path | None) -> Setup:
    """Return how to lay the table: a simulated unit, or the one of a configuration; with this rig.

    Raise BenchError where the two do not fit.
    """
    if rig not in {SIMULATED, HAND} and not rig.startswith(BOARD):
        raise BenchError(f"there is no rig {rig!r}; there are {RIGS}")
    if unit is None:
        return partial(_simulated_table, rig)
    if rig == SIMULATED:
        raise BenchError("a real unit takes a real rig: hand or board:PORT")
    return partial(_real_table, rig, station, unit)


@contextmanager
def _simulated_table(rig: str, serial: str, tester: Person) -> Iterator[OnTheTable]:
    from hw.rig.simulated import SimulatedRig  # noqa: PLC0415  a real bench needs no simulation
    from hw.sim import wardrobe  # noqa: PLC0415
    from hw.sim.hands import SimulatedHands  # noqa: PLC0415
    from hw.sim.physics import good_unit  # noqa: PLC0415
    from hw.sim.site import SimulatedSite  # noqa: PLC0415
    from hw.sim.unit import SimulatedUnit  # noqa: PLC0415

    with ExitStack() as stack:
        physics = good_unit(sum(serial.encode()))
        site = stack.enter_context(SimulatedSite())
        unit = SimulatedUnit(physics, serial=serial, board=f"simulated-{serial}", site=site)
        around: Rig
        if rig == SIMULATED:
            around = SimulatedRig(unit)
        elif rig == HAND:
            around = HandRig(SimulatedHands(tester, unit))
        else:
            around = _board(rig, tester, stack)
        yield OnTheTable(unit, around, wardrobe.card_box())


@contextmanager
def _real_table(
    rig: str,
    station: Station,
    config: Path,
    _serial: str,
    tester: Person,
) -> Iterator[OnTheTable]:
    from hw.unit.local import LocalUnit  # noqa: PLC0415  drivers load where they are used

    with ExitStack() as stack:
        around = HandRig(tester) if rig == HAND else _board(rig, tester, stack)
        unit = stack.enter_context(LocalUnit(config, time_server=station.file.time_server))
        yield OnTheTable(unit, around, station.cards())


def _board(rig: str, tester: Person, stack: ExitStack) -> Rig:
    from hw.rig.board import BoardRig  # noqa: PLC0415  pyserial only where there is a board

    def ask(question: Text) -> bool:
        answer = tester.request(Request(question, "ask", wants_yes_or_no=True))
        if answer is Answer.CANNOT:
            raise CannotMeasure(f"the tester could not say: {question.en}")
        return answer is Answer.YES

    return stack.enter_context(BoardRig(rig.removeprefix(BOARD), ask=ask))
