"""Offers the card on any reader of ours to pcscd, so that pyscard and every other PC/SC program can use it.

It calls vpcd, the virtual reader of vsmartcard, on this machine. The unit itself does not need it: it talks to its
reader without PC/SC, and only one of the two can have the reader.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from typing import Final, Protocol, runtime_checkable

from device.card.vpcd import VPCD_ADDRESS, Messages, Order, encode, receive, show_empty
from device.domain.errors import CardError, CardLost, Fault
from device.domain.reasons import Reason
from device.ports.card import CardConnection, CardReader

_log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
"""How long one look for a card lasts at most; it bounds how long stopping takes."""
_NO_ATR: Final = bytes.fromhex("3B80800101")
"""PC/SC's ATR of a contactless card that tells nothing of itself (part 3, 3.1.3.2.3, without historical bytes)."""


@runtime_checkable
class _HasAtr(Protocol):
    @property
    def atr(self) -> bytes: ...


class VpcdBridge:
    """A reader's card behind pcscd. `run()` in a thread of its own, `stop()` from any."""

    def __init__(
        self,
        reader: CardReader,
        address: tuple[str, int] = VPCD_ADDRESS,
        *,
        look_s: float = LOOK_S,
        say: Callable[[str], None] = _log.info,
    ) -> None:
        """`say` hears a sentence for each card that comes and goes and for each trouble; by default the log does."""
        self._reader = reader
        self._address = address
        self._look_s = look_s
        self._stopped = threading.Event()
        self._say = say

    def run(self) -> None:
        """Carry cards to pcscd until `stop()`, over every trouble of reader and service."""
        trouble = ""
        while not self._stopped.is_set():
            try:
                if self._reader.wait_for_change(present=False, timeout_s=self._look_s):
                    self._carry()
                trouble = ""
            except Fault as fault:
                if str(fault) != trouble:  # said once, not at each look
                    trouble = str(fault)
                    self._say(f"Trouble: {trouble}")
                self._stopped.wait(self._look_s)

    def stop(self) -> None:
        """End `run()` within one look."""
        self._stopped.set()

    def _carry(self) -> None:
        """Serve one card until it leaves. Raise Fault when reader or service fail."""
        slot = _Slot(self._reader)
        try:
            slot.power_on()
            self._say(f"A card is offered, with the ATR {slot.atr.hex(' ').upper()}.")
            self._serve(slot)
        except CardLost:
            self._say("The card was taken away.")
        except CardError as error:
            self._say(f"The card cannot be offered: {error}.")
            self._wait_for_an_empty_reader()
        except OSError as error:
            raise _no_service(self._address, error) from error
        finally:
            slot.power_off()

    def _serve(self, slot: _Slot) -> None:
        """Answer what pcscd asks until it hangs up. Raise CardError when the card fails, OSError without a service."""
        try:
            self._answer_everything(slot)
        except CardError:
            show_empty(self._address)
            raise

    def _answer_everything(self, slot: _Slot) -> None:
        messages = Messages()
        with socket.create_connection(self._address, timeout=self._look_s) as wire:
            while not self._stopped.is_set() and (said := receive(wire, messages)) is not None:
                for message in said:
                    answer = slot.answer(message)
                    if answer is not None:
                        wire.sendall(encode(answer))

    def _wait_for_an_empty_reader(self) -> None:
        while not self._stopped.is_set() and self._reader.wait_for_change(present=True, timeout_s=self._look_s):
            pass


class _Slot:
    """The card as vpcd wants it: powered and unpowered at pcscd's word, and asked for its ATR in between."""

    def __init__(self, reader: CardReader) -> None:
        self._reader = reader
        self._connection: CardConnection | None = None
        self.atr = _NO_ATR

    def power_on(self) -> None:
        """Power the card, if it is not. Raise CardError or Fault."""
        if self._connection is None:
            self._connection = self._reader.connect()
            if isinstance(self._connection, _HasAtr):
                self.atr = self._connection.atr

    def power_off(self) -> None:
        """Cut the card's power; harmless when it has none."""
        if self._connection is not None:
            self._connection.power_off()
            self._connection = None

    def answer(self, message: Order | bytes) -> bytes | None:
        """Return what goes back, or None where nothing does. Raise CardLost when the card is gone."""
        match message:
            case Order.GIVE_ATR:
                if not self._reader.wait_for_change(present=True, timeout_s=0):
                    raise CardLost
                return self.atr
            case Order.POWER_ON:
                self.power_on()
            case Order.POWER_OFF:
                self.power_off()
            case Order.RESET:
                # More than was asked for, and safer: a verified PIN outlives a reset, and not the power.
                self.power_off()
                self.power_on()
            case bytes():
                if self._connection is None:
                    raise CardLost("a command for a card without power")
                data, sw = self._connection.transmit(message)
                return data + sw.to_bytes(2, "big")
        return None


def _no_service(address: tuple[str, int], error: OSError) -> Fault:
    host, port = address
    return Fault(
        f"nobody listens at {host}:{port} ({error}): start pcscd, with the package vsmartcard-vpcd installed",
        part="card bridge",
        reason=Reason.READER_FAULT,
    )
