"""A simulated card on the virtual reader vpcd, for `uketsuke card sim`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from device.app.told_to_stop import told_to_stop
from device.domain.certificate_window import end_of_day
from device.domain.errors import Fault
from device.domain.values import CardKind
from device.sim.card import (
    CONTACT_ATR,
    CONTACTLESS_ATR,
    Algorithm,
    CardAuthority,
    CardFrontPrint,
    Misbehaviour,
    OtherCard,
    PlaceableCard,
    SimulatedCard,
)
from device.sim.card.link import Link, TimedCard
from device.sim.pcscd import VIRTUAL_READER, run_pcscd
from device.sim.portrait import card_portrait, load_photo
from device.sim.vpcd import VpcdSlot

LOOK_S = 0.5
"""pcscd looks at the virtual reader every 0.4 s."""
_BIRTH, _SECURITY_CODE, _SERIAL = date(1974, 4, 2), "2285", 0x5151
_CERTIFICATE_LIFE, _STILL_VALID = timedelta(days=5 * 365), timedelta(days=4 * 365)
_CARD_LIFE = timedelta(days=9 * 365)
_PHOTO = "astronaut"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the simulated card is to be. `kind` None: no My Number Card at all."""

    kind: CardKind | None
    contact: bool
    pin: str
    pin_tries: int
    models: Path
    last_day: date | None
    misbehave: tuple[str, ...]
    kbps: int | None = None
    """Answers take the time of a link of so many kbit/s and of a chip; None: none at all."""


def make_card(wish: Wish) -> tuple[PlaceableCard, tuple[str, ...]]:
    """Make a card of an invented person; return it and what to tell of it. Raise ValueError for a wish that is none."""
    wrong = misbehaviour(wish.misbehave)
    if wish.kind is None:
        return OtherCard(), ("A card that is no My Number Card: it answers 6A82 to everything.",)
    if not (len(wish.pin) == 4 and wish.pin.isascii() and wish.pin.isdigit()):  # noqa: PLR2004  the PIN's length
        raise ValueError("a PIN is four digits")
    now = datetime.now(UTC)
    not_after = end_of_day(wish.last_day) if wish.last_day else now + _STILL_VALID
    front = CardFrontPrint(_BIRTH, (now + _CARD_LIFE).date(), _SECURITY_CODE)
    portrait, of_portrait = _portrait(wish)
    algorithm = Algorithm.ECDSA_P384 if wish.kind is CardKind.NEXT else Algorithm.RSA_2048
    credentials = CardAuthority(algorithm=algorithm).issue(
        serial=_SERIAL, not_before=not_after - _CERTIFICATE_LIFE, not_after=not_after
    )
    card = SimulatedCard(
        credentials,
        front=front,
        portrait=portrait,
        pin=wish.pin,
        pin_tries=wish.pin_tries,
        kind=wish.kind,
        atr=CONTACT_ATR if wish.contact else CONTACTLESS_ATR,
        misbehaviour=wrong,
    )
    link = Link(kbps=wish.kbps) if wish.kbps else None
    number = bytes(front.reference_number().reveal()).decode()
    return card if link is None else TimedCard(card, link, time.sleep), (
        f"A simulated {wish.kind} card of an invented person, certificate to {not_after:%Y-%m-%d}.",
        f"PIN {wish.pin}, {wish.pin_tries} tries left; 照合番号B {number}; {of_portrait}.",
    )


def misbehaviour(words: Sequence[str]) -> Misbehaviour:
    """Read NAME=VALUE, as many as there are. Raise ValueError that says what is known."""
    wishes = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"--misbehave takes NAME=VALUE, not {word!r}")
        wishes[name.replace("-", "_")] = value
    known = get_type_hints(Misbehaviour)
    if unknown := wishes.keys() - known.keys():
        raise ValueError(f"no misbehaviour is called {min(unknown)!r}; there are {', '.join(sorted(known))}")
    values = {name: _names(known[name]).get(value.lower(), value) for name, value in wishes.items()}
    try:
        return msgspec.convert(values, Misbehaviour, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"--misbehave: {error}") from error


def known_misbehaviour() -> list[str]:
    """Return a line for each way of being wrong, with the values that it takes."""
    hints = get_type_hints(Misbehaviour)
    return [
        f"{field.name}={' | '.join(_names(hints[field.name])) or str(field.type).removesuffix(' | None')}"
        for field in dataclasses.fields(Misbehaviour)
    ]


def _names(hint: Any) -> dict[str, str]:  # noqa: ANN401  a type, whatever it is
    """Return the values of the enumeration in a type by the names that people type; nothing where there is none."""
    kinds = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass(kind, StrEnum)]
    return {member.name.lower(): member.value for kind in kinds for member in kind}


def hold_out(card: PlaceableCard, said: Sequence[str], *, say: Callable[[str], None], patience_s: float) -> None:
    """Put the card on the virtual reader until SIGINT or SIGTERM, or until it leaves by itself.

    `patience_s`: how long to wait while another program has the virtual reader.
    """
    with ExitStack() as parts:
        stop = parts.enter_context(told_to_stop())
        service = parts.enter_context(run_pcscd(patience_s=patience_s))
        slot = VpcdSlot()
        parts.callback(slot.close)
        slot.insert(card)
        stop.wait(LOOK_S)  # a program that is told earlier would find an empty reader
        say(f"On {VIRTUAL_READER} ({'pcscd was started for it' if service else 'the pcscd that runs already'}):")
        for line in said:
            say(line)
        while not stop.wait(LOOK_S):
            if not slot.occupied:
                say("The card has left the reader.")
                return
        say("Pulling the card.")


def _portrait(wish: Wish) -> tuple[bytes | None, str]:
    if wish.kind in {CardKind.ANDROID, CardKind.IPHONE}:
        return None, "a phone, so without a portrait"
    try:
        portrait = card_portrait(load_photo(wish.models, _PHOTO))
    except (Fault, OSError):
        return None, "without a portrait, because no photos were fetched (`uketsuke models fetch`)"
    return portrait, f"with a portrait of {len(portrait)} bytes"
