"""What every `CardReader` owes the unit, asked of the one in memory, of a PN532 and of pcscd with a card behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from device.card import MyNumberCard
from device.domain.errors import CardLost, CardUnreadable, Fault
from device.domain.reasons import Reason
from device.domain.secrets import Pin
from device.drivers.pn532 import Timing, open_pn532
from device.ports.card import CardReader
from device.sim.card import Misbehaviour, PlaceableCard, SimulatedCard
from device.sim.pn532 import SimulatedPn532
from device.sim.reader import SimulatedReader

SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
VERIFY_PIN = bytes.fromhex("002000980431323334")
SIGN = bytes.fromhex("802A009733" + "AB" * 51 + "00")
AT_LEAST_S = 0.02
AT_MOST_S = 30.0
"""Longer than any reader takes to notice; a test that passes does not wait for it."""

MakeCard = Callable[..., SimulatedCard]


class Bench(Protocol):
    """A reader and the hand at it."""

    patience_s: float
    """What hand and reader take together at most; a test that passes does not wait for it."""

    @property
    def reader(self) -> CardReader: ...

    def place(self, card: PlaceableCard) -> None: ...

    def lift(self) -> None: ...


class MemoryBench:
    patience_s = AT_MOST_S

    def __init__(self) -> None:
        self.reader = SimulatedReader()

    def place(self, card: PlaceableCard) -> None:
        self.reader.place(card)

    def lift(self) -> None:
        self.reader.lift()


@pytest.fixture(scope="module")
def pcscd() -> Iterator[None]:
    from device.sim.pcscd import run_pcscd  # noqa: PLC0415  only the marked tests need the PC/SC stack

    with run_pcscd():
        yield


@pytest.fixture
def memory_bench() -> Bench:
    return MemoryBench()


@pytest.fixture
def pcsc_bench(pcscd: None) -> Iterator[Bench]:  # noqa: ARG001  the service has to run
    from device.drivers.pcsc import PcscReader  # noqa: PLC0415  as above
    from device.sim.pcscd import VIRTUAL_READER  # noqa: PLC0415  as above
    from device.sim.vpcd import VpcdSlot  # noqa: PLC0415  as above

    class PcscBench:
        patience_s = AT_MOST_S

        def __init__(self) -> None:
            self.reader = PcscReader(VIRTUAL_READER)
            self._slot = VpcdSlot()

        def place(self, card: PlaceableCard) -> None:
            self._slot.insert(card)

        def lift(self) -> None:
            self._slot.pull()

    bench = PcscBench()
    yield bench
    bench.lift()
    bench.reader.close()


@pytest.fixture
def pn532_bench(tmp_path: Path) -> Iterator[Bench]:
    class Pn532Bench:
        patience_s = AT_MOST_S

        def __init__(self, hat: SimulatedPn532) -> None:
            self.reader = open_pn532(f"uart:{hat.device}", timing=Timing(poll_s=0.01, field_off_s=0.0))
            self._hat = hat

        def place(self, card: PlaceableCard) -> None:
            self._hat.place(card)

        def lift(self) -> None:
            self._hat.lift()

    with SimulatedPn532(tmp_path) as hat:
        bench = Pn532Bench(hat)
        yield bench
        bench.reader.close()


@pytest.fixture(params=["memory", "pn532", pytest.param("pcsc", marks=pytest.mark.pcsc)])
def bench(request: pytest.FixtureRequest) -> Bench:
    chosen: Bench = request.getfixturevalue(f"{request.param}_bench")
    return chosen


@pytest.fixture
def placed(bench: Bench, make_card: MakeCard) -> Bench:
    """A bench with a good card that the reader has seen."""
    bench.place(make_card())
    assert bench.reader.wait_for_change(present=False, timeout_s=bench.patience_s)
    return bench


def test_an_empty_reader_is_empty_until_the_time_is_up(bench: Bench) -> None:
    assert not bench.reader.wait_for_change(present=False, timeout_s=AT_LEAST_S)


def test_it_tells_at_once_what_differs_from_what_was_known(placed: Bench) -> None:
    assert placed.reader.wait_for_change(present=False, timeout_s=0)
    placed.lift()
    assert not placed.reader.wait_for_change(present=True, timeout_s=placed.patience_s)


def test_a_card_that_stays_is_no_change(placed: Bench) -> None:
    assert placed.reader.wait_for_change(present=True, timeout_s=AT_LEAST_S)


def test_who_waits_is_woken_by_a_card_and_by_its_leaving(bench: Bench, make_card: MakeCard) -> None:
    seen: list[bool] = []

    def watch() -> None:
        for known in (False, True):
            seen.append(bench.reader.wait_for_change(present=known, timeout_s=bench.patience_s))
            noticed.set()

    noticed = threading.Event()
    watching = threading.Thread(target=watch)
    watching.start()
    bench.place(make_card())
    assert noticed.wait(bench.patience_s)
    bench.lift()
    watching.join(bench.patience_s)
    assert seen == [True, False]


def test_a_reader_has_a_name(bench: Bench) -> None:
    bench.reader.wait_for_change(present=False, timeout_s=0)
    assert bench.reader.name


def test_there_is_nothing_to_connect_to_without_a_card(bench: Bench) -> None:
    with pytest.raises(CardLost):
        bench.reader.connect()


def test_a_command_is_answered_with_data_and_status_word(placed: Bench) -> None:
    with placed.reader.connect() as connection:
        assert connection.transmit(SELECT_JPKI) == (b"", 0x9000)
        assert connection.transmit(bytes.fromhex("00B086000F")) == (b"JPKIAPICCTOKEN2", 0x9000)
        assert connection.transmit(bytes.fromhex("00B0FF0001")) == (b"", 0x6A82)


def test_a_command_may_be_a_buffer_and_stays_its_owners(placed: Bench) -> None:
    command = bytearray(SELECT_JPKI)
    with placed.reader.connect() as connection:
        assert connection.transmit(command) == (b"", 0x9000)
    assert command == SELECT_JPKI
    command.clear()  # nobody holds on to it


def test_256_bytes_come_in_one_answer(placed: Bench) -> None:
    with placed.reader.connect() as connection:
        connection.transmit(SELECT_JPKI)
        connection.transmit(VERIFY_PIN)
        signature, sw = connection.transmit(SIGN)
    assert (len(signature), sw) == (256, 0x9000)


def test_a_card_that_was_lifted_answers_no_more(placed: Bench) -> None:
    connection = placed.reader.connect()
    connection.transmit(SELECT_JPKI)
    placed.lift()
    for _ in range(2):
        with pytest.raises(CardLost):
            connection.transmit(SELECT_JPKI)
    connection.power_off()
    connection.power_off()


def test_a_card_that_leaves_by_itself_is_lost_and_seen_to_be_gone(bench: Bench, make_card: MakeCard) -> None:
    bench.place(make_card(misbehaviour=Misbehaviour(leaves_after=6)))
    assert bench.reader.wait_for_change(present=False, timeout_s=bench.patience_s)
    with bench.reader.connect() as connection:
        card = MyNumberCard.identify(connection)
        with pytest.raises(CardLost):
            card.read_certificate()
    assert not bench.reader.wait_for_change(present=True, timeout_s=bench.patience_s)


def test_a_card_is_held_by_one_connection_at_a_time(placed: Bench) -> None:
    with placed.reader.connect() as connection:
        with pytest.raises(Fault) as held:
            placed.reader.connect()
        assert held.value.reason is Reason.READER_FAULT
        assert connection.transmit(SELECT_JPKI) == (b"", 0x9000)
    with placed.reader.connect() as connection:
        assert connection.transmit(SELECT_JPKI) == (b"", 0x9000)


def test_a_released_card_answers_no_more(placed: Bench) -> None:
    connection = placed.reader.connect()
    connection.power_off()
    connection.power_off()
    with pytest.raises(CardLost):
        connection.transmit(SELECT_JPKI)


def test_a_verified_pin_ends_with_the_connection(placed: Bench) -> None:
    def visit() -> MyNumberCard:
        return MyNumberCard.identify(connection)

    with placed.reader.connect() as connection:
        card = visit()
        card.verify_pin(Pin(b"1234"))
        assert len(card.sign(b"challenge")) == 256
    with placed.reader.connect() as connection, pytest.raises(CardUnreadable, match="6982"):
        visit().sign(b"challenge")


def test_a_connection_that_ends_in_an_error_lets_go_of_the_card_too(placed: Bench) -> None:
    with pytest.raises(ZeroDivisionError), placed.reader.connect():
        raise ZeroDivisionError
    placed.reader.connect().power_off()


def test_presence_may_be_watched_while_a_card_is_read(placed: Bench) -> None:
    still_there: list[bool] = []

    def watch() -> None:
        still_there.append(placed.reader.wait_for_change(present=True, timeout_s=AT_LEAST_S))

    with placed.reader.connect() as connection:
        watching = threading.Thread(target=watch)
        watching.start()
        certificates = {MyNumberCard.identify(connection).read_certificate() for _ in range(3)}
        watching.join(placed.patience_s)
    assert still_there == [True]
    assert len(certificates) == 1


def test_a_card_placed_again_is_read_again(placed: Bench, make_card: MakeCard) -> None:
    with placed.reader.connect() as connection:
        first = MyNumberCard.identify(connection).read_certificate()
    placed.lift()
    placed.place(make_card())
    assert placed.reader.wait_for_change(present=False, timeout_s=placed.patience_s)
    with placed.reader.connect() as connection:
        assert MyNumberCard.identify(connection).read_certificate() == first


def test_a_connection_never_reaches_another_card_than_the_one_it_was_made_to(bench: Bench, make_card: MakeCard) -> None:
    bench.place(make_card())
    assert bench.reader.wait_for_change(present=False, timeout_s=bench.patience_s)
    connection = bench.reader.connect()
    bench.lift()
    bench.place(make_card())
    with pytest.raises(CardLost):
        connection.transmit(SELECT_JPKI)
    connection.power_off()
