"""INVENTED. The stand-in for an approved institution's credential; it works on the simulated card and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from device.sim.card.applications import JPKI_AID
from device.sim.card.stand_in import STAND_IN_AID, STAND_IN_UNLOCK

if TYPE_CHECKING:
    from device.ports.card import CardConnection

_OK: Final = 0x9000


class SimulatedInstitutionCredential:
    """An `InstitutionCredential` that proves nothing: a door of our own in a card of our own.

    What a real card asks for is not public, and nothing here resembles it. The credential first selects an application
    that only the simulated card has; a card that does not know it gets no other command and stays locked.
    """

    def unlock(self, connection: CardConnection) -> bool:
        """Unlock a simulated card; answer False for any other. The JPKI application is selected afterwards."""
        _, sw = connection.transmit(_select(STAND_IN_AID))
        unlocked = False
        if sw == _OK:
            _, sw = connection.transmit(STAND_IN_UNLOCK)
            unlocked = sw == _OK
        _, sw = connection.transmit(_select(JPKI_AID))
        return unlocked and sw == _OK


def _select(aid: bytes) -> bytes:
    return bytes((0x00, 0xA4, 0x04, 0x0C, len(aid))) + aid
