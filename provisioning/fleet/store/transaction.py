"""One transaction: the verbs of every table family, over one connection, at one moment, for one actor."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from provisioning.fleet.store.approvals import ApprovalVerbs
from provisioning.fleet.store.audit import AuditVerbs
from provisioning.fleet.store.bench import BenchVerbs
from provisioning.fleet.store.bundles import BundleVerbs
from provisioning.fleet.store.certificates import CertificateVerbs
from provisioning.fleet.store.claims import ClaimVerbs
from provisioning.fleet.store.failures import FailureVerbs
from provisioning.fleet.store.jobs import JobVerbs
from provisioning.fleet.store.people import PeopleVerbs
from provisioning.fleet.store.profiles import ProfileVerbs
from provisioning.fleet.store.twins import TwinVerbs
from provisioning.fleet.store.units import UnitVerbs


class Transaction:
    """What can be read and written; all of it counts together."""

    def __init__(self, base: Connection, *, now: datetime, actor: str, audit_key: bytes) -> None:
        self.now = now
        self.actor = actor
        self.audit = AuditVerbs(base, now=now, actor=actor, key=audit_key)
        self.units = UnitVerbs(base, now=now)
        self.claims = ClaimVerbs(base, now=now)
        self.certificates = CertificateVerbs(base, now=now)
        self.twins = TwinVerbs(base, now=now, actor=actor)
        self.profiles = ProfileVerbs(base, now=now, actor=actor)
        self.jobs = JobVerbs(base, now=now, actor=actor)
        self.failures = FailureVerbs(base, now=now)
        self.bundles = BundleVerbs(base, now=now)
        self.bench = BenchVerbs(base, now=now)
        self.approvals = ApprovalVerbs(base, now=now, actor=actor)
        self.people = PeopleVerbs(base, now=now)

    def finish(self) -> None:
        """Write what waits for the end."""
        self.audit.write()
