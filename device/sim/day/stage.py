"""Plays one visit: every effect of the machine is answered by a card, a service or a visitor, each after its time."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.secrets import Passcode, Pin
from device.domain.values import AttendantReason, Move, ReceptionId
from device.reception import Idle, Settled, State, step
from device.reception import effects as do
from device.reception import events as on
from device.reception import states as at
from device.reception.effects import Effect, Utterance
from device.reception.events import Event, Key, Timer
from device.reception.questions import Topic
from device.sim.day.people import Clinic, Hands, Visitor
from device.sim.day.times import SPEECH_S_PER_CHARACTER, TIMES, Thing
from device.wire import phrases
from device.wire.reasons import entry

VISIT = ReceptionId("0" * 32)
RETURNED = ReceptionId("1" * 32)

_PULLED_AT_S = (0.2, 6.0)
_FORGOTTEN_S = (10.0, 40.0)
_FOUND_S = 120.0
"""Somebody brings the card of whoever walked away."""


@dataclass(slots=True)
class Outcome:
    """What became of one visit."""

    kind: str
    reason: Reason | None = None
    seconds: float = 0.0
    """From card down until the result is said."""
    keys: int = 0
    steps: int = 0


class Stage:
    """One visit at a time, on a clock of its own."""

    def __init__(self, clinic: Clinic, chance: random.Random, *, service_s: float = 0.0) -> None:
        """`service_s` is added to each answer of the service about a holder or a qualification."""
        self._clinic = clinic
        self._service_s = service_s
        self._policy = clinic.policy
        self._chance = chance

    def play(self, visitor: Visitor) -> Outcome:
        """Play the visit until the card is gone."""
        self._visitor = visitor
        self._now_s = 0.0
        self._silent_from_s = 0.0
        self._queue: list[tuple[float, int, Event, int]] = []
        self._number = 0
        self._timers: dict[Timer, int] = {}
        self._epoch = 0
        self._looked = self._typed_wrong = 0
        self._has_portrait = False
        self._state: State = Idle()
        self._outcome = Outcome(visitor.kind)
        self._post(0.0, on.CardPresented(VISIT))
        if visitor.hands is Hands.PULL_AWAY:
            self._post(self._chance.uniform(*_PULLED_AT_S), on.CardRemoved(VISIT))
        while self._queue:
            self._now_s, number, event, epoch = heapq.heappop(self._queue)
            if isinstance(event, on.TimeUp):
                if self._timers.get(event.timer) != number:
                    continue
            elif epoch not in {0, self._epoch}:
                continue  # the visitor meant a question that is no longer asked
            self._take(event)
            if isinstance(self._state, Idle):
                break
        return self._outcome

    def _take(self, event: Event) -> None:
        before = self._state
        self._state, effects = step(before, event, self._policy)
        self._outcome.steps += 1
        for effect in effects:
            answer = _ANSWERS.get(type(effect))
            if answer is not None:
                answer(self, effect)
        if isinstance(self._state, Settled) and not isinstance(before, Settled):
            self._outcome.reason = self._state.reason
            self._outcome.seconds = self._now_s
        if effects and _asks(self._state) != _asks(before):
            self._epoch += 1
            self._react(self._state)

    # --- the visitor -------------------------------------------------------------------------------------------------

    def _react(self, state: State) -> None:
        if self._visitor.hands is Hands.WALK_AWAY and not isinstance(state, at.Reading):
            if isinstance(state, Settled):
                self._do(_FOUND_S, on.CardRemoved(VISIT))
            return
        match state:
            case at.Matching() if self._wants_pin():
                self._press(Key.YES)
            case at.Matching() | at.AskingPin() if self._visitor.attendant is not None:
                came_s = self._draw(Thing.ATTENDANT) + self._draw(Thing.PRESS)
                self._do(came_s, on.PasscodeEntered(VISIT, Passcode(b"000000")))
            case at.AskingPin():
                self._type_pin()
            case at.Asking():
                self._answer(state)
            case at.Returning():
                self._post(self._draw(Thing.PLACE), on.CardPresented(RETURNED))
            case Settled(card_present=True):
                forgets = self._visitor.hands is Hands.FORGET
                late_s = self._chance.uniform(*_FORGOTTEN_S) if forgets else 0.0
                self._do(late_s + self._draw(Thing.NOTICE) + self._draw(Thing.LIFT), on.CardRemoved(VISIT))
            case _:
                pass

    def _wants_pin(self) -> bool:
        visitor = self._visitor
        return visitor.method.value == "pin" and visitor.tries_left > 0

    def _answer(self, state: at.Asking) -> None:
        visitor, topic = self._visitor, state.question.topic
        match topic:
            case Topic.ATTENDANT:
                reason = visitor.attendant or AttendantReason.UNIT_TROUBLE
                number = list(AttendantReason).index(reason) + 1
                self._key(self._thinking_s() + self._draw(Thing.PRESS), on.Chosen(VISIT, number))
            case Topic.PRESCRIPTION:
                self._key(self._thinking_s() + self._draw(Thing.PRESS), on.Chosen(VISIT, 1))
            case Topic.CONSENT if visitor.agrees and self._policy.consent_by_card and not _is_phone(visitor):
                self._do(self._thinking_s() + self._draw(Thing.LIFT), on.CardRemoved(VISIT))
            case Topic.REGISTRATION:
                self._press(Key.YES if visitor.wants_registration else Key.NO)
            case _:
                self._press(Key.YES if visitor.agrees else Key.NO)

    def _type_pin(self) -> None:
        at_s = self._thinking_s() + self._draw(Thing.PRESS)
        for _ in range(4):
            self._key(at_s, on.DigitTyped(VISIT))
            at_s += self._draw(Thing.TYPE)
        self._key(at_s, on.PinEntered(VISIT, Pin(b"0000")))

    def _thinking_s(self) -> float:
        listening_s = 0.0 if self._visitor.knows else max(0.0, self._silent_from_s - self._now_s)
        return listening_s + self._draw(Thing.DECIDE)

    def _press(self, key: Key) -> None:
        self._key(self._thinking_s() + self._draw(Thing.PRESS), on.KeyPressed(VISIT, key))

    def _key(self, after_s: float, event: Event) -> None:
        self._outcome.keys += 1
        self._do(after_s, event)

    def _do(self, after_s: float, event: Event) -> None:
        """Something that is done only while the visitor still stands where the thought came from."""
        self._post(after_s, event, self._epoch)

    # --- the unit's parts, the card and the service ------------------------------------------------------------------

    def _start_timer(self, effect: do.StartTimer) -> None:
        after_s = effect.seconds
        if effect.timer is Timer.PATIENCE:  # silence begins where speech ends
            after_s += max(0.0, self._silent_from_s - self._now_s)
        self._timers[effect.timer] = self._post(after_s, on.TimeUp(VISIT, effect.timer))

    def _stop(self, _effect: do.StopWork) -> None:
        self._timers.clear()

    def _say(self, effect: do.Say) -> None:
        self._silent_from_s = self._now_s + sum(_spoken_s(line) for line in effect.lines)

    def _read_card(self, _effect: do.ReadCard) -> None:
        failed = self._visitor.card_fails
        self._reply(Thing.READ_CARD, on.CardFailed(VISIT, failed) if failed else on.CardRead(VISIT, self._visitor.card))

    def _ask_challenge(self, _effect: do.AskChallenge) -> None:
        if not self._visitor.service_down:
            self._reply(Thing.CHALLENGE, on.ChallengeCame(VISIT))

    def _match(self, _effect: do.MatchFace) -> None:
        looks = self._visitor.looks
        found = looks[min(self._looked, len(looks) - 1)]
        self._looked += 1
        before = () if self._has_portrait else (Thing.FRONT, Thing.PORTRAIT)
        self._has_portrait = True
        event: Event = on.FaceMatched(VISIT)
        if found is not None:
            event = on.FaceFailed(VISIT, found)
        elif self._visitor.moves:
            event = on.MovesWanted(VISIT, (Move.TURN_LEFT, Move.TURN_RIGHT))
        self._reply(Thing.MATCH, event, *before)

    def _watch_move(self, effect: do.WatchMove) -> None:
        self._reply(Thing.MOVE, on.MoveSeen(VISIT, effect.move))

    def _count(self, _effect: do.CountTries) -> None:
        self._reply(Thing.COUNT, on.TriesCounted(VISIT, self._visitor.tries_left - self._typed_wrong))

    def _verify(self, effect: do.VerifyPin) -> None:
        effect.pin.wipe()
        if self._typed_wrong < self._visitor.pins_wrong:
            self._typed_wrong += 1
            left = self._visitor.tries_left - self._typed_wrong
            self._reply(Thing.VERIFY, on.PinRefused(VISIT, left))
        else:
            self._reply(Thing.VERIFY, on.PinAccepted(VISIT))

    def _prove(self, _effect: do.Prove) -> None:
        self._reply(Thing.PROVE, on.ProofMade(VISIT))

    def _check_passcode(self, effect: do.CheckPasscode) -> None:
        effect.passcode.wipe()
        self._outcome.keys += 7
        self._reply(Thing.HASH, on.AttendantAdmitted(VISIT, RETURNED))

    def _ask_holder(self, _effect: do.AskHolder) -> None:
        visitor = self._visitor
        event: Event
        if visitor.refused is not None:
            event = on.AskFailed(VISIT, visitor.refused)
        elif not visitor.registered:
            event = on.RegistrationOffered(VISIT)
        else:
            event = on.HolderAccepted(VISIT, self._clinic.asks(visitor))
        self._reply(Thing.SERVICE, event)

    def _register(self, _effect: do.AskRegistration) -> None:
        self._reply(Thing.SERVICE, on.HolderAccepted(VISIT, self._clinic.asks(self._visitor)))

    def _compare(self, _effect: do.CompareCard) -> None:
        self._reply(Thing.COMPARE, on.CardSame(VISIT))

    def _qualify(self, _effect: do.AskQualification) -> None:
        self._reply(Thing.SERVICE, on.QualificationCame(VISIT, self._visitor.ending, ()))

    def _reply(self, thing: Thing, event: Event, *before: Thing) -> None:
        slow_s = self._service_s if thing is Thing.SERVICE else 0.0
        self._post(slow_s + self._draw(thing) + sum(self._draw(more) for more in before), event)

    def _post(self, after_s: float, event: Event, epoch: int = 0) -> int:
        self._number += 1
        heapq.heappush(self._queue, (self._now_s + after_s, self._number, event, epoch))
        return self._number

    def _draw(self, thing: Thing) -> float:
        return TIMES[thing].draw(self._chance)


_ANSWERS: dict[type[Effect], Callable[[Stage, Any], None]] = {
    do.StartTimer: Stage._start_timer,  # noqa: SLF001  its own table
    do.StopWork: Stage._stop,  # noqa: SLF001  its own table
    do.Say: Stage._say,  # noqa: SLF001  its own table
    do.ReadCard: Stage._read_card,  # noqa: SLF001  its own table
    do.AskChallenge: Stage._ask_challenge,  # noqa: SLF001  its own table
    do.MatchFace: Stage._match,  # noqa: SLF001  its own table
    do.WatchMove: Stage._watch_move,  # noqa: SLF001  its own table
    do.CountTries: Stage._count,  # noqa: SLF001  its own table
    do.VerifyPin: Stage._verify,  # noqa: SLF001  its own table
    do.Prove: Stage._prove,  # noqa: SLF001  its own table
    do.CheckPasscode: Stage._check_passcode,  # noqa: SLF001  its own table
    do.AskHolder: Stage._ask_holder,  # noqa: SLF001  its own table
    do.AskRegistration: Stage._register,  # noqa: SLF001  its own table
    do.CompareCard: Stage._compare,  # noqa: SLF001  its own table
    do.AskQualification: Stage._qualify,  # noqa: SLF001  its own table
}


def _asks(state: State) -> object:
    """Return what tells one thing that a visitor reacts to from the next."""
    return (type(state), state.question) if isinstance(state, at.Asking) else type(state)


def _is_phone(visitor: Visitor) -> bool:
    return not visitor.card.has_surface


@cache
def _spoken_s(line: Utterance) -> float:
    match line.line:
        case Phrase() as phrase:
            text = phrases.say(phrase, "ja", tries_left=line.tries_left, items=line.items)
        case reason:
            text = entry(reason).patient.say("ja", tries_left=line.tries_left)
    return SPEECH_S_PER_CHARACTER * len(text)
