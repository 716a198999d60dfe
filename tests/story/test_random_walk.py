"""Days of visitors who do anything at all, at the assembled simulated unit, and what must hold whatever they do.

`WALK_VISITS=10000 pytest tests/story/test_random_walk.py` walks the whole way; without it a short one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.app.attendant import hash_passcode
from device.app.world import Happening, World
from device.domain.prompts import Cue
from device.domain.reasons import Reason
from device.domain.secrets import Passcode
from device.domain.values import CardKind, PinUse
from device.reception import Idle, Policy, Settled
from device.reception import effects as do
from device.reception import events as on
from device.reception.states import Active, Proving
from device.sim.card import Misbehaviour, OtherCard, PlaceableCard, SimulatedCard

VISITS = int(os.environ.get("WALK_VISITS", "120"))
VISITS_A_DAY = 10
CODE = "482913"

EVIDENCE = (on.FaceMatched, on.MoveSeen, on.PinAccepted, on.AttendantAdmitted)

KEYS = st.one_of(
    st.sampled_from(["#", "*", "1", "2", "5", "0", "1234#", "1234#", "9876#", f"{CODE}#", "000000#", "12", "##**"]),
    st.text("0123456789*#", max_size=8),
)
ACTS = st.one_of(
    KEYS,
    st.floats(0.1, 70).map(lambda seconds: round(seconds, 1)),
    st.sampled_from(["lift", "another", "broker down", "broker up", "outbox full", "outbox empty"]),
)
DAY = st.lists(
    st.tuples(st.integers(0, 9), st.lists(ACTS, max_size=6)), min_size=VISITS_A_DAY // 2, max_size=VISITS_A_DAY
)


@dataclass
class Witness:
    """Looks at every thought of the unit."""

    evidence: bool = False
    visits: int = 0

    def look(self, happened: Happening) -> None:
        before, event, after, effects = happened.before, happened.event, happened.after, happened.effects
        for effect in effects:
            if isinstance(effect, do.MeetVisitor):
                self.evidence = False
                self.visits += 1
            if isinstance(effect, do.Report) and effect.assurance is not None:
                assert self.evidence, "nobody is verified without evidence"
            if effect == do.ShowCue(Cue.SUCCESS):
                assert isinstance(event, on.QualificationCame)
                assert event.reason is Reason.QUALIFIED
        if isinstance(event, EVIDENCE) and (after, effects) != (before, ()):
            self.evidence = True
        if isinstance(after, Proving) and after.visit.card is not None and after.visit.card.pin is PinUse.PHONE:
            self.evidence = True  # the phone makes sure of its holder, and the proof says so
        current = before.reception if isinstance(before, Settled) else getattr(before, "visit", event)
        current = getattr(current, "reception", current)
        if not isinstance(event, on.CardPresented) and event.reception != current:
            assert (after, effects) == (before, ()), "what belongs to another visit changes nothing"


def check(world: World, witness: Witness, cards: list[PlaceableCard], tries: dict[int, int]) -> None:
    sent = 0
    for happened in world.happenings:
        witness.look(happened)
        sent += sum(isinstance(effect, do.VerifyPin) for effect in happened.effects)
    world.happenings.clear()
    world.voice.said.clear()
    world.indicators.changes[:-1] = []
    spent = 0
    for number, card in enumerate(cards):
        if isinstance(card, SimulatedCard):
            spent += max(0, tries[number] - card.pin_tries_left)
            tries[number] = card.pin_tries_left
    assert spent <= sent, "a try is spent only by an entry"
    active = isinstance(world.state, get_args(Active))
    assert active is world.unit.remembers_visitor, "nothing is remembered of whom the visit is over for"
    if active:
        assert world.unit.mailbox.next_deadline_s() is not None, "every state has its bound"


def act(world: World, cards: list[PlaceableCard], deed: str | float) -> None:
    match deed:
        case float():
            world.pass_time(deed)
        case "lift":
            world.lift()
        case "another":
            world.lift()
            world.place(cards[0])
        case "broker down":
            world.broker.stop()
        case "broker up":
            world.broker.start()
        case "outbox full":
            world.outbox.break_down()
        case "outbox empty":
            world.outbox.repair()
        case keys:
            world.type_keys(keys)


@pytest.fixture
def cards(make_card: Callable[..., SimulatedCard]) -> list[PlaceableCard]:
    return [
        *(make_card(serial) for serial in (1001, 1012, 1013, 1014)),
        make_card(1002, kind=CardKind.IPHONE),
        make_card(1001, kind=CardKind.ANDROID),
        make_card(1008, kind=CardKind.PINLESS),
        make_card(1001, misbehaviour=Misbehaviour(leaves_after=11)),
        make_card(1001, misbehaviour=Misbehaviour(garbage_from=9)),
        OtherCard(),
    ]


def test_whatever_visitors_do_no_visit_touches_another_and_every_one_comes_to_an_end(
    build_world: Callable[..., World],
    cards: list[PlaceableCard],
    all_results: Callable[[], list[dict[str, Any]]],
) -> None:
    world = build_world(
        policy=Policy(consent_by_card=True, read_back=True),
        passcodes={"desk-1": hash_passcode(Passcode(CODE.encode()))},
        face=None,
    )
    witness = Witness()
    tries = {number: card.pin_tries_left for number, card in enumerate(cards) if isinstance(card, SimulatedCard)}

    @settings(
        max_examples=max(1, VISITS // VISITS_A_DAY),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(day=DAY)
    def walk(day: list[tuple[int, list[str | float]]]) -> None:
        for which, deeds in day:
            world.lift()
            world.place(cards[which])
            for deed in deeds:
                act(world, cards, deed)
                check(world, witness, cards, tries)
        world.lift()
        world.broker.start()
        world.outbox.repair()
        world.pass_time(200)
        check(world, witness, cards, tries)
        assert isinstance(world.state, Idle)

    walk()
    assert witness.visits >= VISITS // 3
    receptions = [result["reception"] for result in all_results()]
    assert len(receptions) == len(set(receptions)), "one result for one visit"
