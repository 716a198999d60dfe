"""What the console's templates need beside words and times."""

from __future__ import annotations

import json
from typing import Any, Final

from device.domain.reasons import Reason
from device.wire.findings import words_for
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
            "found_by": found_by,
            "as_json": as_json,
            "may": lambda session, role: session is not None and Role(session.account.role).covers(Role(role)),
        },
    )


def cause_of(code: str) -> Text:
    """Return what a unit's trouble means; a newer unit may say one that is not known here."""
    return entry(Reason(code)).cause if code in set(Reason) else Text(ja=code, en=code)


def found_by(code: str) -> tuple[Text, str]:
    """Return what a finding of a unit's examination means, and its tone."""
    known = words_for(code)
    if known is None:
        return Text(ja=code, en=code), "attention"
    return known.what, {"notice": "quiet", "warning": "attention", "error": "stop"}[known.severity]


def as_json(value: Any) -> str:  # noqa: ANN401  a value of a setting
    """Return a setting's value as one types it; nothing for one that is not set."""
    return "" if value is None else json.dumps(value, ensure_ascii=False)
