"""Results that were sent and wait for their receipt: always the oldest of the outbox, never more than a few."""

from __future__ import annotations

import math
from dataclasses import dataclass

from device.domain.values import UnitId
from device.link.actions import SendResult
from device.link.policy import LinkPolicy
from device.ports.line import Kept
from device.wire import topics

_UNHEARD_GROWTH = 1.25


@dataclass(slots=True)
class _Sent:
    kept: Kept
    wait_s: float
    repeat_s: float


class ResultWindow:
    """What of the outbox is under way. It holds nothing that the outbox does not also hold."""

    def __init__(self, unit: UnitId, policy: LinkPolicy) -> None:
        self._topic = topics.up(unit, topics.Up.RESULT)
        self._policy = policy
        self._sent: dict[str, _Sent] = {}
        self._read_below = policy.results_in_flight
        self._nobody_listens = False
        self._soon_s = policy.result_unheard_s

    @property
    def wants_more(self) -> bool:
        """Whether to read the outbox now: something may wait there, and there is room for it."""
        return len(self._sent) < self._read_below

    def note_more(self) -> None:
        """The outbox may hold something that was not sent: wanted as soon as there is any room."""
        self._read_below = self._policy.results_in_flight

    def fill(self, kept: tuple[Kept, ...], now_s: float) -> list[SendResult]:
        """Take the oldest results of the outbox and return those to send now, oldest first."""
        full = self._policy.results_in_flight
        # Of a long queue the next part is read when half is through: a week drains with few readings of the disk.
        self._read_below = full // 2 + 1 if len(kept) >= full else 0
        return [self._send(result, now_s) for result in kept if result.message_id not in self._sent]

    def settle(self, message_id: str) -> None:
        """Free the place of a result that has its receipt."""
        self._sent.pop(message_id, None)
        self._soon_s = self._policy.result_unheard_s

    def under_way(self, message_id: str) -> Kept | None:
        """Return a result that was sent in this life and has no receipt yet."""
        sent = self._sent.get(message_id)
        return sent.kept if sent else None

    def line_lost(self) -> None:
        """Forget what was under way; the outbox still holds it."""
        self._sent.clear()
        self.note_more()

    def unheard(self, topic: str, now_s: float) -> None:
        """Nobody heard what was said on `topic`: if that was results, say them again soon."""
        if topic == self._topic:
            self._nobody_listens = True
            for sent in self._sent.values():
                sent.repeat_s = min(sent.repeat_s, now_s + self._soon_s)

    def say_all_again(self, now_s: float) -> None:
        """Send every copy anew, now."""
        for sent in self._sent.values():
            sent.repeat_s = now_s

    def due(self, now_s: float) -> list[SendResult]:
        """Return the results to send again by now, oldest first."""
        due = [sent for sent in self._sent.values() if now_s >= sent.repeat_s]
        for sent in due:
            if not self._nobody_listens:
                sent.wait_s = min(sent.wait_s * 2, self._policy.result_repeat_longest_s)
            sent.repeat_s = now_s + sent.wait_s
        if due and self._nobody_listens:
            self._nobody_listens = False
            self._soon_s = min(self._soon_s * _UNHEARD_GROWTH, self._policy.result_repeat_first_s)
        return [self._message(sent) for sent in due]

    @property
    def wake_at_s(self) -> float:
        """When `due` has something to say; infinite when never."""
        return min((sent.repeat_s for sent in self._sent.values()), default=math.inf)

    def _send(self, kept: Kept, now_s: float) -> SendResult:
        wait_s = self._policy.result_repeat_first_s
        sent = self._sent[kept.message_id] = _Sent(kept, wait_s, now_s + wait_s)
        return self._message(sent)

    def _message(self, sent: _Sent) -> SendResult:
        return SendResult(self._topic, sent.kept, expiry_s=math.ceil(sent.wait_s))
