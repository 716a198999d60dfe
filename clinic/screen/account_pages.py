"""The pages about the people at the desk: signing in and out, the first administrator, accounts, the access log."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import pyotp
import segno
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from clinic.screen.access_log import AccessLog, LogAlteredError
from clinic.screen.accounts import Account, Accounts, Refusal, Role
from clinic.screen.gate import COOKIE, Gate, Visit
from clinic.screen.sessions import LONGEST_S, Sessions
from clinic.screen.views import Views
from device.domain.errors import BadConfig
from device.wire.texts import LANGUAGES

LOG_PAGE: Final = 100
NOBODY: Final = "?"
"""Who failed to sign in under a name that no account has: what was typed there may be a password."""
YEAR_S: Final = 31_536_000


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
    sessions: Sessions
    log: AccessLog
    views: Views
    gate: Gate
    first: FirstRun
    secure: bool
    """The page is served over TLS, so the cookies may ask for it."""
    new_secret: Callable[[], str] = pyotp.random_base32

    def routes(self) -> list[Route]:
        """Return where they are."""
        open_, signed_in, admin = self.gate.open, self.gate.signed_in, self.gate.admin
        post = ["POST"]
        return [
            Route("/", open_(lambda _visit: RedirectResponse("/arrivals", 303))),
            Route("/sign-in", open_(self.sign_in_page)),
            Route("/sign-in", open_(self.sign_in), methods=post),
            Route("/sign-out", signed_in(self.sign_out), methods=post),
            Route("/first-run/{token}", open_(self.first_run_page)),
            Route("/first-run", open_(self.first_run), methods=post),
            Route("/language", open_(self.language), methods=post),
            Route("/privacy", signed_in(self.privacy), methods=post),
            Route("/me", signed_in(self.me)),
            Route("/me/password", signed_in(self.my_password), methods=post),
            Route("/me/second-factor", signed_in(self.second_factor), methods=post),
            Route("/me/second-factor/stop", signed_in(self.no_second_factor), methods=post),
            Route("/accounts", admin(self.all_accounts)),
            Route("/accounts", admin(self.create), methods=post),
            Route("/accounts/{name}/enable", admin(self.enable), methods=post),
            Route("/accounts/{name}/password", admin(self.set_password), methods=post),
            Route("/log", admin(self.access_log)),
        ]

    # --- in and out ---------------------------------------------------------------------------------------------------

    def sign_in_page(self, visit: Visit) -> Response:
        """Ask for name and password."""
        return self.views.page("sign_in.html", visit, name="")

    def sign_in(self, visit: Visit) -> Response:
        """Let in, or say no more than is needed."""
        name = visit.field("name").strip().lower()
        answer = self.accounts.check(name, visit.field("password"), visit.field("code").strip(), visit.now)
        if isinstance(answer, Refusal):
            known = any(account.name == name for account in self.accounts.all())
            self.log.add(name if known else NOBODY, f"sign-in refused: {answer.value}", "", visit.now)
            return self.views.page("sign_in.html", visit, name=name, message=visit.say(answer.value), status=401)
        return self._signed_in(answer, visit)

    def sign_out(self, visit: Visit) -> Response:
        """End the session."""
        self.sessions.end(visit.request.cookies[COOKIE])
        self.log.add(visit.who, "signed out", "", visit.now)
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(COOKIE)
        return response

    def first_run_page(self, visit: Visit) -> Response:
        """Ask for the first administrator."""
        token: str = visit.request.path_params["token"]
        if not self._is_first(token):
            return self.views.page("message.html", visit, title="410", message=visit.say("first_run_over"), status=410)
        return self.views.page("first_run.html", visit, token=token, name="")

    def first_run(self, visit: Visit) -> Response:
        """Make the first administrator; the link is used up then."""
        token, name = visit.field("token"), visit.field("name").strip()
        if not self._is_first(token):
            return self.views.page("message.html", visit, title="410", message=visit.say("first_run_over"), status=410)
        try:
            account = self.accounts.create(name, Role.ADMIN, visit.field("password"))
        except BadConfig as error:
            return self.views.page("first_run.html", visit, token=token, name=name, message=str(error), status=422)
        self.first.used = True
        self.log.add(account.name, "account made: admin", account.name, visit.now)
        return self._signed_in(account, visit)

    def _is_first(self, token: str) -> bool:
        return self.first.takes(token) and not self.accounts.all()

    def _signed_in(self, account: Account, visit: Visit) -> Response:
        if (old := visit.request.cookies.get(COOKIE)) is not None:
            self.sessions.end(old)
        token = self.sessions.begin(account, visit.now)
        self.log.add(account.name, "signed in", "", visit.now)
        response = RedirectResponse("/arrivals", 303)
        response.set_cookie(COOKIE, token, max_age=int(LONGEST_S), httponly=True, secure=self.secure, samesite="strict")
        return response

    # --- how the page looks -------------------------------------------------------------------------------------------

    def language(self, visit: Visit) -> Response:
        """Change to the other language."""
        other = LANGUAGES[(LANGUAGES.index(visit.language) + 1) % len(LANGUAGES)]
        return self._remember(visit, "language", other)

    def privacy(self, visit: Visit) -> Response:
        """Show names without a touch, or hide them again."""
        self.log.add(visit.who, "names hidden" if visit.named else "names shown", "", visit.now)
        return self._remember(visit, "names", "hidden" if visit.named else "shown")

    def _remember(self, visit: Visit, name: str, value: str) -> Response:
        # Only a path of our own: the header is the browser's, and what it says leads nowhere else.
        referer = visit.request.headers.get("referer", "")
        path = "/sign-in" if visit.session is None else "/arrivals"
        for known in ("/accounts", "/log", "/me"):
            if referer.endswith(known):
                path = known
        response = RedirectResponse(path, 303)
        response.set_cookie(name, value, max_age=YEAR_S, httponly=True, secure=self.secure, samesite="strict")
        return response

    # --- my account ---------------------------------------------------------------------------------------------------

    def me(self, visit: Visit) -> Response:
        """Show what one can change for oneself."""
        return self._me(visit, self.new_secret())

    def my_password(self, visit: Visit) -> Response:
        """Change one's own password; all sessions end, this one as well."""
        if not self._knows_password(visit):
            return self._me(visit, self.new_secret(), message=visit.say("wrong"), status=422)
        try:
            self.accounts.set_password(visit.who, visit.field("password"))
        except BadConfig as error:
            return self._me(visit, self.new_secret(), message=str(error), status=422)
        self.log.add(visit.who, "password changed", visit.who, visit.now)
        return RedirectResponse("/sign-in", 303)

    def second_factor(self, visit: Visit) -> Response:
        """Ask for a code from now on, once a code has shown that the app has the secret."""
        secret = visit.field("secret")
        try:
            fits = pyotp.TOTP(secret).verify(visit.field("code").strip(), for_time=visit.now, valid_window=1)
        except ValueError:  # no Base32
            fits = False
        if not fits:
            return self._me(visit, self.new_secret(), message=visit.say("second_factor_wrong"), status=422)
        self.accounts.set_second_factor(visit.who, secret)
        self.log.add(visit.who, "second factor on", visit.who, visit.now)
        return RedirectResponse("/me", 303)

    def no_second_factor(self, visit: Visit) -> Response:
        """Do without a code, if the password is known."""
        if not self._knows_password(visit):
            return self._me(visit, self.new_secret(), message=visit.say("wrong"), status=422)
        self.accounts.set_second_factor(visit.who, None)
        self.log.add(visit.who, "second factor off", visit.who, visit.now)
        return RedirectResponse("/me", 303)

    def _knows_password(self, visit: Visit) -> bool:
        answer = self.accounts.check(visit.who, visit.field("old"), "", visit.now)
        return not isinstance(answer, Refusal) or answer is Refusal.CODE_MISSING

    def _me(self, visit: Visit, secret: str, *, message: str = "", status: int = 200) -> Response:
        address = pyotp.TOTP(secret).provisioning_uri(name=visit.who, issuer_name="Uketsuke")
        picture = segno.make(address).svg_data_uri(border=4, scale=4)
        return self.views.page(
            "me.html", visit, here="/me", message=message, status=status, secret=secret, picture=picture
        )

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
            return self._accounts(visit, message=str(error), status=422)
        self.log.add(visit.who, f"account made: {account.role.value}", account.name, visit.now)
        return RedirectResponse("/accounts", 303)

    def enable(self, visit: Visit) -> Response:
        """Let an account sign in, or not."""
        name, enabled = visit.request.path_params["name"], visit.field("enabled") == "yes"
        try:
            self.accounts.enable(name, enabled=enabled)
        except BadConfig as error:
            return self._accounts(visit, message=str(error), status=422)
        self.log.add(visit.who, "account enabled" if enabled else "account disabled", name, visit.now)
        return RedirectResponse("/accounts", 303)

    def set_password(self, visit: Visit) -> Response:
        """Give somebody another password."""
        name = visit.request.path_params["name"]
        try:
            self.accounts.set_password(name, visit.field("password"))
        except BadConfig as error:
            return self._accounts(visit, message=str(error), status=422)
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
            "accounts.html", visit, here="/accounts", accounts=self.accounts.all(), message=message, status=status
        )


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise BadConfig(f"one of {', '.join(Role)}", where="role") from error
