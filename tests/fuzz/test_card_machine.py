"""A visit that does anything in any order, to a simulated card that is wrong in any way.

What holds: nothing but our errors comes out, a try is spent by `verify_pin` and `read_portrait` alone and one at a
time, the PIN's counter never sinks by anything else, and no card can make the unit ask without end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from device.app.card_report import Judge, examine
from device.card import MyNumberCard
from device.domain.errors import CardError
from device.domain.secrets import Pin, ReferenceNumberB
from device.domain.values import CardKind
from device.sim.card import Misbehaviour, SimulatedCard
from device.sim.card.hostile import Hostility
from device.sim.institution import SimulatedInstitutionCredential
from device.sim.reader import SimulatedReader
from fuzz import cards

MAX_COMMANDS = 12_000
"""For one wish of the unit; reading a record takes about seventy."""
WRONG_NUMBER = b"00000000000000"

_OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "int | None": st.none() | st.integers(1, 300),
    "bool": st.booleans(),
    "Hostility | None": st.none() | st.sampled_from(Hostility),
}
_OWN: dict[str, st.SearchStrategy[Any]] = {
    "claimed_length": st.none() | st.sampled_from([0, 1, 12, 300, 65_535, 2**31, 2**32 - 1]),
    "garbage_from": st.none() | st.integers(1, 60),
    "leaves_after": st.none() | st.integers(1, 60),
    "leaves_at_byte": st.none() | st.integers(1, 6_000),
    "loses_contact_at": st.none() | st.integers(1, 60),
    "mute": st.sampled_from([False]),
}
"""Where any number of commands or bytes would say little."""


def wrongs() -> st.SearchStrategy[Misbehaviour]:
    """Every field of Misbehaviour whose type is known here, most of them left alone most of the time."""
    fields = {}
    for field in dataclasses.fields(Misbehaviour):
        strategy = _OWN.get(field.name, _OF_TYPE.get(str(field.type)))
        if strategy is not None:
            fields[field.name] = st.just(field.default) | strategy
    return st.builds(Misbehaviour, **fields)


class HeardCard:
    """The simulated card, and what it was told."""

    def __init__(self, card: SimulatedCard) -> None:
        self.card = card
        self.atr = card.atr
        self.power_on, self.reset, self.power_off = card.power_on, card.reset, card.power_off
        self.commands = 0
        self.secrets = 0

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        self.commands += 1
        self.secrets += apdu[1] == 0x20 and len(apdu) > 4
        return self.card.transmit(apdu)


class HostileVisits(RuleBasedStateMachine):
    """Cards come, are asked this and that, and go."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = SimulatedReader()
        self.heard: HeardCard | None = None
        self.visit: MyNumberCard | None = None

    @initialize(wrong=wrongs(), kind=st.sampled_from(CardKind), tries=st.integers(0, 3))
    def place(self, wrong: Misbehaviour, kind: CardKind, tries: int) -> None:
        card = SimulatedCard(
            cards.credentials(),
            front=cards.FRONT,
            portrait=cards.PORTRAIT,
            pin=cards.PIN,
            pin_tries=tries,
            kind=kind,
            misbehaviour=wrong,
        )
        self.heard = HeardCard(card)
        self.reader.lift()
        self.reader.place(self.heard)
        self.visit = None

    @rule(wrong=wrongs(), kind=st.sampled_from(CardKind), tries=st.integers(0, 3))
    def another_card_is_placed(self, wrong: Misbehaviour, kind: CardKind, tries: int) -> None:
        self.place(wrong, kind, tries)

    @rule()
    def the_card_is_lifted_and_placed_again(self) -> None:
        assert self.heard is not None
        self.reader.lift()
        self.reader.place(self.heard)
        self.visit = None

    @rule()
    def a_visit_begins(self) -> None:
        self.reader.lift()
        assert self.heard is not None
        self.reader.place(self.heard)
        self.visit = None

        def identify() -> None:
            self.visit = MyNumberCard.identify(self.reader.connect())

        self._wish(identify, secrets=0)

    @rule()
    def somebody_asks_what_lies_there(self) -> None:
        self.the_card_is_lifted_and_placed_again()
        self._wish(lambda: examine(self.reader.connect(), Judge(cards.NOW, trust=cards.trust())), secrets=0)

    @precondition(lambda self: self.visit is not None)
    @rule(what=st.sampled_from(["certificate", "pin", "number", "sign", "unlock"]))
    def the_unit_asks(self, what: str) -> None:
        assert self.visit is not None
        visit = self.visit
        wishes: dict[str, Callable[[], object]] = {
            "certificate": visit.read_certificate,
            "pin": visit.pin_tries_left,
            "number": visit.reference_number_tries_left,
            "sign": lambda: visit.sign(cards.CHALLENGE),
            "unlock": lambda: visit.unlock_by_institution(SimulatedInstitutionCredential()),
        }
        self._wish(wishes[what], secrets=0)

    @precondition(lambda self: self.visit is not None)
    @rule(right=st.booleans())
    def the_portrait_is_read(self, right: bool) -> None:  # noqa: FBT001  a drawn value
        assert self.visit is not None
        visit = self.visit
        number = cards.FRONT.reference_number() if right else ReferenceNumberB(WRONG_NUMBER)
        self._wish(lambda: visit.read_portrait(number, cards.portrait_check()), secrets=1)

    @precondition(lambda self: self.visit is not None)
    @rule(digits=st.sampled_from([b"1234", b"0000"]))
    def a_pin_is_entered(self, digits: bytes) -> None:
        assert self.visit is not None
        assert self.heard is not None
        visit, before = self.visit, self.heard.card.pin_tries_left
        self._wish(lambda: visit.verify_pin(Pin(digits)), secrets=1, pin=True)
        after = self.heard.card.pin_tries_left
        assert after in ({before, 3} if digits == b"1234" else {before, before - 1})

    @invariant()
    def the_counter_is_one(self) -> None:
        assert self.heard is None or 0 <= self.heard.card.pin_tries_left <= 3

    def _wish(self, wish: Callable[[], object], *, secrets: int, pin: bool = False) -> None:
        """Let the unit do one thing; hold it to what it may cost."""
        assert self.heard is not None
        tries, commands, sent = self.heard.card.pin_tries_left, self.heard.commands, self.heard.secrets
        with suppress(CardError):
            wish()
        assert self.heard.secrets - sent <= secrets
        assert self.heard.commands - commands <= MAX_COMMANDS
        if not pin:
            assert self.heard.card.pin_tries_left == tries


TestHostileVisits = HostileVisits.TestCase
TestHostileVisits.settings = settings(
    max_examples=80, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
