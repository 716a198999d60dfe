"""How long things take, in seconds, each with where the figure comes from. `uketsuke simulate --times` prints them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


class Thing(StrEnum):
    """What takes time."""

    READ_CARD = "the card: detection, SELECT, certificate"
    CHALLENGE = "the gateway's challenge"
    FRONT = "the card's front, read by camera"
    PORTRAIT = "the portrait of 15 kB, its record and the chip's proof"
    MATCH = "portrait decoded, frames compared"
    COUNT = "the PIN counter"
    VERIFY = "VERIFY"
    PROVE = "the card's signature"
    SERVICE = "an answer of gateway and national service"
    COMPARE = "the same card taken up again"
    HASH = "a passcode's hash"
    MOVE = "a turn of the head and back"
    DECIDE = "a visitor who knows the question decides"
    PRESS = "a hand goes to the keypad and presses a key"
    TYPE = "one more key"
    LIFT = "a hand lifts a card"
    PLACE = "a hand places a card"
    NOTICE = "somebody notices that the visit is over"
    ATTENDANT = "an attendant comes"


@dataclass(frozen=True, slots=True)
class Duration:
    """A triangle: least, most likely, most."""

    low: float
    mode: float
    high: float
    source: str

    def draw(self, chance: random.Random) -> float:
        """Return one length."""
        return chance.triangular(self.low, self.high, self.mode)


_KLM = "keystroke-level model (Card, Moran and Newell 1980)"
_BENCH = "`make bench` at 424 kbit/s with an emulated link (docs/card.md)"

TIMES: dict[Thing, Duration] = {
    Thing.READ_CARD: Duration(0.15, 0.25, 0.45, f"{_BENCH}; polling assumed"),
    Thing.CHALLENGE: Duration(0.003, 0.01, 0.05, "loopback, mutual TLS; a clinic's network assumed"),
    Thing.FRONT: Duration(0.3, 0.6, 1.2, "assumed: three sharp pictures; no driver was measured"),
    Thing.PORTRAIT: Duration(1.0, 1.1, 1.4, f"{_BENCH}: 0.7 s in the air, 0.4 s assumed for RSA"),
    Thing.MATCH: Duration(0.25, 0.4, 0.8, "assumed for a Pi 4: some frames of 0.1 s; not measured on one"),
    Thing.COUNT: Duration(0.01, 0.02, 0.04, _BENCH),
    Thing.VERIFY: Duration(0.02, 0.04, 0.1, _BENCH),
    Thing.PROVE: Duration(0.2, 0.44, 0.6, f"{_BENCH}: 0.4 s assumed for RSA"),
    Thing.SERVICE: Duration(
        0.003, 0.01, 0.05, "the stand-in, as the challenge; what the real service takes is not known: --service adds it"
    ),
    Thing.COMPARE: Duration(0.15, 0.25, 0.45, "as the card's first reading"),
    Thing.HASH: Duration(0.05, 0.1, 0.3, "argon2id, 19 MiB, two passes; a Pi assumed"),
    Thing.MOVE: Duration(2.0, 3.0, 5.0, "assumed"),
    Thing.DECIDE: Duration(0.8, 1.35, 2.5, f"M of the {_KLM}"),
    Thing.PRESS: Duration(0.5, 0.6, 1.2, f"H and K of the {_KLM}"),
    Thing.TYPE: Duration(0.2, 0.3, 0.8, f"K of the {_KLM}, no typist"),
    Thing.LIFT: Duration(0.5, 0.8, 1.5, "assumed: reach and grasp"),
    Thing.PLACE: Duration(0.5, 0.8, 1.5, "assumed: move and let go"),
    Thing.NOTICE: Duration(0.5, 1.0, 3.0, "assumed"),
    Thing.ATTENDANT: Duration(8.0, 15.0, 40.0, "assumed"),
}

SPEECH_S_PER_CHARACTER = 0.14
"""Japanese read at 430 characters a minute; a little faster than news."""
