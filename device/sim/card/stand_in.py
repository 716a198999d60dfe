"""INVENTED. How the simulated card is unlocked without PIN; no real card knows any of this.

The exchange between a real card and an approved institution (特定利用者証明) is not public (facts: card.md, section 6).
So that the path after a face match can be walked at all, the simulated card has an application of our own, under an
identifier from the range that belongs to nobody (F0), and one command that asks for no proof of anything.
"""

from __future__ import annotations

from typing import Final

STAND_IN_AID: Final = b"\xf0UKETSUKE-SIM"
STAND_IN_UNLOCK: Final = bytes.fromhex("805A0000")
"""CLA, INS, P1, P2 of the command that makes EF 0017 usable until power-off."""
