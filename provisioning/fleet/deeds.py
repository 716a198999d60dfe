"""What people do to a fleet, as data: it can be checked, kept until a second person agrees, and done then."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from provisioning.fleet.roles import Role
from provisioning.rollouts.plan import RolloutPlan

Why = Annotated[str, Meta(min_length=1, max_length=400)]
"""The reason, for the audit."""
Change = Literal["pause", "resume", "abort", "roll_back"]


class _Deed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="deed"):
    needs: ClassVar[Role] = Role.ADMIN
    """The least role that may."""
    kind: ClassVar[str] = ""
    """As `[service] two_people` calls it."""


class _OnUnit(_Deed, frozen=True, kw_only=True):
    unit: str
    """Its name or serial number."""
    why: Why

    @property
    def subject(self) -> str:
        """What it is done to."""
        return self.unit


class Revoke(_OnUnit, frozen=True, kw_only=True, tag="revoke"):
    """Shut a unit out, now."""

    kind: ClassVar[str] = "revoke"


class Quarantine(_OnUnit, frozen=True, kw_only=True, tag="quarantine"):
    """Let a unit serve no visitor."""

    needs: ClassVar[Role] = Role.OPERATOR
    kind: ClassVar[str] = "quarantine"


class Release(_OnUnit, frozen=True, kw_only=True, tag="release"):
    """Let a quarantined unit serve again."""

    needs: ClassVar[Role] = Role.OPERATOR
    kind: ClassVar[str] = "release"


class Decommission(_OnUnit, frozen=True, kw_only=True, tag="decommission"):
    """Have a unit wipe itself; or, written off, put it out without a word of its own."""

    kind: ClassVar[str] = "decommission"
    written_off: bool = False


class ClearAlarm(_OnUnit, frozen=True, kw_only=True, tag="clear_alarm"):
    """Put a unit's alarm out, after somebody has looked."""

    needs: ClassVar[Role] = Role.OPERATOR


class AskLogs(_Deed, frozen=True, kw_only=True, tag="ask_logs"):
    """Ask a unit for its last log lines."""

    needs: ClassVar[Role] = Role.OPERATOR
    unit: str

    @property
    def subject(self) -> str:
        """What it is done to."""
        return self.unit


class NewTicket(_Deed, frozen=True, kw_only=True, tag="ticket"):
    """Give a unit a new ticket in place of the earlier one."""

    kind: ClassVar[str] = "claim"
    unit: str

    @property
    def subject(self) -> str:
        """What it is done to."""
        return self.unit


class Newcomer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of a list that was checked."""

    serial: str
    site: str = ""
    profile: str = ""


class ImportUnits(_Deed, frozen=True, kw_only=True, tag="import"):
    """Bring units in, with a ticket each."""

    kind: ClassVar[str] = "import"
    units: tuple[Newcomer, ...]

    @property
    def subject(self) -> str:
        """What it is done to."""
        return f"{len(self.units)} units"


class SetLayer(_Deed, frozen=True, kw_only=True, tag="settings"):
    """Write the next version of a layer of settings."""

    needs: ClassVar[Role] = Role.OPERATOR
    kind: ClassVar[str] = "twin"
    scope: str
    settings: dict[str, dict[str, Any]]
    expected: int
    """The version that the person looked at."""
    why: Why

    @property
    def subject(self) -> str:
        """What it is done to."""
        return self.scope


class StartRollout(_Deed, frozen=True, kw_only=True, tag="start_rollout"):
    """Let a version go out in waves."""

    needs: ClassVar[Role] = Role.OPERATOR
    kind: ClassVar[str] = "rollout"
    plan: RolloutPlan
    site: str | None = None
    profile: str | None = None
    why: Why

    @property
    def subject(self) -> str:
        """What it is done to."""
        return f"{self.plan.part} {self.plan.version}"


class ChangeRollout(_Deed, frozen=True, kw_only=True, tag="change_rollout"):
    """Pause, resume, abort or roll back. To hold one must never wait: that needs no second person."""

    needs: ClassVar[Role] = Role.OPERATOR
    kind: ClassVar[str] = "rollout"
    rollout: str
    change: Change
    why: Why

    @property
    def subject(self) -> str:
        """What it is done to."""
        return self.rollout


class _OnPerson(_Deed, frozen=True, kw_only=True):
    kind: ClassVar[str] = "account"
    person: str

    @property
    def subject(self) -> str:
        """What it is done to."""
        return self.person


class AddPerson(_OnPerson, frozen=True, kw_only=True, tag="add_person"):
    """Make an account; what comes of it is a link that is good once."""

    role: Role


class SetRole(_OnPerson, frozen=True, kw_only=True, tag="set_role"):
    """Let a person do more or less."""

    role: Role


class RemovePerson(_OnPerson, frozen=True, kw_only=True, tag="remove_person"):
    """Let a person do nothing any more."""


class LinkFor(_OnPerson, frozen=True, kw_only=True, tag="link"):
    """Give a person a new link, as for a forgotten password; it takes their second factor away."""


ToUnit = Revoke | Quarantine | Release | Decommission | ClearAlarm | AskLogs
Deed = (
    ToUnit
    | NewTicket
    | ImportUnits
    | SetLayer
    | StartRollout
    | ChangeRollout
    | AddPerson
    | SetRole
    | RemovePerson
    | LinkFor
)


def guarded_as(deed: Deed) -> str:
    """Return what `[service] two_people` calls a deed; empty for what one person may always do alone."""
    if isinstance(deed, ChangeRollout) and deed.change != "resume":
        return ""
    return deed.kind
