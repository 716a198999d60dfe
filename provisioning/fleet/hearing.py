"""What units say: that they are there, how they are, what they are set to, what they did on command.

A copied memory card is told in two ways. Two boards that take turns under one name bring their birth ids in turns, and
a unit never goes back to an earlier one; and a board says its own number's digest, which is another one on the copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.fleet import (
    CertificateIssued,
    CertificateRefused,
    CertificateWanted,
    Diagnosis,
    Health,
    LogBundle,
    TwinReport,
    WipeReceipt,
)
from device.wire.messages import Status
from device.wire.sealing import verify
from provisioning.fleet.enforcement import SHUT_OUT_JOB
from provisioning.fleet.issuing import Issuer
from provisioning.fleet.orders import OrderDesk
from provisioning.fleet.requests import check_request
from provisioning.fleet.say import Say
from provisioning.fleet.store.jobs import NewJob
from provisioning.fleet.store.states import JobState, UnitState
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.store.units import Heard, Unit
from provisioning.fleet.twinning import TWIN_JOB

BIRTHS_KEPT = 8
CERT_EXPIRY_S = 3_600

_LIVES = (UnitState.PENDING, UnitState.ACTIVE, UnitState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class UnitDesk:
    """Hears units."""

    orders: OrderDesk
    issuer: Issuer
    log_lifetime: timedelta

    def status(self, work: Transaction, name: UnitId, payload: bytes) -> list[Say]:
        """Note that a unit is there or is gone. The first time it is there, it becomes active."""
        status: Status = decode(payload, Status)
        if status.unit != name:
            raise _refused("the status names another unit")
        unit = _alive(work, name)
        if status.state == "offline":
            # The late last will of an earlier life says nothing about this one.
            if status.birth_id == unit.birth_id:
                self._note(work, unit, online=False, birth_id=unit.birth_id, firmware=unit.firmware)
            return []
        if unit.state is UnitState.PENDING:
            work.units.move(unit, UnitState.ACTIVE, "heard under its own name")
            work.claims.burn(name)
            work.audit.note("unit.active", name, firmware=status.version, birth=status.birth_id)
        self._note(work, unit, online=True, birth_id=status.birth_id, firmware=status.version)
        return []

    def health(self, work: Transaction, name: UnitId, payload: bytes) -> list[Say]:
        """Note how a unit is."""
        health: Health = decode(payload, Health)
        unit = _alive(work, name)
        self._note(
            work,
            unit,
            online=True,
            birth_id=health.birth_id,
            firmware=health.version,
            health=encode(health).decode(),
        )
        if unit.hardware and health.hardware != unit.hardware and unit.alarm is None:
            _alarm(
                work, unit, "it speaks from another board than it was claimed on: its memory card was copied or moved"
            )
        if health.certificate is not None and health.certificate != unit.certificate:
            _renewed(work, unit, health.certificate)
        return []

    def twin(self, work: Transaction, name: UnitId, payload: bytes) -> list[Say]:
        """Note what a unit is set to; send it what it should be set to, if that is newer."""
        report: TwinReport = decode(payload, TwinReport)
        unit = _alive(work, name)
        about_wanted = report.about == unit.twin_version
        told = encode(report).decode()
        if (report.version, report.status, told) != (unit.twin_reported, unit.twin_status, unit.twin_report):
            work.units.twin_told(name, version=report.version, status=report.status, report=told)
            if report.status != "none":
                work.audit.note(
                    f"twin.{report.status}", name, version=report.version, about=report.about, errors=report.errors
                )
        refused = about_wanted and report.status in {"rejected", "rolled_back"}
        if refused or report.version >= unit.twin_version:
            state = JobState.SUCCEEDED
            if refused:
                state = JobState.REJECTED if report.status == "rejected" else JobState.ROLLED_BACK
            for job in work.jobs.listed(unit=name, states=[JobState.QUEUED, JobState.SENT]):
                if job.kind == TWIN_JOB:
                    work.jobs.settle(job.job, state, outcome={"errors": report.errors})
            return []
        twin = work.twins.get(name)
        return [] if twin is None else [self.orders.send_twin(work, twin)]

    def csr(self, work: Transaction, name: UnitId, payload: bytes) -> list[Say]:
        """Give a unit its next certificate."""
        wanted: CertificateWanted = decode(payload, CertificateWanted)
        unit = _alive(work, name)
        answer: CertificateIssued | CertificateRefused
        try:
            issued = self.issuer.issue(work, name, check_request(wanted.csr))
        except MessageError as error:
            work.audit.note("certificate.refused", name, why=str(error))
            answer = CertificateRefused(nonce=wanted.nonce, words=str(error))
        else:
            until = issued.certificate.not_valid_after_utc
            work.audit.note(
                "certificate.issued",
                name,
                certificate=f"{issued.certificate.serial_number:x}",
                until=f"{until:%Y-%m-%d}",
                before=unit.certificate,
            )
            answer = CertificateIssued(nonce=wanted.nonce, certificate=issued.der, rescue=issued.rescue_der)
        return [Say(topics.down(name, topics.Down.CERT), encode(answer), CERT_EXPIRY_S)]

    def diagnosis(self, work: Transaction, name: UnitId, payload: bytes) -> list[Say]:
        """Keep what a unit sent for diagnosis, or its word that it wiped itself."""
        said: Diagnosis = decode(payload, Diagnosis)
        if isinstance(said, LogBundle):
            _alive(work, name)
            self._settle(work, name, said.command_id, {"bytes": len(said.content), "redactions": said.redactions})
            work.bundles.keep(said.command_id, name, said.content, until=work.now + self.log_lifetime)
            work.audit.note("logs.received", name, command=said.command_id, bytes=len(said.content))
            return []
        unit = work.units.get(name, lock=True)
        authority = self.issuer.authority.certificate
        receipt: WipeReceipt = decode(verify(said.jws, speaker=name, authority=authority, at=work.now), WipeReceipt)
        if receipt.unit != name or unit is None:
            raise _refused("the receipt names another unit")
        self._settle(work, name, receipt.command_id, {"receipt": said.jws, "left": receipt.left})
        work.audit.note("unit.wiped", name, wiped=receipt.wiped, left=receipt.left, receipt=said.jws)
        if unit.state is not UnitState.DECOMMISSIONED:
            work.units.move(unit, UnitState.DECOMMISSIONED, "wiped itself")
        work.certificates.withdraw(name)
        work.claims.withdraw(name)
        work.jobs.add([NewJob(kind=SHUT_OUT_JOB, unit=name, order={})])
        return []

    def _settle(self, work: Transaction, name: str, command: str, outcome: dict[str, object]) -> None:
        job = work.jobs.get(command)
        if job is None or job.unit != name:
            raise _refused("nobody asked for this")
        work.jobs.settle(command, JobState.SUCCEEDED, outcome=outcome)

    def _note(
        self, work: Transaction, unit: Unit, *, online: bool, birth_id: str, firmware: str, health: str | None = None
    ) -> None:
        births = unit.births.split()
        if birth_id != unit.birth_id:
            if birth_id in births and unit.alarm is None:
                _alarm(work, unit, "two machines take turns under its name: its memory card was copied")
            births = [*births, unit.birth_id][-BIRTHS_KEPT:] if unit.birth_id else births
        work.units.hear(
            [
                Heard(
                    unit=unit.name,
                    online=online,
                    birth_id=birth_id,
                    births=" ".join(births),
                    firmware=firmware,
                    health=health,
                )
            ]
        )


def _alive(work: Transaction, name: str) -> Unit:
    unit = work.units.get(name, lock=True)
    if unit is None:
        raise _refused("the fleet knows no such unit")
    if unit.state not in _LIVES:
        raise _refused(f"the unit is {unit.state}")
    return unit


def _renewed(work: Transaction, unit: Unit, serial: str) -> None:
    """Note which of its certificates a unit uses."""
    for known in work.certificates.of_unit(unit.name):
        if known.serial == serial and known.withdrawn_at is None:
            work.units.certified(unit.name, serial=known.serial, until=known.until)
            work.certificates.supersede(unit.name, by=known.serial)
            work.audit.note("certificate.in_use", unit.name, certificate=known.serial, until=f"{known.until:%Y-%m-%d}")
            return


def _alarm(work: Transaction, unit: Unit, words: str) -> None:
    work.units.alarm(unit.name, words)
    work.audit.note("alarm", unit.name, why=words)


def _refused(words: str) -> MessageError:
    return MessageError(words, reason=Reason.SERVICE_REFUSED)
