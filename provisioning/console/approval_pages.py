"""What waits for a second person: what it is, who asked, and yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from provisioning.console.desk import Pages
from provisioning.fleet.approving import Request
from provisioning.fleet.deeds import AddPerson, LinkFor, SetLayer
from provisioning.fleet.roles import Role, person_of
from provisioning.fleet.settings import differences
from provisioning.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Shown:
    """One request as its page shows it."""

    request: Request
    mine: bool
    may: bool
    """The person who looks could do it."""
    differences: tuple[tuple[str, Any, Any], ...]
    """Of a layer: option, before, after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPages(Pages):
    """Answers about requests."""

    def routes(self) -> list[Route]:
        """Return where they are."""
        signed_in, post = self.gate.signed_in, ["POST"]
        return [
            Route("/approvals", signed_in(self.page)),
            Route("/approvals/rows", signed_in(self.rows)),
            Route("/approvals/{request}/approve", signed_in(self.approve), methods=post),
            Route("/approvals/{request}/refuse", signed_in(self.refuse), methods=post),
        ]

    def page(self, visit: Visit, *, message: str = "", status: int = 200, link: str = "") -> Response:
        """Show what waits, and what became of the rest."""
        return self._answer("approvals.html", visit, message=message, status=status, link=link)

    def rows(self, visit: Visit) -> Response:
        """Return what changes on it."""
        return self._answer("approvals_rows.html", visit)

    def approve(self, visit: Visit) -> Response:
        """Agree, and do it."""
        name: str = visit.request.path_params["request"]

        def agree() -> Response:
            request, result = self.counter(visit).approve(name)
            if isinstance(request.deed, AddPerson | LinkFor):
                return self.page(visit, link=f"{visit.request.base_url}welcome/{result}")
            return RedirectResponse("/approvals", 303)

        return self.attempt(visit, agree, lambda words: self.page(visit, message=words, status=409))

    def refuse(self, visit: Visit) -> Response:
        """Refuse, or take one's own back."""
        name: str = visit.request.path_params["request"]
        why = visit.field("why").strip()[:400]
        if not why:
            return self.page(visit, message=visit.say("say_why"), status=422)

        def say_no() -> Response:
            self.counter(visit).refuse(name, why=why)
            return RedirectResponse("/approvals", 303)

        return self.attempt(visit, say_no, lambda words: self.page(visit, message=words, status=409))

    def _answer(self, template: str, visit: Visit, *, message: str = "", status: int = 200, link: str = "") -> Response:
        shown = [self._shown(visit, one) for one in self.counter(visit).requests(everything=True)]
        return self.views.page(
            template,
            visit,
            here="/approvals",
            waiting=[one for one in shown if one.request.state in {"waiting", "stale"}],
            past=[one for one in shown if one.request.state not in {"waiting", "stale"}],
            guarded=self.fleet.plan.service.two_people,
            message=message,
            status=status,
            link=link,
        )

    def _shown(self, visit: Visit, request: Request) -> Shown:
        found: list[tuple[str, Any, Any]] = []
        if isinstance(request.deed, SetLayer):
            with self.fleet.store.look(visit.now) as work:
                layer = work.profiles.get(request.deed.scope, request.deed.expected)
            found = differences(layer.settings, request.deed.settings)
        role = Role.VIEWER if visit.session is None else Role(visit.session.account.role)
        mine = person_of(request.asked_by) == visit.who
        return Shown(request, mine, role.covers(request.deed.needs), tuple(found))
