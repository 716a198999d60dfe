"""Puts the screen together: what it is made of, and where its pages are."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from starlette.applications import Starlette

from clinic.desk import Desk
from clinic.screen.access_log import AccessLog
from clinic.screen.account_pages import AccountPages, FirstRun
from clinic.screen.accounts import Accounts, Role
from clinic.screen.arrival_pages import ArrivalPages
from clinic.screen.database import Database
from clinic.screen.disaster_pages import DisasterPages
from clinic.screen.sessions import Sessions
from clinic.screen.views import PACKAGE, screen_views
from provisioning.web.application import build_application
from provisioning.web.gate import Gate
from provisioning.web.sign_in_pages import SignInPages
from provisioning.web.words import Words


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
    words, views = Words(PACKAGE), screen_views()
    gate = Gate(sessions, parts.now, words=words, views=views, roles=list(Role))
    first = FirstRun(parts.token(24).hex())
    sign_in = SignInPages(
        accounts=accounts,
        sessions=sessions,
        journal=access,
        views=views,
        gate=gate,
        home="/arrivals",
        secure=parts.secure,
    )
    people = AccountPages(accounts=accounts, sign_in=sign_in, log=access, views=views, gate=gate, first=first)
    arrivals = ArrivalPages(desk=parts.desk, views=views, gate=gate, log=access, fade_after=parts.fade_after)
    disaster = DisasterPages(desk=parts.desk, views=views, gate=gate, log=access)
    app = build_application(
        [*people.routes(), *arrivals.routes(), *disaster.routes()],
        package=PACKAGE,
        gate=gate,
        words=words,
        hosts=parts.hosts,
        secure=parts.secure,
    )
    return Screen(app, None if accounts.all() else f"/first-run/{first.token}", access)
