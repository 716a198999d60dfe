"""A card at a PN532, offered to pcscd: pyscard sees a reader and a card, and visits it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from device.card import MyNumberCard
from device.card.vpcd import VPCD_ADDRESS
from device.domain.errors import CardLost, CardUnreadable, PinRejected
from device.domain.secrets import Pin
from device.drivers.pn532 import Pn532Reader
from device.drivers.vpcd_bridge import VpcdBridge
from device.ports.card import CardReader
from device.sim.card import Misbehaviour, SimulatedCard
from device.sim.pn532 import SimulatedPn532
from device.sim.reader import SimulatedReader

MakeCard = Callable[..., SimulatedCard]
MakeHat = Callable[..., tuple[SimulatedPn532, Pn532Reader]]
AT_MOST_S = 10.0
GIVE_ATR, ON, OFF, RESET = "000104", "000101", "000100", "000102"
SELECT_JPKI = "000F00A4040C0AD392F000260100000001"
VERIFY = "0009002000980431323334"
SIGN = "0039802A009733" + "AB" * 51 + "00"


@contextmanager
def bridged(reader: CardReader, address: tuple[str, int] | None = None) -> Iterator[VpcdBridge]:
    bridge = VpcdBridge(reader, address or VPCD_ADDRESS, look_s=0.1)
    carrying = threading.Thread(target=bridge.run)
    carrying.start()
    try:
        yield bridge
    finally:
        bridge.stop()
        carrying.join(AT_MOST_S)
        assert not carrying.is_alive()


class Service:
    """vpcd without pcscd."""

    def __init__(self) -> None:
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self._entrance.settimeout(AT_MOST_S)
        self.address: tuple[str, int] = self._entrance.getsockname()

    def let_in(self) -> None:
        self._wire, _ = self._entrance.accept()
        self._wire.settimeout(AT_MOST_S)
        self._stream = self._wire.makefile("rb", buffering=0)

    def tell(self, *messages: str) -> None:
        self._wire.sendall(bytes.fromhex("".join(messages)))

    def hear(self) -> str:
        size = int.from_bytes(self._exactly(2), "big")
        return self._exactly(size).hex().upper()

    def _exactly(self, size: int) -> bytes:
        received = b""
        while len(received) < size and (piece := self._stream.read(size - len(received))):
            received += piece
        return received

    def close(self) -> None:
        self._stream.close()
        self._wire.close()
        self._entrance.close()


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


def test_the_card_has_the_atr_and_the_power_that_the_service_asks_for(
    make_hat: MakeHat, make_card: MakeCard, service: Service
) -> None:
    hat, reader = make_hat()
    hat.place(make_card())
    with bridged(reader, service.address):
        service.let_in()
        service.tell(GIVE_ATR, ON, SELECT_JPKI, VERIFY, SIGN)
        assert service.hear() == "3B888001000005E0B381A1007F"
        assert [service.hear(), service.hear()] == ["9000", "9000"]
        assert service.hear().endswith("9000")
        service.tell(RESET, SELECT_JPKI, SIGN)
        assert [service.hear(), service.hear()] == ["9000", "6982"]
        service.tell(OFF, GIVE_ATR)
        assert service.hear() == "3B888001000005E0B381A1007F"
        assert not hat.field.on
        hat.lift()
        service.tell(GIVE_ATR)
        assert service.hear() == ""
        service.close()


def test_any_reader_of_ours_can_be_offered(make_card: MakeCard, service: Service) -> None:
    reader = SimulatedReader()
    with bridged(reader, service.address):
        reader.place(make_card())
        service.let_in()
        service.tell(GIVE_ATR, ON, SELECT_JPKI)
        assert [service.hear(), service.hear()] == ["3B80800101", "9000"]
        service.close()


def test_a_command_for_a_card_without_power_ends_the_connection(make_card: MakeCard, service: Service) -> None:
    reader = SimulatedReader()
    reader.place(make_card())
    with bridged(reader, service.address):
        service.let_in()
        service.tell(OFF, SELECT_JPKI)
        assert service.hear() == ""
        service.close()
        reader.lift()


def test_a_card_that_cannot_be_used_is_not_offered_and_the_next_one_is(make_card: MakeCard, service: Service) -> None:
    reader = SimulatedReader()
    with bridged(reader, service.address):
        reader.place(make_card(misbehaviour=Misbehaviour(mute=True)))
        assert reader.wait_for_change(present=False, timeout_s=AT_MOST_S)
        reader.lift()
        reader.place(make_card())
        service.let_in()
        service.tell(ON, SELECT_JPKI)
        assert service.hear() == "9000"
        service.close()


def test_it_waits_for_the_reader_and_for_the_service(make_card: MakeCard) -> None:
    reader = SimulatedReader()
    reader.break_down()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = nobody.getsockname()
    with bridged(reader, address):
        reader.place(make_card())
        reader.repair()
        with socket.create_server(address) as listening:
            listening.settimeout(AT_MOST_S)
            for _ in range(2):  # a service that hangs up finds the card again
                wire, _ = listening.accept()
                wire.close()


@pytest.mark.pcsc
def test_pyscard_visits_a_card_at_the_pn532_through_the_real_service(make_hat: MakeHat, make_card: MakeCard) -> None:
    from device.drivers.pcsc import PcscReader  # noqa: PLC0415  only here the PC/SC stack is needed
    from device.sim.pcscd import VIRTUAL_READER, run_pcscd  # noqa: PLC0415  as above

    hat, reader = make_hat()
    with run_pcscd(), bridged(reader):
        seen = PcscReader(VIRTUAL_READER)
        hat.place(make_card())
        assert seen.wait_for_change(present=False, timeout_s=AT_MOST_S)
        with seen.connect() as connection:
            card = MyNumberCard.identify(connection)
            assert card.read_certificate()
            with pytest.raises(PinRejected):
                card.verify_pin(Pin(b"0000"))
            card.verify_pin(Pin(b"1234"))
            assert len(card.sign(b"challenge")) == 256
        with seen.connect() as connection, pytest.raises(CardUnreadable, match="6982"):
            MyNumberCard.identify(connection).sign(b"challenge")
        hat.lift()
        assert not seen.wait_for_change(present=True, timeout_s=AT_MOST_S)
        hat.place(make_card())
        assert seen.wait_for_change(present=False, timeout_s=AT_MOST_S)
        connection = seen.connect()
        hat.lift()
        with pytest.raises(CardLost):
            connection.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
        connection.power_off()
        seen.close()
