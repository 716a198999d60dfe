"""What a unit knows of its visitor, in one place, so that forgetting is one call.

Only the mailbox's thread touches it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from device.app.portrait_work import PortraitWork
from device.domain.values import ReceptionId
from device.face.embed import Template
from device.face.liveness import LivenessRun


@dataclass(slots=True)
class VisitorMemory:
    """Evidence of one visit. Nothing of it is ever logged, stored or sent except sealed for the clinic."""

    reception: ReceptionId
    started_at: datetime
    certificate: bytes | None = field(default=None, repr=False)
    challenge: bytes | None = field(default=None, repr=False)
    signature: bytes | None = field(default=None, repr=False)
    portrait: PortraitWork | None = field(default=None, repr=False)
    liveness: LivenessRun | None = field(default=None, repr=False)
    sealed: str | None = field(default=None, repr=False)
    consented_at: datetime | None = None
    attendant: str | None = None
    """Whose passcode opened the attendant's check."""

    @property
    def template(self) -> Template | None:
        """What frames are scored against; None before it is made."""
        return None if self.portrait is None else self.portrait.template

    def forget(self) -> None:
        """Overwrite what can be overwritten and let go of the rest."""
        if self.portrait is not None:
            self.portrait.forget()
        if self.liveness is not None:
            self.liveness.wipe()
        self.certificate = self.challenge = self.signature = self.portrait = self.liveness = self.sealed = None
