"""What the console's templates need beside words and times."""

from __future__ import annotations

import json
from typing import Any, Final

from device.domain.reasons import Reason
from device.wire.reasons import entry
from device.wire.texts import Text
from provisioning.console.faces import LETTERS, Face
from provisioning.fleet.roles import Role
from provisioning.web.views import Views

PACKAGE: Final = "provisioning.console"
MENU: Final = (
    (Role.VIEWER, "/units", "map"),
    (Role.VIEWER, "/settings", "settings"),
    (Role.VIEWER, "/rollouts", "rollouts"),
    (Role.ADMIN, "/import", "import"),
    (Role.VIEWER, "/approvals", "approvals"),
    (Role.VIEWER, "/audit", "audit"),
    (Role.ADMIN, "/accounts", "accounts"),
    (Role.VIEWER, "/me", "my_account"),
)


def console_views() -> Views:
    """Return the console's pages."""
    return Views(
        PACKAGE,
        lambda role: [(path, word) for needs, path, word in MENU if Role(role).covers(needs)],
        places=[path for _, path, _ in MENU],
        helpers={
            "faces": [(face.value, LETTERS[face]) for face in Face],
            "letters": LETTERS,
            "cause_of": cause_of,
            "as_json": as_json,
            "may": lambda session, role: session is not None and Role(session.account.role).covers(Role(role)),
        },
    )


def cause_of(code: str) -> Text:
    """Return what a unit's trouble means."""
    return entry(Reason(code)).cause


def as_json(value: Any) -> str:  # noqa: ANN401  a value of a setting
    """Return a setting's value as one types it; nothing for one that is not set."""
    return "" if value is None else json.dumps(value, ensure_ascii=False)
