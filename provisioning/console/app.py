"""Puts the console together: what it is made of, and where its pages are."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from device.wire.fleet import MAX_SETTINGS
from provisioning.console.approval_pages import ApprovalPages
from provisioning.console.audit_pages import AuditPages
from provisioning.console.entry_pages import MAX_LIST, EntryPages
from provisioning.console.map_pages import MapPages
from provisioning.console.people_pages import PeoplePages
from provisioning.console.rollout_pages import RolloutPages
from provisioning.console.settings_pages import SettingsPages
from provisioning.console.unit_pages import UnitPages
from provisioning.console.views import PACKAGE, console_views
from provisioning.console.watch import Watch
from provisioning.fleet.accounts import ConsoleJournal, FleetAccounts, FleetSessions
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.roles import Role
from provisioning.web.application import build_application
from provisioning.web.gate import Gate
from provisioning.web.live import events
from provisioning.web.sign_in_pages import SignInPages
from provisioning.web.words import Words

MAX_FORM = 4 * MAX_SETTINGS
"""Bytes of a layer in a form."""
PAGES = (MapPages, UnitPages, SettingsPages, RolloutPages, EntryPages, ApprovalPages, AuditPages)
COOKIE = "fleet_session"
"""Not the reception screen's: browsers keep cookies by machine, whatever the port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleParts:
    """What the console is made of."""

    fleet: Fleet
    watch: Watch
    hosts: Sequence[str]
    secure: bool
    accounts: FleetAccounts | None = None
    now: Callable[[], datetime] = utc_now
    token: Callable[[int], bytes] = secrets.token_bytes


def build_console(parts: ConsoleParts) -> Starlette:
    """Return the console, ready to be served."""
    store = parts.fleet.store
    accounts = parts.accounts or FleetAccounts(store, parts.now)
    sessions = FleetSessions(store, parts.now, parts.token)
    words, views = Words(PACKAGE), console_views()
    gate = Gate(sessions, parts.now, words=words, views=views, roles=list(Role), cookie=COOKIE)
    sign_in = SignInPages(
        accounts=accounts,
        sessions=sessions,
        journal=ConsoleJournal(store),
        views=views,
        gate=gate,
        home="/units",
        secure=parts.secure,
        issuer="Uketsuke fleet",
    )

    async def changes(request: Request) -> Response:
        return await events(request, gate, parts.watch.subscribe)

    return build_application(
        [
            *sign_in.routes(),
            *PeoplePages(fleet=parts.fleet, accounts=accounts, sign_in=sign_in, views=views, gate=gate).routes(),
            *(route for kind in PAGES for route in kind(fleet=parts.fleet, views=views, gate=gate).routes()),
            Route("/events", changes),
        ],
        package=PACKAGE,
        gate=gate,
        words=words,
        hosts=parts.hosts,
        secure=parts.secure,
        larger={"/import": MAX_LIST, "/settings/preview": MAX_FORM, "/settings/send": MAX_FORM},
    )
