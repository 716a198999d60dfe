"""One worker's head: messages and due jobs in, what to say out. It holds no state: what counts is in the store.

Messages are dealt with many at a time in one transaction, because that is what a disk is slow at. When one of them
fails, all are dealt with again one by one, so that a message that we did not think of costs nobody else theirs.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from device.domain.errors import BadConfig, Fault, MessageError, UketsukeError
from device.domain.values import UnitId
from device.wire import topics
from provisioning.broker import CLAIM_MOUNT
from provisioning.fleet.claiming import ClaimDesk
from provisioning.fleet.hook import Opinion
from provisioning.fleet.say import Say
from provisioning.fleet.store.database import STORE, FleetStore
from provisioning.fleet.store.jobs import Job
from provisioning.fleet.store.transaction import Transaction

HOLD = timedelta(seconds=30)
"""What a worker took and has not settled within this, another one takes."""
JOBS_AT_A_TIME = 200
FORGET_EVERY = timedelta(hours=1)
"""How often log bundles whose time is over are looked for."""

Hear = Callable[[Transaction, UnitId, bytes], list[Say]]
"""Deals with one message of a unit. Raises MessageError for one that is dropped."""
DoJob = Callable[[Transaction, Job], list[Say]]
"""Does one job that is due, and settles it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One message from the broker."""

    topic: str
    payload: bytes = field(repr=False)


class Desk:
    """Deals with what comes in."""

    def __init__(
        self,
        store: FleetStore,
        claims: ClaimDesk,
        *,
        hears: Mapping[topics.Up, Hear],
        does: Mapping[str, DoJob],
        worker: str,
    ) -> None:
        """`hears` and `does` say what is done with which kind of message and job: new kinds are added there."""
        self._store = store
        self._claims = claims
        self._hears = hears
        self._does = does
        self._worker = worker
        self._forgets_at: datetime | None = None
        self.counts: Counter[str] = Counter()
        """What was dealt with, by kind; `dropped` and `failed` among them."""

    @property
    def subscriptions(self) -> list[str]:
        """The kinds of what is heard from units, as the last level of their topics."""
        return [str(leaf) for leaf in self._hears]

    def handle(self, messages: Sequence[Message], now: datetime) -> list[Say]:
        """Deal with messages; what is returned is to be said, and only then are they to be acknowledged.

        Raise Fault when the store refuses: then nothing happened, and they are to be handed in again.
        """
        opinions = self._opinions(messages, now)
        try:
            return self._together(messages, opinions, now)
        except Exception as error:
            if _is_outage(error):
                raise
            said: list[Say] = []
            for message in messages:
                said += self._alone(message, opinions, now)
            return said

    def work(self, now: datetime) -> list[Say]:
        """Do the jobs that are due, and forget what is too old to be kept. Raise Fault when the store refuses."""
        said: list[Say] = []
        with self._store.begin(now) as work:
            if self._forgets_at is None or now >= self._forgets_at:
                work.bundles.forget_old()
                self._forgets_at = now + FORGET_EVERY
            for job in work.jobs.take(self._worker, limit=JOBS_AT_A_TIME, hold=HOLD, kinds=tuple(self._does)):
                said += self._does[job.kind](work, job)
                self.counts[f"job_{job.kind}"] += 1
        return said

    def _together(self, messages: Sequence[Message], opinions: dict[str, Opinion], now: datetime) -> list[Say]:
        said: list[Say] = []
        counts: Counter[str] = Counter()
        with self._store.begin(now) as work:
            # Always in one order, so that two workers never wait for each other's units.
            for message in sorted(messages, key=lambda one: one.topic):
                kind, words = self._one(work, message, opinions)
                counts[kind] += 1
                said += words
        self.counts += counts
        return said

    def _alone(self, message: Message, opinions: dict[str, Opinion], now: datetime) -> list[Say]:
        try:
            return self._together([message], opinions, now)
        except Exception as error:
            if _is_outage(error):
                raise
            # Neither its text nor its traceback: both may quote the message.
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            log.warning("message on %s failed: %s in %s", message.topic, type(error).__name__, where)
            self.counts["failed"] += 1
            return []

    def _one(self, work: Transaction, message: Message, opinions: dict[str, Opinion]) -> tuple[str, list[Say]]:
        try:
            if message.topic.startswith(CLAIM_MOUNT):
                claim = topics.claimant(message.topic.removeprefix(CLAIM_MOUNT))
                opinion = opinions.get(message.topic, Opinion(allow=True, why=""))
                return "claim", self._claims.hear(work, claim, message.payload, opinion)
            unit, leaf = topics.speaker(message.topic)
            hear = self._hears.get(leaf)
            return str(leaf), [] if hear is None else hear(work, unit, message.payload)
        except (MessageError, BadConfig) as error:
            log.warning("message on %s dropped: %s", message.topic, error)
            return "dropped", []

    def _opinions(self, messages: Sequence[Message], now: datetime) -> dict[str, Opinion]:
        if not self._claims.plan.claims.hook:
            return {}
        opinions: dict[str, Opinion] = {}
        for message in messages:
            if not message.topic.startswith(CLAIM_MOUNT):
                continue
            try:
                claim = topics.claimant(message.topic.removeprefix(CLAIM_MOUNT))
            except UketsukeError:
                continue
            with self._store.begin(now) as work:
                found = self._claims.opinion(work, claim, message.payload)
            opinions[message.topic] = found() if callable(found) else found
        return opinions


def _is_outage(error: Exception) -> bool:
    """Return whether the store is away, rather than that this message cannot be kept."""
    return isinstance(error, Fault) and error.part == STORE
