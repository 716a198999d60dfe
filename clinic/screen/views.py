"""What the reception screen's templates need beside words and times: tones of units, kana, hours that are left."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from clinic.screen.accounts import Role
from device.wire.reasons import entry
from provisioning.web.views import Views
from provisioning.web.visit import Visit

PACKAGE = "clinic.screen"
MENU = (("/arrivals", "arrivals"), ("/today", "day_list"), ("/disaster", "disaster"), ("/me", "my_account"))
ADMIN_MENU = (("/accounts", "accounts"), ("/log", "access_log"))
UNIT_TONES = {
    "ready": "good",
    "reading": "good",
    "needs_staff": "attention",
    "impaired": "attention",
    "offline": "stop",
}


def screen_views() -> Views:
    """Return the screen's pages."""
    return Views(
        PACKAGE,
        lambda role: MENU + (ADMIN_MENU if role == Role.ADMIN else ()),
        places=("/accounts", "/log", "/me"),
        helpers={
            "is_named": is_named,
            "hours": _hours,
            "kana": full_width,
            "told": told,
            "unit_tones": UNIT_TONES,
            "cause_of": lambda code: entry(code).cause,
        },
    )


def is_named(visit: Visit) -> bool:
    """Tell whether names are shown without being touched."""
    return visit.request.cookies.get("names") == "shown"


def told(what: str, visit: Visit) -> str:
    """Return what the access log says that was done, in the reader's words; what has none stays as it is."""
    action, colon, more = what.partition(": ")
    key = "did_" + re.sub("[ -]", "_", action).lower()
    return (visit.say(key) if key in visit.words else action) + colon + more


def _hours(remaining: timedelta | None) -> int:
    """Return begun hours: half an hour is still "1 hour"."""
    return 0 if remaining is None else -(-int(remaining.total_seconds()) // 3600)


def full_width(text: str) -> str:
    """Return half-width kana in the width that is easy to read."""
    return unicodedata.normalize("NFKC", text)
