"""The chip at SPI and I2C: the bits' order, the status byte, the fetching; and a visit over each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import pytest

from device.card import MyNumberCard
from device.domain.errors import CardLost, Fault
from device.domain.secrets import Pin
from device.drivers.pn532 import Pn532Reader, Timing, open_pn532
from device.drivers.pn532.i2c import I2cWire
from device.drivers.pn532.spi import SpiWire
from device.drivers.pn532.wire import Wire
from device.sim.card import SimulatedCard
from device.sim.pn532 import CardField, Misbehaviour, SimulatedChip, SimulatedI2c, SimulatedSpi, Trouble

MakeCard = Callable[..., SimulatedCard]
OpenBus = Callable[[SimulatedChip], Wire]
SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")


class Listening:
    """An SPI device that writes down what it is sent, and says what it was told to."""

    def __init__(self, *answers: str) -> None:
        self.heard: list[tuple[str, int]] = []
        self._answers = list(answers)

    def xfer2(self, values: Sequence[int], speed_hz: int = 0, /) -> list[int]:
        self.heard.append((bytes(values).hex(), speed_hz))
        return list(bytes.fromhex(self._answers.pop(0)) if self._answers else bytes(len(values)))

    def close(self) -> None:
        self.heard.append(("closed", 0))


def no_pause(_seconds: float) -> None:
    """Look again at once."""


def test_spi_turns_every_byte_round_and_says_first_what_a_transfer_is() -> None:
    # 01 write, 02 status, 03 read, and the ACK frame 00 00 FF 00 FF 00: each with its bits in the other order.
    device = Listening("0000", "0080", "000000FF00FF00")
    wire = SpiWire(device, wait=no_pause)
    wire.write(bytes.fromhex("0000FF02FED4022A00"))
    assert device.heard.pop() == ("800000ff407f2b405400", 1_000_000)
    device = Listening("0000", "0080", "000000FF00FF00")
    wire = SpiWire(device, wait=no_pause)
    assert wire.read(6, timeout_s=10) == bytes.fromhex("0000FF00FF00")
    assert [heard for heard, _ in device.heard] == ["4000", "4000", "c0" + "00" * 6]


def test_spi_wakes_by_selecting_the_chip_for_longer_than_its_oscillator_needs() -> None:
    device = Listening()
    SpiWire(device).wake()
    ((data, hertz),) = device.heard
    assert len(bytes.fromhex(data)) * 8 / hertz > 0.002


def test_spi_fetches_what_an_earlier_command_has_left() -> None:
    device = Listening("0080")
    SpiWire(device).clear()
    assert [heard[:2] for heard, _ in device.heard] == ["40", "c0"]


class Bus:
    """An I2C bus that gives what it was told to."""

    def __init__(self, *answers: str) -> None:
        self._answers = [bytes.fromhex(answer) for answer in answers]
        self.wants: list[tuple[int, int]] = []

    def write(self, address: int, data: bytes | bytearray) -> None:
        raise OSError(121, f"{len(data)} bytes not acknowledged by {address:02X}")

    def read(self, address: int, size: int) -> bytes:
        self.wants.append((address, size))
        return self._answers.pop(0)

    def close(self) -> None:
        self.wants.clear()


def test_i2c_looks_at_the_status_byte_until_the_frame_is_there() -> None:
    bus = Bus("00", "00", "01", "010000FF00FF00")
    assert I2cWire(bus, wait=no_pause).read(6, timeout_s=10) == bytes.fromhex("0000FF00FF00")
    assert bus.wants == [(0x24, 1), (0x24, 1), (0x24, 1), (0x24, 7)]


@pytest.mark.parametrize("wire", [SpiWire(Listening(), wait=no_pause), I2cWire(Bus("00"), wait=no_pause)])
def test_nothing_ready_is_nothing_said(wire: Wire) -> None:
    assert wire.read(6, timeout_s=0) == b""


def test_i2c_forgives_a_chip_that_sleeps_when_it_is_first_addressed() -> None:
    I2cWire(Bus()).wake()


@pytest.fixture(params=[SimulatedSpi, SimulatedI2c])
def open_bus(request: pytest.FixtureRequest) -> OpenBus:
    def spi(chip: SimulatedChip) -> Wire:
        return SpiWire(SimulatedSpi(chip), wait=no_pause)

    def i2c(chip: SimulatedChip) -> Wire:
        return I2cWire(SimulatedI2c(chip), wait=no_pause)

    return spi if request.param is SimulatedSpi else i2c


def test_a_visit_over_the_bus(open_bus: OpenBus, make_card: MakeCard, timing: Timing) -> None:
    field = CardField()
    chip = SimulatedChip(field, sleeps=False)
    reader = Pn532Reader(lambda: open_bus(chip), timing=timing)
    assert not reader.wait_for_change(present=False, timeout_s=0)
    field.place(make_card())
    assert reader.wait_for_change(present=False, timeout_s=0)
    with reader.connect() as connection:
        card = MyNumberCard.identify(connection)
        assert card.read_certificate()
        card.verify_pin(Pin(b"1234"))
        assert len(card.sign(b"challenge")) == 256
        assert reader.wait_for_change(present=True, timeout_s=0)
        field.lift()
        assert not reader.wait_for_change(present=True, timeout_s=0)
    reader.close()


@pytest.mark.parametrize("trouble", [Trouble.WRONG_DATA_CHECKSUM, Trouble.EXTENDED])
def test_what_a_bus_repeats_or_stretches_is_read(
    open_bus: OpenBus, make_card: MakeCard, timing: Timing, trouble: Trouble
) -> None:
    field = CardField()
    field.place(make_card())
    chip = SimulatedChip(field, [Misbehaviour(trouble, command=0x40)], sleeps=False)
    reader = Pn532Reader(lambda: open_bus(chip), timing=timing)
    with reader.connect() as connection:
        assert connection.transmit(SELECT_JPKI) == (b"", 0x9000)


def test_a_silent_chip_at_a_bus_is_a_lost_card(open_bus: OpenBus, make_card: MakeCard, timing: Timing) -> None:
    field = CardField()
    field.place(make_card())
    chip = SimulatedChip(field, [Misbehaviour(Trouble.NO_ANSWER, command=0x40)], sleeps=False)
    reader = Pn532Reader(lambda: open_bus(chip), timing=timing)
    with reader.connect() as connection, pytest.raises(CardLost):
        connection.transmit(SELECT_JPKI)
    with reader.connect() as connection:
        assert connection.transmit(SELECT_JPKI) == (b"", 0x9000)


def test_nobody_at_the_address_is_a_fault_that_names_the_jumpers(timing: Timing) -> None:
    with pytest.raises(Fault, match="set the HAT's jumpers to I2C"):
        Pn532Reader(lambda: I2cWire(Bus()), timing=timing).wait_for_change(present=False, timeout_s=0)


@pytest.mark.parametrize(
    ("place", "module", "package"),
    [
        ("uart:/dev/null", "serial", "pyserial"),
        ("spi:0.0", "spidev", "spidev"),
        ("i2c:1", "smbus2", "smbus2"),
    ],
)
def test_a_technician_learns_which_package_is_missing(
    monkeypatch: pytest.MonkeyPatch, place: str, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "device.drivers.pn532.uart", raising=False)
    with pytest.raises(Fault, match=f"the Python package {package} is not installed"):
        open_pn532(place).wait_for_change(present=False, timeout_s=0)
