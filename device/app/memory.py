"""What a unit knows of its visitor, in one place, so that forgetting is one call.

Only the mailbox's thread touches it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

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
    template: Template | None = field(default=None, repr=False)
    liveness: LivenessRun | None = field(default=None, repr=False)
    sealed: str | None = field(default=None, repr=False)
    consented_at: datetime | None = None
    attendant: str | None = None
    """Whose passcode opened the attendant's check."""

    def forget(self) -> None:
        """Overwrite what can be overwritten and let go of the rest."""
        if self.template is not None:
            self.template.wipe()
        if self.liveness is not None:
            self.liveness.wipe()
        self.certificate = self.challenge = self.signature = self.template = self.liveness = self.sealed = None
