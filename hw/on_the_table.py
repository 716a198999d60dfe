"""A pytest plugin: the contract suites, asked of the drivers of the unit on the table.

    pytest -p hw.on_the_table --on-the-table unit.toml tests/contract/test_card_reader.py tests/contract/test_camera.py
    pytest -p hw.on_the_table --on-the-table simulated tests/contract/test_card_reader.py

A person (or `--rig board:PORT`) places and lifts the bench's first card. What a real card cannot be made to do, and
what it would count, is skipped with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from device.ports.camera import Camera
from device.ports.card import CardReader
from device.sim.card import PlaceableCard, SimulatedCard
from hw.card_guard import GuardedConnection
from hw.cards import GoldenCard
from hw.errors import CannotMeasure, CardInDanger, NobodyAnswered
from hw.rig.by_hand import Answer, Request
from hw.rig.port import Picture, Rig
from hw.setups import HAND, SIMULATED, choose_setup
from hw.station.desk import OnTheTable
from hw.station.files import Station
from hw.unit.port import UnitUnderTest

TABLE = "table"
ASKED_OF_PARTS = ("bench", "stage")
"""Fixtures of the suites that hold a part; with this plugin each holds the one on the table."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the table's options."""
    group = parser.getgroup("the unit on the table")
    group.addoption("--on-the-table", default=SIMULATED, help="the unit's configuration, or: simulated")
    group.addoption("--rig", default=HAND, help="hand, or board:PORT")
    group.addoption("--station", default="bench-station", help="the station's folder, with cards.toml")


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask the table's parts alone. As a mark, because that is what outweighs a fixture's own parameters."""
    for name in ASKED_OF_PARTS:
        if name in metafunc.fixturenames:
            metafunc.definition.add_marker(pytest.mark.parametrize(name, [TABLE], indirect=True))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what asks nothing of the table."""
    asked = [item for item in items if TABLE in getattr(getattr(item, "callspec", None), "params", {}).values()]
    config.hook.pytest_deselected(items=[item for item in items if item not in asked])
    items[:] = asked


class ConsolePerson:
    """Somebody at the terminal. Run pytest with `-s`."""

    def request(self, request: Request) -> Answer:
        """Ask, and wait for Enter, n or c."""
        print(f"\n{request.text.ja} / {request.text.en}  [Enter / n / c]")  # noqa: T201  a person reads it
        try:
            said = input().strip().lower()
        except (EOFError, OSError) as error:
            raise NobodyAnswered("nobody is at the terminal: run pytest with -s") from error
        return {"n": Answer.NO, "c": Answer.CANNOT}.get(said, Answer.YES)

    def show(self, request: Request) -> None:
        """Say it."""
        print(f"\n{request.text.ja} / {request.text.en}")  # noqa: T201  same


class TableReader:
    """The unit's reader; what a card counts is held back, and the test that asked for it skipped."""

    def __init__(self, reader: CardReader) -> None:
        self._reader = reader

    @property
    def name(self) -> str:
        """The reader's own."""
        return self._reader.name

    def wait_for_change(self, *, present: bool, timeout_s: float) -> bool:
        """Wait as the reader does."""
        return self._reader.wait_for_change(present=present, timeout_s=timeout_s)

    def connect(self) -> GuardedConnection:
        """Connect, with a guard before the card."""
        return _SkippingConnection(self._reader.connect())


class _SkippingConnection(GuardedConnection):
    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        try:
            return super().transmit(apdu)
        except CardInDanger as danger:
            pytest.skip(str(danger))


@dataclass(slots=True)
class TableBench:
    """What the card reader's suite asks for: a reader, and a hand that places and lifts."""

    reader: TableReader
    rig: Rig
    card: GoldenCard

    def place(self, card: PlaceableCard) -> None:
        """Place the bench's own card in place of a made one."""
        if not isinstance(card, SimulatedCard) or not card.behaves:
            pytest.skip("no real card misbehaves on request")
        self.rig.place(self.card.name)

    def lift(self) -> None:
        """Take it away."""
        self.rig.lift()


class TableStage:
    """What the camera's suite asks for: a camera with a scene before it."""

    def __init__(self, unit: UnitUnderTest, rig: Rig) -> None:
        rig.show(Picture.SLANTED_EDGE)
        self._unit = unit
        self.camera: Camera = unit.camera

    def pass_time(self, seconds: float) -> float:
        """Wait, and return the moment."""
        self._unit.wait(seconds)
        return self._unit.clock.monotonic_s()

    def break_it(self) -> None:
        """Not by a test."""
        pytest.skip("a test does not pull the camera's cable")

    def mend_it(self) -> None:
        """Same."""

    def close(self) -> None:
        """The table closes it."""


@pytest.fixture(scope="session")
def the_table(request: pytest.FixtureRequest) -> Iterator[OnTheTable]:
    """Lay the table once for all tests."""
    what, rig = request.config.getoption("--on-the-table"), request.config.getoption("--rig")
    station = Station(Path(request.config.getoption("--station")))
    if what == SIMULATED:
        setup = choose_setup(station, rig=SIMULATED, unit=None)
    else:
        setup = choose_setup(station, rig=rig, unit=Path(what))
    with setup("sim-table", ConsolePerson()) as table:
        yield table


@pytest.fixture
def table_bench(the_table: OnTheTable) -> Iterator[TableBench]:
    """The reader on the table, checked to hold the bench's own card."""
    card = the_table.cards.first
    the_table.rig.place(card.name)
    with the_table.cards.hold(the_table.unit.reader, card):
        pass
    the_table.rig.lift()
    bench = TableBench(TableReader(the_table.unit.reader), the_table.rig, card)
    yield bench
    bench.lift()


@pytest.fixture
def table_stage(the_table: OnTheTable) -> TableStage:
    """The camera on the table."""
    try:
        return TableStage(the_table.unit, the_table.rig)
    except CannotMeasure as error:
        pytest.skip(str(error))
