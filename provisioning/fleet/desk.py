"""One worker's head: messages and due jobs in, what to say out. It holds no state: what counts is in the store.

Messages are dealt with many at a time in one transaction, because that is what a disk is slow at, and so are jobs. When
one of them fails, all are dealt with again one by one, so that one that we did not think of costs nobody else theirs: a
message is dropped then, a job is put off and named by `uketsuke-fleet doctor` until it goes well.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from device.domain.errors import BadConfig, Fault, MessageError, UketsukeError
from device.domain.values import UnitId
from device.wire import topics
from provisioning.broker import CLAIM_MOUNT
from provisioning.fleet.claiming import ClaimDesk
from provisioning.fleet.hook import Opinion
from provisioning.fleet.say import Say
from provisioning.fleet.store.database import STORE, FleetStore
from provisioning.fleet.store.failures import KEY as FAILURE
from provisioning.fleet.store.jobs import Job
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.unforeseen import in_words, kind_and_place, trace

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
        """What was dealt with, by kind; `dropped`, `failed` and `job_failed` among them."""

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
        """Do the jobs that are due, and forget what is too old to be kept.

        Raise Fault when the store refuses: what was not kept by then is due again.
        """
        if self._forgets_at is None or now >= self._forgets_at:
            self._forget(now)
        taken: list[Job] = []
        try:
            return self._jobs_together(taken, now)
        except Exception as error:
            if _is_outage(error) or not taken:
                raise
        said: list[Say] = []
        for job in taken:
            try:
                said += self._job_alone(job, now)
            except Fault:
                if not said:
                    raise
                break  # what is kept already has to be said; the outage shows at the next turn
        return said

    def _jobs_together(self, taken: list[Job], now: datetime, *, only: str | None = None) -> list[Say]:
        said: list[Say] = []
        with self._store.begin(now) as work:
            kinds = tuple(self._does)
            taken += work.jobs.take(self._worker, limit=JOBS_AT_A_TIME, hold=HOLD, kinds=kinds, only=only)
            for job in taken:
                said += self._does[job.kind](work, job)
                if FAILURE in job.outcome:
                    work.failures.clear(job.job)
        self.counts += Counter(f"job_{job.kind}" for job in taken)
        return said

    def _job_alone(self, job: Job, now: datetime) -> list[Say]:
        try:
            return self._jobs_together([], now, only=job.job)
        except Exception as error:
            if _is_outage(error):
                raise
            told = trace(error)
            log.error("job %s (%s of %s) failed\n%s", job.job, job.kind, job.unit, told)  # noqa: TRY400  `trace`
            self.counts["job_failed"] += 1
            with self._store.begin(now) as work:
                work.failures.note(job.job, in_words(error))
            return []

    def _forget(self, now: datetime) -> None:
        try:
            with self._store.begin(now) as work:
                work.bundles.forget_old()
        except Exception as error:
            if _is_outage(error):
                raise
            log.error("old log bundles are still there\n%s", trace(error))  # noqa: TRY400  as above
            self.counts["failed"] += 1
        self._forgets_at = now + FORGET_EVERY

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
            # Its place alone, because both text and traceback may quote the message.
            log.warning("message on %s failed: %s", message.topic, kind_and_place(error))
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
