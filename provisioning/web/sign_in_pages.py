"""The pages that every person meets: signing in and out, the language, one's own password and second factor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pyotp
import segno
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from device.domain.errors import BadConfig
from device.wire.texts import LANGUAGES
from provisioning.web.gate import Gate
from provisioning.web.people import LONGEST_S, Account, Accounts, Journal, Refusal, Sessions
from provisioning.web.views import Views
from provisioning.web.visit import Visit

NOBODY: Final = "?"
"""Who failed to sign in under a name that no account has: what was typed there may be a password."""
YEAR_S: Final = 31_536_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPages:
    """Answers about the person who asks."""

    accounts: Accounts
    sessions: Sessions
    journal: Journal
    views: Views
    gate: Gate
    home: str
    """Where one is after signing in."""
    secure: bool
    """The page is served over TLS, so the cookies may ask for it."""
    issuer: str = "Uketsuke"
    """What an authenticator app calls the code."""
    new_secret: Callable[[], str] = pyotp.random_base32

    def routes(self) -> list[Route]:
        """Return where they are."""
        open_, signed_in, post = self.gate.open, self.gate.signed_in, ["POST"]
        return [
            Route("/", open_(lambda _visit: RedirectResponse(self.home, 303))),
            Route("/sign-in", open_(self.sign_in_page)),
            Route("/sign-in", open_(self.sign_in), methods=post),
            Route("/sign-out", signed_in(self.sign_out), methods=post),
            Route("/language", open_(self.language), methods=post),
            Route("/me", signed_in(self.me)),
            Route("/me/password", signed_in(self.my_password), methods=post),
            Route("/me/second-factor", signed_in(self.second_factor), methods=post),
            Route("/me/second-factor/stop", signed_in(self.no_second_factor), methods=post),
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
            who = name if self.accounts.known(name) else NOBODY
            self.journal.add(who, f"sign-in refused: {answer.value}", "", visit.now)
            return self.views.page("sign_in.html", visit, name=name, message=visit.say(answer.value), status=401)
        return self.signed_in(answer, visit)

    def signed_in(self, account: Account, visit: Visit) -> Response:
        """Begin a session and show the first page."""
        if (old := visit.request.cookies.get(self.gate.cookie)) is not None:
            self.sessions.end(old)
        token = self.sessions.begin(account, visit.now)
        self.journal.add(account.name, "signed in", "", visit.now)
        response = RedirectResponse(self.home, 303)
        response.set_cookie(
            self.gate.cookie, token, max_age=int(LONGEST_S), httponly=True, secure=self.secure, samesite="strict"
        )
        return response

    def sign_out(self, visit: Visit) -> Response:
        """End the session."""
        self.sessions.end(visit.request.cookies[self.gate.cookie])
        self.journal.add(visit.who, "signed out", "", visit.now)
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(self.gate.cookie)
        return response

    def language(self, visit: Visit) -> Response:
        """Change to the other language."""
        other = LANGUAGES[(LANGUAGES.index(visit.language) + 1) % len(LANGUAGES)]
        return self.remember(visit, "language", other)

    def remember(self, visit: Visit, name: str, value: str) -> Response:
        """Set a browser's preference and go back to where it came from."""
        # Only a path of our own: the header is the browser's, and what it says leads nowhere else.
        referer = visit.request.headers.get("referer", "")
        path = "/sign-in" if visit.session is None else self.home
        for known in self.views.places:
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
            return self._me(visit, self.new_secret(), message=visit.tell(error), status=422)
        self.journal.add(visit.who, "password changed", visit.who, visit.now)
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
        self.journal.add(visit.who, "second factor on", visit.who, visit.now)
        return RedirectResponse("/me", 303)

    def no_second_factor(self, visit: Visit) -> Response:
        """Do without a code, if the password is known."""
        if not self._knows_password(visit):
            return self._me(visit, self.new_secret(), message=visit.say("wrong"), status=422)
        self.accounts.set_second_factor(visit.who, None)
        self.journal.add(visit.who, "second factor off", visit.who, visit.now)
        return RedirectResponse("/me", 303)

    def _knows_password(self, visit: Visit) -> bool:
        answer = self.accounts.check(visit.who, visit.field("old"), "", visit.now)
        return not isinstance(answer, Refusal) or answer is Refusal.CODE_MISSING

    def _me(self, visit: Visit, secret: str, *, message: str = "", status: int = 200) -> Response:
        address = pyotp.TOTP(secret).provisioning_uri(name=visit.who, issuer_name=self.issuer)
        picture = segno.make(address).svg_data_uri(border=4, scale=4)
        return self.views.page(
            "me.html", visit, here="/me", message=message, status=status, secret=secret, picture=picture
        )
