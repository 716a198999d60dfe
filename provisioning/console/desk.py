"""What pages of the console share: who acts, and what happens to a form when a deed is done, waits, or cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.responses import RedirectResponse, Response

from device.domain.errors import UketsukeError
from provisioning.fleet.counter import Counter, Outcome
from provisioning.fleet.deeds import Deed
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.roles import Actor, NotAllowedError, Role
from provisioning.web.gate import Gate
from provisioning.web.views import Views
from provisioning.web.visit import Visit

_NUMBER: Final = re.compile(r"([0-9]+)")


def as_counted(name: str) -> list[str | int]:
    """Return by what a name is sorted so that clinic-2 stands before clinic-10."""
    return [int(part) if part.isdecimal() else part for part in _NUMBER.split(name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Some pages of a fleet."""

    fleet: Fleet
    views: Views
    gate: Gate

    def counter(self, visit: Visit) -> Counter:
        """Return where the person who asks acts."""
        role = Role.VIEWER if visit.session is None else Role(visit.session.account.role)
        return Counter(self.fleet, Actor(visit.who, "web", role), lambda: visit.now)

    def act(self, visit: Visit, deed: Deed, *, then: str, again: Callable[[str], Response]) -> Response:
        """Do a deed and go to `then`, or to what waits; show the form `again` with words where it cannot be done."""
        return self.attempt(visit, lambda: self.answer(self.counter(visit).ask(deed), then), again)

    def attempt(self, visit: Visit, what: Callable[[], Response], again: Callable[[str], Response]) -> Response:
        """Return an answer; a refusal by role as such, and what cannot be done with the form `again`."""
        try:
            return what()
        except NotAllowedError:
            return self.views.message(visit, 403, visit.say("not_allowed"))
        except UketsukeError as error:
            return again(visit.tell(error))

    @staticmethod
    def answer(outcome: Outcome, then: str) -> Response:
        """Go on to where one sees what came of it."""
        if outcome.request is not None:
            return RedirectResponse(f"/approvals#{outcome.request.name}", 303)
        return RedirectResponse(then, 303)
