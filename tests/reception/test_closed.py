"""A unit that is closed reads no card, whatever state a newcomer finds it in, and no attendant opens it."""

from __future__ import annotations

from device.domain.reasons import Reason
from device.domain.values import ReceptionId
from device.reception import Policy, step
from device.reception import effects as do
from device.reception import events as on
from device.reception.explore import steps
from device.reception.states import Settled

CLOSED = Policy(closed=Reason.UNIT_QUARANTINED)
STATES = list(dict.fromkeys(state for state, *_ in steps(Policy())))


def test_every_newcomer_is_turned_away_unread() -> None:
    for state in STATES:
        after, effects = step(state, on.CardPresented(ReceptionId("f" * 32)), CLOSED)
        assert isinstance(after, Settled)
        assert after.reason is Reason.UNIT_QUARANTINED
        assert not any(isinstance(effect, do.ReadCard | do.AskChallenge) for effect in effects)
        assert isinstance(effects[-1], do.ForgetVisitor)


def test_no_attendant_opens_it() -> None:
    for state in STATES:
        after, effects = step(state, on.AttendantAdmitted(ReceptionId("0" * 32), fresh=ReceptionId("e" * 32)), CLOSED)
        assert after == state
        assert not any(isinstance(effect, do.CheckPasscode) for effect in effects)
