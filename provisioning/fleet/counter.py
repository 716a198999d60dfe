"""The one place where people act on the fleet, by the command line or by the console.

Here stands who may, what needs a second person, and that all of it is in the audit with the person's name. Whoever has
the fleet's folder has its keys and can go around this; roles and second opinions bind those who come by these two ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from device.domain.errors import BadConfig, UketsukeError
from provisioning.fleet import approving
from provisioning.fleet.approving import Request
from provisioning.fleet.carrying_out import carry_out
from provisioning.fleet.deeds import Deed, guarded_as
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.labels import Label
from provisioning.fleet.roles import Actor, Role
from provisioning.fleet.tickets import labels_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking."""

    result: Any = None
    """What the deed gives; None while it waits."""
    request: Request | None = None
    """It waits for a second person under this name."""


class Counter:
    """Where one person acts."""

    def __init__(self, fleet: Fleet, actor: Actor, clock: Callable[[], datetime] = utc_now) -> None:
        self.fleet = fleet
        self.actor = actor
        self._clock = clock

    def ask(self, deed: Deed, *, step: Callable[[], None] = lambda: None) -> Outcome:
        """Do something, or have it wait for a second person where the fleet asks for one.

        `step` is told of each unit of a long deed. Raise NotAllowedError for somebody who may not, BadConfig or Fault
        where it cannot be.
        """
        self.actor.need(deed.needs, deed.subject)
        if guarded_as(deed) in self.fleet.plan.service.two_people:
            with self.fleet.store.begin(self._clock(), actor=str(self.actor)) as work:
                return Outcome(request=approving.ask(work, deed))
        return Outcome(carry_out(self.fleet, deed, now=self._clock(), actor=str(self.actor), step=step))

    def requests(self, *, everything: bool = False) -> list[Request]:
        """Return what waits for a second person, or the newest of all that did."""
        with self.fleet.store.look(self._clock()) as work:
            return approving.requests(work, everything=everything)

    def approve(self, name: str) -> tuple[Request, Any]:
        """Agree to a request of somebody else, and do it; return it and what came of it.

        Raise as `approving.agree` does; what the deed itself raises is noted with the request and raised.
        """
        with self.fleet.store.begin(self._clock(), actor=str(self.actor)) as work:
            request = approving.agree(work, name, self.actor)
        both = f"{request.asked_by}+{self.actor}"
        try:
            result = carry_out(self.fleet, request.deed, now=self._clock(), actor=both, step=lambda: None)
        except UketsukeError as error:
            self._came_of_it(name, done=False, words=str(error))
            raise
        self._came_of_it(name, done=True, words="")
        return request, result

    def refuse(self, name: str, *, why: str) -> Request:
        """Refuse a request, or take back one's own."""
        with self.fleet.store.begin(self._clock(), actor=str(self.actor)) as work:
            return approving.refuse(work, name, self.actor, why=why)

    def bundle(self, name: str) -> bytes:
        """Return what a log bundle holds. Raise BadConfig where there is none (any more)."""
        self.actor.need(Role.OPERATOR, name)
        with self.fleet.store.begin(self._clock(), actor=str(self.actor)) as work:
            content = work.bundles.content(name)
            if content is None:
                raise BadConfig("no such bundle, or its time is over", where=name)
            work.audit.note("logs.saved", name)
        return content

    def labels(self, units: Sequence[str] = ()) -> list[Label]:
        """Return the labels of units with their tickets, which are as secret as keys; of all that wait otherwise."""
        self.actor.need(Role.ADMIN, "labels")
        now = self._clock()
        labels = labels_of(self.fleet, units, now=now)
        with self.fleet.store.begin(now, actor=str(self.actor)) as work:
            work.audit.note("labels.drawn", f"{len(labels)} units"[:160])
        return labels

    def _came_of_it(self, name: str, *, done: bool, words: str) -> None:
        with self.fleet.store.begin(self._clock(), actor=str(self.actor)) as work:
            approving.came_of_it(work, name, done=done, words=words)
