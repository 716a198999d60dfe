"""The card reader and the card in its field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class CardConnection(Protocol):
    """One card in the field, held exclusively, from power-up until it leaves or is released.

    One thread at a time. Leaving the context powers the card off: a verified PIN outlives everything else
    (facts: the state survives disconnect and reset, only loss of power ends it).
    """

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Send one short command APDU; return (data, SW1SW2). Raise CardLost when card or reader is gone.

        Keep neither the command nor a copy of it: a bytearray may hold a secret that its owner is about to wipe.
        """

    def power_off(self) -> None:
        """Cut the card's power and let go of it. Never raises; harmless when repeated."""

    def __enter__(self) -> Self:
        """Hold the card for a block; here once for every connection that says it is one."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.power_off()


class CardReader(Protocol):
    """One contactless reader."""

    @property
    def name(self) -> str:
        """What people would call it, for messages and health."""

    def wait_for_change(self, *, present: bool, timeout_s: float) -> bool:
        """Wait until a card's presence differs from `present` or the time is up; return whether a card is there.

        Raise Fault(READER_FAULT) when the reader or its service is gone; the next call looks for it again.
        May be called from another thread than the one that holds the connection.
        """

    def connect(self) -> CardConnection:
        """Power the card and hold it exclusively.

        Raise CardLost (no card), CardUnreadable (mute card), SeveralCards or Fault.
        """
