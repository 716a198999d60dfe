"""Claims: a unit without identity asks for one. Every refusal says at which step and why, to unit and admin alike.

The same ticket with the same key on the same board may ask again until the unit was heard under its new name: an answer
that was lost costs nothing. Anybody else with that ticket is refused, and the admin is alarmed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from device.domain.errors import BadConfig, MessageError
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.fleet import ClaimAnswer, ClaimGranted, ClaimRefused, ClaimRequest, ClaimStep
from provisioning.broker import CLAIM_MOUNT
from provisioning.fleet.gate import bench_complaint
from provisioning.fleet.hook import Opinion, ask
from provisioning.fleet.issuing import Issued, Issuer
from provisioning.fleet.plan import FleetPlan
from provisioning.fleet.requests import CheckedRequest, check_request
from provisioning.fleet.say import Say
from provisioning.fleet.store.claims import Claim
from provisioning.fleet.store.states import ClaimState, UnitState
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.store.units import Unit
from provisioning.fleet.twinning import refresh_twin
from provisioning.fleet.update_trust import TrustDesk

ANSWER_EXPIRY_S = 60
"""The unit has asked again by then."""

_ENDED = {
    ClaimState.BURNED: "this ticket was used: its unit is active",
    ClaimState.WITHDRAWN: "this ticket was replaced by a newer one, or withdrawn",
}


class _Refusal(Exception):  # noqa: N818  an answer, not an error
    def __init__(self, step: ClaimStep, words: str, *, again: bool = False, alarm: bool = False) -> None:
        super().__init__(words)
        self.step = step
        self.words = words
        self.again = again
        self.alarm = alarm


@dataclass(frozen=True, slots=True)
class ClaimDesk:
    """Answers claims."""

    issuer: Issuer
    plan: FleetPlan
    clinic_key: Callable[[str], Path]
    """Where each site's public sealing key lies."""
    updates: TrustDesk | None = None
    """Says whose updates a unit takes; None where the fleet has none."""

    def opinion(self, work: Transaction, name: str, payload: bytes) -> Opinion | Callable[[], Opinion]:
        """Return what asks the site's own program about a request, or why there is nothing to ask.

        It is to be called outside of any transaction: nobody else shall wait for that program.
        """
        claim, yes = work.claims.get(name), Opinion(allow=True, why="")
        unit = None if claim is None else work.units.get(claim.unit)
        if not self.plan.claims.hook or claim is None or unit is None or claim.state is not ClaimState.OPEN:
            return yes
        try:
            request: ClaimRequest = decode(payload, ClaimRequest)
        except MessageError:
            return yes  # it is refused for what it is
        question = {
            "unit": unit.name,
            "serial": unit.serial,
            "site": unit.site,
            "profile": unit.profile,
            "claim": claim.claim,
            "hardware": request.hardware,
            "version": request.version,
            "key_store": request.key_store,
        }
        return lambda: ask(Path(self.plan.claims.hook), question, timeout_s=self.plan.claims.hook_s)

    def hear(self, work: Transaction, claim: str, payload: bytes, opinion: Opinion) -> list[Say]:
        """Return the answer to one claim request."""
        answer = self._answer(work, claim, payload, opinion)
        return [Say(f"{CLAIM_MOUNT}{topics.claim_answer(claim)}", encode(answer), ANSWER_EXPIRY_S)]

    def _answer(self, work: Transaction, name: str, payload: bytes, opinion: Opinion) -> ClaimAnswer:
        nonce = None
        known: Claim | None = None
        try:
            try:
                request: ClaimRequest = decode(payload, ClaimRequest)
            except MessageError as error:
                raise _Refusal(ClaimStep.MESSAGE, str(error)) from error
            nonce = request.nonce
            known = work.claims.get(name, lock=True)
            claim = _good(known, work)
            checked = _checked(request)
            _same_holder(claim, checked, request)
            return self._grant(work, claim, checked, request, opinion)
        except _Refusal as no:
            self._note(work, name, known, no)
            return ClaimRefused(nonce=nonce, step=no.step, words=no.words, again=no.again)

    def _grant(
        self, work: Transaction, claim: Claim, checked: CheckedRequest, request: ClaimRequest, opinion: Opinion
    ) -> ClaimGranted:
        unit = work.units.get(claim.unit, lock=True)
        if unit is None:
            raise _Refusal(ClaimStep.UNIT, "the unit of this ticket is not in the fleet")
        if claim.state is ClaimState.GRANTED and claim.certificate is not None:
            work.audit.note("claim.again", unit.name, claim=claim.claim)
            return self._granted(unit, Issued.from_pem(claim.certificate), request)
        _may_become_active(unit, claim)
        if claim.state is ClaimState.OPEN:
            _tried_on_the_bench(work, self.plan, unit, request)
        if not opinion.allow:
            raise _Refusal(ClaimStep.APPROVAL, opinion.why or "the site's program said no", again=opinion.broken)
        try:
            issued = self.issuer.issue(work, unit.name, checked)
        except BadConfig as error:
            raise _Refusal(ClaimStep.ISSUE, str(error), again=True) from error
        serial = f"{issued.certificate.serial_number:x}"
        until = issued.certificate.not_valid_after_utc
        if claim.state is ClaimState.OPEN:
            work.claims.grant(claim.claim, key_digest=checked.digest, hardware=request.hardware, certificate=issued.pem)
            work.units.move(unit, UnitState.PENDING, "has its certificate, was not heard with it yet")
            refresh_twin(work, unit, why="claimed")
        work.units.certified(unit.name, serial=serial, until=until, hardware=request.hardware)
        work.audit.note(
            "claim.rescued" if claim.state is ClaimState.RESCUE else "claim.granted",
            unit.name,
            claim=claim.claim,
            certificate=serial,
            until=f"{until:%Y-%m-%d}",
            key_store=request.key_store,
            firmware=request.version,
            updates=None if self.updates is None else self.updates.digest,
        )
        return self._granted(unit, issued, request)

    def _granted(self, unit: Unit, issued: Issued, request: ClaimRequest) -> ClaimGranted:
        key = self.clinic_key(unit.site) if unit.site else None
        return ClaimGranted(
            nonce=request.nonce,
            unit=unit.name,
            certificate=issued.der,
            authority=self.issuer.authority.certificate.public_bytes(serialization.Encoding.DER),
            host=self.plan.broker.host,
            port=self.plan.broker.port,
            clinic_key=key.read_bytes() if key is not None and key.is_file() else None,
            rescue=issued.rescue_der,
            updates=None if self.updates is None else self.updates.word(unit.name, request.nonce),
        )

    def _note(self, work: Transaction, name: str, claim: Claim | None, no: _Refusal) -> None:
        subject = name if claim is None else claim.unit
        why = f"{no.step}: {no.words}"
        # A unit that waits for its record asks every minute: the same no again is counted and not told again.
        if claim is None or claim.last_refusal != why:
            work.audit.note("claim.refused", subject, claim=name, step=no.step.value, why=no.words)
        if claim is not None:
            work.claims.refuse(claim.claim, why)
            if no.alarm:
                work.units.alarm(claim.unit, no.words)


def _good(claim: Claim | None, work: Transaction) -> Claim:
    if claim is None:
        raise _Refusal(ClaimStep.CLAIM, "this fleet knows no such ticket")
    if claim.until <= work.now:
        raise _Refusal(ClaimStep.CLAIM, f"this ticket ran out on {claim.until:%Y-%m-%d}; ask for a new one")
    if claim.state in _ENDED:
        alarm = claim.state is ClaimState.BURNED
        words = _ENDED[claim.state]
        raise _Refusal(ClaimStep.CLAIM, words, alarm=alarm)
    return claim


def _checked(request: ClaimRequest) -> CheckedRequest:
    try:
        return check_request(request.csr)
    except MessageError as error:
        raise _Refusal(ClaimStep.REQUEST, str(error)) from error


def _same_holder(claim: Claim, checked: CheckedRequest, request: ClaimRequest) -> None:
    if claim.key_digest is not None and claim.key_digest != checked.digest:
        words = "another key has used this ticket: it was copied, or the unit made a new key in between"
        raise _Refusal(ClaimStep.KEY, words, alarm=True)
    if claim.hardware is not None and claim.hardware != request.hardware:
        words = "this ticket and its key are on two boards: a memory card was copied"
        raise _Refusal(ClaimStep.KEY, words, alarm=True)


def _tried_on_the_bench(work: Transaction, plan: FleetPlan, unit: Unit, request: ClaimRequest) -> None:
    if words := bench_complaint(work, plan, unit, hardware=request.hardware):
        # The record may come later, and the unit goes on asking.
        raise _Refusal(ClaimStep.APPROVAL, words, again=True)


def _may_become_active(unit: Unit, claim: Claim) -> None:
    rescue = claim.state is ClaimState.RESCUE
    may = (UnitState.PENDING, UnitState.ACTIVE, UnitState.QUARANTINED) if rescue else (UnitState.IMPORTED,)
    if unit.state not in may:
        raise _Refusal(ClaimStep.UNIT, f"the unit is {unit.state}")
