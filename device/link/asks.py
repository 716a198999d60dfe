"""Questions that wait for an answer.

The gateway answers the same ask (by its id) in the same way however often it hears it, so saying it again is safe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from device.domain.errors import Drop, MessageError
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.link.actions import AskLost, Publish
from device.wire import topics
from device.wire.codec import encode
from device.wire.messages import (
    Answer,
    Ask,
    Begin,
    Challenge,
    Confirm,
    GivenAnswer,
    Holder,
    HolderKnown,
    Qualification,
    Refused,
    Register,
    Registrable,
)
from device.wire.said import check_reply

ANSWERS_TO: dict[type[Ask], tuple[type[Answer], ...]] = {
    Begin: (Challenge, Refused),
    Holder: (HolderKnown, Registrable, Refused),
    Register: (HolderKnown, Refused),
    Confirm: (Qualification, Refused),
}


@dataclass(slots=True)
class _Waiting:
    ask: Ask
    deadline_s: float
    repeat_s: float = math.inf


class AskBook:
    """The asks under way, by their id."""

    def __init__(self, unit: UnitId, repeat_share: float) -> None:
        self._topic = topics.up(unit, topics.Up.ASK)
        self._repeat_share = repeat_share
        self._waiting: dict[str, _Waiting] = {}

    def add(self, ask: Ask, deadline_s: float) -> None:
        """Note an ask; `say` puts it on the line."""
        self._waiting[ask.ask_id] = _Waiting(ask, deadline_s)

    def say(self, ask_id: str, now_s: float) -> Publish:
        """Return the ask as a message, and plan to say it once more."""
        waiting = self._waiting[ask_id]
        waiting.repeat_s = now_s + (waiting.deadline_s - now_s) * self._repeat_share
        return self._message(waiting, now_s)

    def say_all(self, now_s: float) -> list[Publish]:
        """Return every ask that waits, in the order in which they were asked."""
        return [self.say(ask_id, now_s) for ask_id in self._waiting]

    def line_lost(self) -> None:
        """Plan no repetition: what the line takes next, it takes when it is back."""
        for waiting in self._waiting.values():
            waiting.repeat_s = math.inf

    def take(self, given: GivenAnswer) -> Answer:
        """Return the answer to an ask that waits for it; it waits no longer.

        Raise MessageError where none does, or where the gateway heard something else than was asked.
        """
        answer = given.answer
        waiting = self._waiting.get(answer.ask_id)
        if waiting is None or not isinstance(answer, ANSWERS_TO[type(waiting.ask)]):
            raise MessageError("nobody waits for it", reason=Reason.SERVICE_REFUSED, drop=Drop.UNSOLICITED)
        check_reply(given, encode(waiting.ask))
        del self._waiting[answer.ask_id]
        return answer

    def due(self, now_s: float) -> list[Publish | AskLost]:
        """Return what to say again and what to give up by now."""
        actions: list[Publish | AskLost] = []
        for ask_id, waiting in list(self._waiting.items()):
            if now_s >= waiting.deadline_s:
                actions.append(self._lose(ask_id))
            elif now_s >= waiting.repeat_s:
                waiting.repeat_s = math.inf
                actions.append(self._message(waiting, now_s))
        return actions

    def lose_all(self) -> list[AskLost]:
        """Give up every ask."""
        return [self._lose(ask_id) for ask_id in list(self._waiting)]

    @property
    def wake_at_s(self) -> float:
        """When `due` has something to say; infinite when never."""
        return min((min(ask.deadline_s, ask.repeat_s) for ask in self._waiting.values()), default=math.inf)

    def _message(self, waiting: _Waiting, now_s: float) -> Publish:
        # Nobody wants the answer after the deadline, so the broker need not carry the ask beyond it.
        return Publish(self._topic, encode(waiting.ask), expiry_s=max(1, math.ceil(waiting.deadline_s - now_s)))

    def _lose(self, ask_id: str) -> AskLost:
        del self._waiting[ask_id]
        return AskLost(ask_id, Reason.SERVICE_UNREACHABLE)
