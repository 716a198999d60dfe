"""The pages about people: accepting an invitation, and for administrators who belongs and may do what."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from device.domain.errors import BadConfig
from provisioning.console.desk import Pages
from provisioning.fleet.accounts import FleetAccounts
from provisioning.fleet.deeds import AddPerson, LinkFor, RemovePerson, SetRole
from provisioning.fleet.roles import Role
from provisioning.web.sign_in_pages import SignInPages
from provisioning.web.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePages(Pages):
    """Answers about people."""

    accounts: FleetAccounts
    sign_in: SignInPages

    def routes(self) -> list[Route]:
        """Return where they are."""
        post = ["POST"]
        return [
            Route("/welcome/{token}", self.gate.open(self.welcome)),
            Route("/welcome", self.gate.open(self.enter), methods=post),
            Route("/accounts", self.gate.admin(self.page)),
            Route("/accounts", self.gate.signed_in(self.add), methods=post),
            Route("/accounts/{person}", self.gate.signed_in(self.change), methods=post),
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
            return self._welcome(visit, token, name=name, message=visit.tell(error))
        return self.sign_in.signed_in(account, visit)

    def page(self, visit: Visit, *, message: str = "", status: int = 200, link: str = "", person: str = "") -> Response:
        """Show everybody; `link` is shown once, to whoever made it."""
        with self.fleet.store.look(visit.now) as work:
            people = work.people.listed()
        return self.views.page(
            "accounts.html",
            visit,
            here="/accounts",
            people=people,
            roles=list(Role),
            by_password=False,
            link=link,
            person=person,
            message=message,
            status=status,
        )

    def add(self, visit: Visit) -> Response:
        """Make an account; its link is shown."""
        return self._do(visit, AddPerson(person=visit.field("name").strip().lower(), role=_role(visit.field("role"))))

    def change(self, visit: Visit) -> Response:
        """Change a person's role, give them a new link, or remove them."""
        person: str = visit.request.path_params["person"]
        match visit.field("change"):
            case "link":
                return self._do(visit, LinkFor(person=person))
            case "remove":
                return self._do(visit, RemovePerson(person=person))
            case _:
                return self._do(visit, SetRole(person=person, role=_role(visit.field("role"))))

    def _do(self, visit: Visit, deed: AddPerson | LinkFor | RemovePerson | SetRole) -> Response:
        again = lambda words: self.page(visit, message=words, status=422)  # noqa: E731

        def attempt() -> Response:
            outcome = self.counter(visit).ask(deed)
            if outcome.result is None:
                return self.answer(outcome, "/accounts")
            return self.page(visit, link=f"{visit.request.base_url}welcome/{outcome.result}", person=deed.person)

        return self.attempt(visit, attempt, again)

    def _welcome(self, visit: Visit, token: str, *, name: str = "", message: str = "") -> Response:
        invitation = self.accounts.invited(token)
        if invitation is None:
            return self.views.message(visit, 410, visit.say("link_over"))
        return self.views.page(
            "welcome.html",
            visit,
            token=token,
            name=name,
            person=invitation.person,
            message=message,
            status=422 if message else 200,
        )


def _role(word: str) -> Role:
    return Role(word) if word in set(Role) else Role.VIEWER
