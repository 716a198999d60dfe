"""PIN-less use of the holder's key (特定利用者証明) needs an institution's credential, which nobody can download.

How a real card is told is not public (facts: card.md, section 6). This port is the place for an approved
institution's own exchange; by default nobody stands behind it and the visit asks for the PIN instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from device.ports.card import CardConnection


class InstitutionCredential(Protocol):
    """An approved institution's right to use the holder's key after a face match."""

    def unlock(self, connection: CardConnection) -> bool:
        """With the JPKI application selected, make EF 0017 usable without PIN; return whether it now is.

        Leave the JPKI application selected, whatever was selected in between. Raise CardLost.
        A refusal by the card is an answer (False), not an error.
        """
