"""What every request passes: whose it is, whether a form is ours, how much it may say, what browsers may do with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import URL, FormData, Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic.screen.accounts import Role
from clinic.screen.sessions import Session, Sessions, is_of
from clinic.screen.words import language_of, say

COOKIE: Final = "session"
MAX_BODY: Final = 16_384
"""Bytes: the longest form has two passwords."""
MAX_FIELDS: Final = 12

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers would then send no origin with our own forms either.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser."""

    request: Request
    now: datetime
    language: str
    named: bool
    """Names are shown without being touched."""
    session: Session | None
    form: FormData

    def say(self, key: str, **values: object) -> str:
        """Return a word of the screen in the browser's language."""
        return say(key, self.language, **values)

    def field(self, name: str) -> str:
        """Return what a field of the form says; empty when it is not there."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def who(self) -> str:
        """The account; only for pages behind the gate."""
        if self.session is None:
            raise LookupError("nobody is signed in")
        return self.session.account.name

    @property
    def in_parts(self) -> bool:
        """The page's script asks; it wants a part, not a page."""
        return self.request.headers.get("x-part") == "rows"


Answer = Callable[[Visit], Response]


class Gate:
    """Makes endpoints of functions that answer visits."""

    def __init__(self, sessions: Sessions, now: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._now = now

    def open(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """Let everybody in."""
        return self._endpoint(answer, None)

    def signed_in(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """Let in who has signed in; send others to the page for that."""
        return self._endpoint(answer, Role.DESK)

    def admin(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """Let in administrators."""
        return self._endpoint(answer, Role.ADMIN)

    def session_of(self, request: Request) -> Session | None:
        """Return who asks."""
        token = request.cookies.get(COOKIE)
        return None if token is None else self._sessions.find(token, self._now())

    def _endpoint(self, answer: Answer, needs: Role | None) -> Callable[[Request], Awaitable[Response]]:
        @wraps(answer)
        async def endpoint(request: Request) -> Response:
            form = await request.form(max_files=0, max_fields=MAX_FIELDS) if request.method == "POST" else FormData()
            # SQLite and the password's hash block; the loop goes on meanwhile.
            return await run_in_threadpool(self._answer, request, form, answer, needs)

        return endpoint

    def _answer(self, request: Request, form: FormData, answer: Answer, needs: Role | None) -> Response:
        session = self.session_of(request)
        visit = Visit(
            request=request,
            now=self._now(),
            language=language_of(request.cookies),
            named=request.cookies.get("names") == "shown",
            session=session,
            form=form,
        )
        if request.method == "POST" and not _is_ours(request, session, visit.field("csrf")):
            return PlainTextResponse(visit.say("expired_form"), 403)
        if needs is not None:
            if session is None:
                return PlainTextResponse("", 401) if visit.in_parts else RedirectResponse("/sign-in", 303)
            if needs is Role.ADMIN and session.account.role is not Role.ADMIN:
                return PlainTextResponse(visit.say("not_allowed"), 403)
        return answer(visit)


class Walls:
    """Around everything: bounds on what comes in, headers on what goes out."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = dict(HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdecimal() or int(said) > MAX_BODY:
            await PlainTextResponse("too long", 413)(scope, receive, send)
            return
        heard = 0

        async def bounded() -> Message:
            nonlocal heard
            message = await receive()
            heard += len(message.get("body", b""))
            if heard > MAX_BODY:
                # Whoever sends more than a form holds is no browser of ours: the rest is not read.
                return {"type": "http.disconnect"}
            return message

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, bounded, marked)


def _is_ours(request: Request, session: Session | None, csrf: str) -> bool:
    """Tell whether a form was sent from one of our pages: by the browser's word, and by the session's token."""
    origin = request.headers.get("origin")
    if origin is not None:
        there = URL(origin)
        if (there.scheme, there.netloc) != (request.url.scheme, request.url.netloc):
            return False
    elif request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return False
    return session is None or is_of(session, csrf)
