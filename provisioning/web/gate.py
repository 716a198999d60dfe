"""What every request passes: whose it is, whether a form is ours, and whether that person may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import URL, FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from provisioning.web.people import Session, Sessions, is_of
from provisioning.web.views import Views
from provisioning.web.visit import Visit
from provisioning.web.words import Words, language_of

COOKIE: Final = "session"
MAX_FIELDS: Final = 12
"""Of a form, unless its page says that it has more."""


Answer = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


class Gate:
    """Makes endpoints of functions that answer visits."""

    def __init__(
        self,
        sessions: Sessions,
        now: Callable[[], datetime],
        *,
        words: Words,
        views: Views,
        roles: Sequence[str],
        cookie: str = COOKIE,
    ) -> None:
        """`roles` are all there are, each may what those before it may; `cookie` holds the session's token."""
        self.cookie = cookie
        self._words = words
        self._views = views
        self._sessions = sessions
        self._now = now
        self._roles = list(roles)

    def open(self, answer: Answer) -> Endpoint:
        """Let everybody in."""
        return self._endpoint(answer, None)

    def signed_in(self, answer: Answer, *, fields: int = MAX_FIELDS, files: int = 0) -> Endpoint:
        """Let in who has signed in; send others to the page for that. `fields` and `files`: of a form, at most."""
        return self._endpoint(answer, self._roles[0], fields=fields, files=files)

    def admin(self, answer: Answer) -> Endpoint:
        """Let in administrators."""
        return self._endpoint(answer, self._roles[-1])

    def session_of(self, request: Request) -> Session | None:
        """Return who asks."""
        token = request.cookies.get(self.cookie)
        return None if token is None else self._sessions.find(token, self._now())

    def turn_away(self, request: Request, status: int, word: str) -> Response:
        """Answer with a page that says why there is no other."""
        visit = self._visit(request, FormData())
        return self._views.message(visit, status, visit.say(word))

    def _endpoint(self, answer: Answer, needs: str | None, *, fields: int = MAX_FIELDS, files: int = 0) -> Endpoint:
        @wraps(answer)
        async def endpoint(request: Request) -> Response:
            asked = request.method == "POST"
            form = await request.form(max_files=files, max_fields=fields) if asked else FormData()
            # Bases and the password's hash block; the loop goes on meanwhile.
            try:
                return await run_in_threadpool(self._answer, request, form, answer, needs)
            finally:
                await form.close()

        return endpoint

    def _answer(self, request: Request, form: FormData, answer: Answer, needs: str | None) -> Response:
        visit = self._visit(request, form)
        session = visit.session
        if request.method == "POST" and not _is_ours(request, session, visit.field("csrf")):
            return self._views.message(visit, 403, visit.say("expired_form"))
        if needs is not None:
            if session is None:
                return PlainTextResponse("", 401) if visit.in_parts else RedirectResponse("/sign-in", 303)
            if self._roles.index(session.account.role) < self._roles.index(needs):
                return self._views.message(visit, 403, visit.say("not_allowed"))
        return answer(visit)

    def _visit(self, request: Request, form: FormData) -> Visit:
        return Visit(
            request=request,
            now=self._now(),
            language=language_of(request.cookies),
            words=self._words,
            session=self.session_of(request),
            form=form,
        )


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
