"""The pages about people: accepting an invitation, and for administrators who belongs and may do what."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from device.domain.errors import BadConfig
from provisioning.fleet.accounts import FleetAccounts
from provisioning.fleet.fleet import Fleet
from provisioning.web.gate import Gate, Visit
from provisioning.web.sign_in_pages import SignInPages
from provisioning.web.views import Views


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePages:
    """Answers about people."""

    fleet: Fleet
    accounts: FleetAccounts
    sign_in: SignInPages
    views: Views
    gate: Gate

    def routes(self) -> list[Route]:
        """Return where they are."""
        return [
            Route("/welcome/{token}", self.gate.open(self.welcome)),
            Route("/welcome", self.gate.open(self.enter), methods=["POST"]),
        ]

    def welcome(self, visit: Visit) -> Response:
        """Ask whoever has a good link for a password, and the first administrator for a name."""
        token: str = visit.request.path_params["token"]
        return self._welcome(visit, token)

    def enter(self, visit: Visit) -> Response:
        """Use the link up and sign in."""
        token, name = visit.field("token"), visit.field("name").strip().lower()
        try:
            account = self.accounts.accept(token, name, visit.field("password"))
        except BadConfig as error:
            return self._welcome(visit, token, name=name, message=str(error))
        return self.sign_in.signed_in(account, visit)

    def _welcome(self, visit: Visit, token: str, *, name: str = "", message: str = "") -> Response:
        invitation = self.accounts.invited(token)
        if invitation is None:
            return self.views.page("message.html", visit, title="410", message=visit.say("link_over"), status=410)
        return self.views.page(
            "welcome.html",
            visit,
            token=token,
            name=name,
            person=invitation.person,
            message=message,
            status=422 if message else 200,
        )
