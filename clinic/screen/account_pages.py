"""The pages about the people at the desk beside signing in: the first administrator, accounts, the access log."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from clinic.screen.access_log import AccessLog, LogAlteredError
from clinic.screen.accounts import Accounts, Role
from clinic.screen.views import is_named
from device.domain.errors import BadConfig
from provisioning.web.gate import Gate
from provisioning.web.sign_in_pages import SignInPages
from provisioning.web.views import Views
from provisioning.web.visit import Visit

LOG_PAGE: Final = 100


@dataclass(slots=True)
class FirstRun:
    """The way in while there is no account: a token that the service printed where only its owner reads it."""

    token: str = field(repr=False)
    used: bool = False

    def takes(self, token: str) -> bool:
        """Tell whether this is the token and still good."""
        return not self.used and hmac.compare_digest(self.token.encode(), token.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPages:
    """Answers about accounts."""

    accounts: Accounts
    sign_in: SignInPages
    log: AccessLog
    views: Views
    gate: Gate
    first: FirstRun

    def routes(self) -> list[Route]:
        """Return where they are."""
        open_, admin, post = self.gate.open, self.gate.admin, ["POST"]
        return [
            *self.sign_in.routes(),
            Route("/first-run/{token}", open_(self.first_run_page)),
            Route("/first-run", open_(self.first_run), methods=post),
            Route("/privacy", self.gate.signed_in(self.privacy), methods=post),
            Route("/accounts", admin(self.all_accounts)),
            Route("/accounts", admin(self.create), methods=post),
            Route("/accounts/{name}/enable", admin(self.enable), methods=post),
            Route("/accounts/{name}/password", admin(self.set_password), methods=post),
            Route("/log", admin(self.access_log)),
        ]

    # --- the first one ----------------------------------------------------------------------------------------------

    def first_run_page(self, visit: Visit) -> Response:
        """Ask for the first administrator."""
        token: str = visit.request.path_params["token"]
        if not self._is_first(token):
            return self.views.message(visit, 410, visit.say("first_run_over"))
        return self.views.page("first_run.html", visit, token=token, name="")

    def first_run(self, visit: Visit) -> Response:
        """Make the first administrator; the link is used up then."""
        token, name = visit.field("token"), visit.field("name").strip()
        if not self._is_first(token):
            return self.views.message(visit, 410, visit.say("first_run_over"))
        try:
            account = self.accounts.create(name, Role.ADMIN, visit.field("password"))
        except BadConfig as error:
            return self.views.page(
                "first_run.html", visit, token=token, name=name, message=visit.tell(error), status=422
            )
        self.first.used = True
        self.log.add(account.name, "account made: admin", account.name, visit.now)
        return self.sign_in.signed_in(account, visit)

    def _is_first(self, token: str) -> bool:
        return self.first.takes(token) and not self.accounts.all()

    # --- how the page looks -------------------------------------------------------------------------------------------

    def privacy(self, visit: Visit) -> Response:
        """Show names without a touch, or hide them again."""
        self.log.add(visit.who, "names hidden" if is_named(visit) else "names shown", "", visit.now)
        return self.sign_in.remember(visit, "names", "hidden" if is_named(visit) else "shown")

    # --- all accounts -------------------------------------------------------------------------------------------------

    def all_accounts(self, visit: Visit) -> Response:
        """Show every account."""
        return self._accounts(visit)

    def create(self, visit: Visit) -> Response:
        """Make an account."""
        try:
            account = self.accounts.create(
                visit.field("name").strip(), _role(visit.field("role")), visit.field("password")
            )
        except BadConfig as error:
            return self._accounts(visit, message=visit.tell(error), status=422)
        self.log.add(visit.who, f"account made: {account.role}", account.name, visit.now)
        return RedirectResponse("/accounts", 303)

    def enable(self, visit: Visit) -> Response:
        """Let an account sign in, or not."""
        name, enabled = visit.request.path_params["name"], visit.field("enabled") == "yes"
        try:
            self.accounts.enable(name, enabled=enabled)
        except BadConfig as error:
            return self._accounts(visit, message=visit.tell(error), status=422)
        self.log.add(visit.who, "account enabled" if enabled else "account disabled", name, visit.now)
        return RedirectResponse("/accounts", 303)

    def set_password(self, visit: Visit) -> Response:
        """Give somebody another password."""
        name = visit.request.path_params["name"]
        try:
            self.accounts.set_password(name, visit.field("password"))
        except BadConfig as error:
            return self._accounts(visit, message=visit.tell(error), status=422)
        self.log.add(visit.who, "password set", name, visit.now)
        return RedirectResponse("/accounts", 303)

    def access_log(self, visit: Visit) -> Response:
        """Show who did what, and whether anybody has altered that."""
        before = visit.request.query_params.get("before", "")
        altered, count = "", 0
        try:
            count = self.log.verify()
        except LogAlteredError as error:
            altered = str(error)
        entries = self.log.newest(LOG_PAGE, int(before) if re.fullmatch(r"\d{1,15}", before) else None)
        return self.views.page("log.html", visit, here="/log", entries=entries, count=count, altered=altered)

    def _accounts(self, visit: Visit, *, message: str = "", status: int = 200) -> Response:
        return self.views.page(
            "accounts.html",
            visit,
            here="/accounts",
            accounts=self.accounts.all(),
            roles=list(Role),
            by_password=True,
            message=message,
            status=status,
        )


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise BadConfig(f"one of {', '.join(Role)}", where="role") from error
