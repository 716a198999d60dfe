"""Puts the screen together: what it is made of, where its pages are, what it says when something is not there."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from clinic.desk import Desk
from clinic.screen.access_log import AccessLog
from clinic.screen.account_pages import AccountPages, FirstRun
from clinic.screen.accounts import Accounts
from clinic.screen.arrival_pages import ArrivalPages
from clinic.screen.database import Database
from clinic.screen.disaster_pages import DisasterPages
from clinic.screen.gate import Gate, Walls
from clinic.screen.sessions import Sessions
from clinic.screen.views import Views
from clinic.screen.words import language_of, say

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenParts:
    """What the screen is made of."""

    desk: Desk
    database: Database
    log_key: bytes = field(repr=False)
    hosts: Sequence[str]
    """Names and addresses under which browsers may ask for it; others are turned away (DNS rebinding)."""
    secure: bool
    fade_after: timedelta = timedelta(minutes=30)
    now: Callable[[], datetime] = utc_now
    token: Callable[[int], bytes] = secrets.token_bytes
    accounts: Accounts | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """The application, and what its owner may want to say about it."""

    app: Starlette
    first_run: str | None = field(repr=False)
    """Path of the page for the first administrator; None where there are accounts already."""
    log: AccessLog


def build_screen(parts: ScreenParts) -> Screen:
    """Return the screen, ready to be served."""
    accounts = parts.accounts or Accounts(parts.database)
    sessions = Sessions(parts.database, parts.token)
    access = AccessLog(parts.database, parts.log_key)
    gate, views = Gate(sessions, parts.now), Views()
    first = FirstRun(parts.token(24).hex())
    people = AccountPages(
        accounts=accounts, sessions=sessions, log=access, views=views, gate=gate, first=first, secure=parts.secure
    )
    arrivals = ArrivalPages(desk=parts.desk, views=views, gate=gate, log=access, fade_after=parts.fade_after)
    disaster = DisasterPages(desk=parts.desk, views=views, gate=gate, log=access)
    app = Starlette(
        routes=[
            *people.routes(),
            *arrivals.routes(),
            *disaster.routes(),
            Mount("/static", _KeptFiles(packages=[("clinic.screen", "static")])),
        ],
        middleware=[
            Middleware(Walls, secure=parts.secure),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(parts.hosts), www_redirect=False),
        ],
        exception_handlers={HTTPException: _not_so, ClientDisconnect: _gone, Exception: _trouble},
    )
    return Screen(app, None if accounts.all() else f"/first-run/{first.token}", access)


class _KeptFiles(StaticFiles):
    """Static files, kept by browsers for good: their addresses change with what is in them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


async def _not_so(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return PlainTextResponse(say("not_found", language_of(request.cookies)), status)


async def _gone(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("", 400)


async def _trouble(request: Request, error: Exception) -> Response:
    # The text of an unforeseen error may quote what was being shown.
    log.error("screen: %s at %s", type(error).__name__, request.scope.get("route"))
    return PlainTextResponse(say("trouble", language_of(request.cookies)), 500)
