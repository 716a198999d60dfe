from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

from device.domain.errors import CardLost, CardUnreadable, Fault, SeveralCards
from device.domain.reasons import Reason
from device.ports.card import CardConnection
from device.sim.card import ContactLost

if TYPE_CHECKING:
    from device.sim.card import PlaceableCard


class SimulatedReader:
    """A `CardReader` onto which a test or a demonstration places cards. Any thread may place, lift, break and wait."""

    def __init__(self, name: str = "simulated reader") -> None:
        self._name = name
        self._changed = Condition()
        self._card: PlaceableCard | None = None
        self._others: list[PlaceableCard] = []
        self._broken = False
        self._held_by: SimulatedConnection | None = None

    @property
    def name(self) -> str:
        """What people would call it."""
        return self._name

    def place(self, card: PlaceableCard) -> None:
        """Put a card on the reader. Raise ValueError while another one lies there."""
        with self._changed:
            if self._card is not None:
                raise ValueError("a card lies on the reader already; lift it first")
            self._card = card
            self._changed.notify_all()

    def place_another(self, card: PlaceableCard) -> None:
        """Put a second card beside the first, or a wallet full of them: none of them is spoken to any more."""
        with self._changed:
            if self._card is None:
                raise ValueError("there is no first card")
            self._others.append(card)
            self._card.power_off()
            self._held_by = None
            self._changed.notify_all()

    def lift(self) -> None:
        """Take every card away, with or without a command under way; harmless when there is none."""
        with self._changed:
            if self._card is not None:
                self._card.power_off()
            self._card = None
            self._others.clear()
            self._held_by = None
            self._changed.notify_all()

    def break_down(self) -> None:
        """Pull the reader's plug: waiting and connecting raise Fault, a held card is lost."""
        with self._changed:
            self._broken = True
            if self._card is not None:
                self._card.power_off()
            self._held_by = None
            self._changed.notify_all()

    def repair(self) -> None:
        """Plug the reader in again; a card that lies there is seen again."""
        with self._changed:
            self._broken = False
            self._changed.notify_all()

    def wait_for_change(self, *, present: bool, timeout_s: float) -> bool:
        """Wait as the port says. The only real waiting in here, never longer than `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._broken or (self._card is not None) != present, timeout_s)
            self._require_working()
            return self._card is not None

    def connect(self) -> SimulatedConnection:
        """Power the card and hold it exclusively."""
        with self._changed:
            self._require_working()
            if self._held_by is not None:
                raise self._fault("the card is held by another connection")
            if self._card is None:
                raise CardLost("no card on the reader")
            if self._others:
                raise SeveralCards
            if not self._card.atr:
                raise CardUnreadable("the card does not answer to power")
            self._card.power_on()
            self._held_by = SimulatedConnection(self)
            return self._held_by

    def transmit(self, connection: SimulatedConnection, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Pass a command to the card, as long as `connection` holds it."""
        with self._changed:
            if self._card is None or self._held_by is not connection:
                raise CardLost
            try:
                return self._card.transmit(apdu)
            except ContactLost:
                # It lies there still, without power: who held it has to connect anew.
                self._card.power_off()
                self._held_by = None
                raise
            except CardLost:
                self.lift()
                raise

    def release(self, connection: SimulatedConnection) -> None:
        """Cut the power that `connection` holds; harmless when it holds none any more."""
        with self._changed:
            if self._card is not None and self._held_by is connection:
                self._card.power_off()
                self._held_by = None

    def _require_working(self) -> None:
        if self._broken:
            raise self._fault("the simulated reader is broken")

    def _fault(self, message: str) -> Fault:
        return Fault(message, part=self._name, reason=Reason.READER_FAULT)


class SimulatedConnection(CardConnection):
    """To the card on a simulated reader."""

    def __init__(self, reader: SimulatedReader) -> None:
        self._reader = reader

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Send one command; raise CardLost once the card was lifted, the reader broke or this was released."""
        return self._reader.transmit(self, apdu)

    def power_off(self) -> None:
        """Cut the power; harmless when repeated."""
        self._reader.release(self)
