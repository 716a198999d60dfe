"""The fleet's machine on a unit: orders, settings, health, certificates. No input or output; time comes in by the door.

It holds nothing that its book does not hold, but for what is under way: the disk is written before anything is done.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from device.domain.errors import Drop, MessageError
from device.link import fleet_events as told
from device.link.fleet_events import FleetAction, FleetEvent
from device.link.twin import TwinBook, forbidden_in
from device.wire.codec import decode, encode
from device.wire.fleet import (
    CertificateAnswer,
    CertificateIssued,
    CertificateWanted,
    Command,
    LogBundle,
    Order,
    Settings,
    SignedOrder,
    SignedWipe,
    TwinWanted,
)
from device.wire.rollout import UpdateOrder
from device.wire.sealing import verify
from device.wire.services import FLEET
from device.wire.topics import Down, Up

LISTENS = (Down.TWIN, Down.COMMAND, Down.CERT, Down.JOB)
"""What a unit of a fleet listens to, besides the clinic's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPolicy:
    """When to say what. All times in seconds."""

    health_every_s: float = 60.0
    renew_share: float = 1 / 3
    """The next certificate is asked for when this share of the present one's life is left, or up to a tenth of that
    earlier: a thousand units that were claimed together do not ask together."""
    renew_again_s: float = 3_600.0
    expiry_s: int = 3_600
    """What nobody heard by then is said anew anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Who the unit is to its fleet."""

    unit: str
    authority: x509.Certificate
    certificate: x509.Certificate


class FleetMachine:
    """What to do about the fleet."""

    def __init__(
        self,
        member: Member,
        book: TwinBook,
        *,
        check: Callable[[Settings], tuple[str, ...]],
        random: Callable[[], float],
        policy: FleetPolicy | None = None,
    ) -> None:
        """`book` is what the disk holds; `check` says what is wrong with settings; `random` gives 0 to below 1."""
        self._member = member
        self._check = check
        self._random = random
        self._policy = policy or FleetPolicy()
        self.book = book
        self._local: tuple[str, ...] = ()
        self._up = False
        self._health_at_s = math.inf
        self._renew_at = self._renewal(member.certificate)
        self._renew_not_before_s = -math.inf
        self._nonce = ""
        self.dropped: Counter[Drop] = Counter()
        """How many orders had no effect, and why."""

    def start(self, *, trying: bool = False) -> list[FleetAction]:
        """Return what to do first: end what a power cut left open, and put the mode in force.

        `trying` says that this start is itself the trial of what is in the book; `TrialEnded` follows.
        """
        if trying and self.book.trial is not None:
            return [told.SetMode(self.book.trial.mode)]
        woken = self.book.woken()
        actions: list[FleetAction] = []
        if woken != self.book:
            self.book = woken
            actions.append(told.KeepBook(woken))
        return [*actions, told.SetMode(self.book.good.mode)]

    @property
    def wake_at_s(self) -> float:
        """When to hand in `TimePassed` if nothing else happens; infinite when never."""
        return self._health_at_s if self._up else math.inf

    def handle(  # noqa: C901  one case for each thing that it is told
        self, event: FleetEvent, now_s: float, now: datetime
    ) -> list[FleetAction]:
        """Take one event at `now_s` (monotonic) and `now`; return what to do, in this order."""
        match event:
            case told.LineCame():
                self._up = True
                # Not all at once after a power cut of a whole region.
                self._health_at_s = now_s + self._random() * self._policy.health_every_s
                return [self._report(), *self._due(now_s, now)]
            case told.LineWent():
                self._up = False
                return []
            case told.Ordered(leaf, payload):
                return self._hear(leaf, payload, now)
            case told.TrialEnded(errors, local):
                return self._ended(errors, local)
            case told.HealthRead(health):
                return [self._say(Up.HEALTH, encode(health))]
            case told.LogsCollected(command_id, content, redactions):
                bundle = LogBundle(command_id=command_id, content=content, redactions=redactions)
                return [self._say(Up.DIAG, encode(bundle))]
            case told.Wiped(jws):
                return [self._say(Up.DIAG, encode(SignedWipe(jws=jws))), told.Vanish()]
            case told.RequestMade(csr):
                self._nonce = f"{int(self._random() * 2**48):016x}"
                return [self._say(Up.CSR, encode(CertificateWanted(nonce=self._nonce, csr=csr)))]
            case told.UpdateTold(report):
                return [self._say(Up.JOB, encode(report))]
            case told.TimePassed():
                return self._due(now_s, now)

    def _due(self, now_s: float, now: datetime) -> list[FleetAction]:
        actions: list[FleetAction] = []
        if not self._up:
            return actions
        if now_s >= self._health_at_s:
            self._health_at_s = now_s + self._policy.health_every_s
            actions.append(told.ReadHealth())
        if now >= self._renew_at and now_s >= self._renew_not_before_s:
            self._renew_not_before_s = now_s + self._policy.renew_again_s
            actions.append(told.MakeRequest())
        return actions

    def _hear(self, leaf: Down, payload: bytes, now: datetime) -> list[FleetAction]:
        try:
            if leaf is Down.CERT:
                return self._certificate(decode(payload, CertificateAnswer))
            signed: SignedOrder = decode(payload, SignedOrder)
            plain = verify(signed.jws, speaker=FLEET, authority=self._member.authority, at=now)
            if leaf is Down.JOB:
                return self._update(decode(plain, UpdateOrder), payload)
            order: Order = decode(plain, Order)
        except MessageError as error:
            self.dropped[error.drop] += 1
            return []
        if order.unit != self._member.unit:
            self.dropped[Drop.FOREIGN_TOPIC] += 1
            return []
        return self._twin(order) if isinstance(order, TwinWanted) else self._command(order, now)

    def _update(self, order: UpdateOrder, payload: bytes) -> list[FleetAction]:
        if order.unit != self._member.unit:
            self.dropped[Drop.FOREIGN_TOPIC] += 1
            return []
        return [told.HandOver(order, payload)]

    def _twin(self, wanted: TwinWanted) -> list[FleetAction]:
        if not self.book.offered(wanted):
            self.dropped[Drop.STALE] += 1
            return [self._report()]
        errors = forbidden_in(wanted.settings) or self._check(wanted.settings)
        if errors:
            self.book = self.book.rejected(wanted.version, errors)
            return [told.KeepBook(self.book), self._report()]
        same = wanted.settings == self.book.active.settings
        self.book = self.book.on_trial(wanted)
        mode = told.SetMode(wanted.mode)
        if same:
            # Only the mode is another one: there is nothing to try out, and a quarantine shall not wait.
            return [*self._ended((), self._local)[:1], mode, self._report()]
        return [told.KeepBook(self.book), mode, told.TryOut(self.book.active)]

    def _ended(self, errors: tuple[str, ...], local: tuple[str, ...]) -> list[FleetAction]:
        if self.book.trial is None:
            return []
        self._local = local
        self.book = self.book.ended(errors)
        kept = told.KeepBook(self.book)
        if not errors:
            return [kept, self._report()]
        return [kept, told.GoBack(self.book.good), told.SetMode(self.book.good.mode), self._report()]

    def _command(self, command: Command, now: datetime) -> list[FleetAction]:
        if command.command_id in self.book.done or now > command.until:
            self.dropped[Drop.STALE] += 1
            return []
        self.book = self.book.did(command.command_id)
        kept = told.KeepBook(self.book)
        match command.what:
            case "send_logs":
                return [kept, told.CollectLogs(command.command_id)]
            case "renew":
                return [kept, told.MakeRequest()]
            case "wipe":
                return [kept, told.Wipe(command.command_id, now)]

    def _certificate(self, answer: CertificateAnswer) -> list[FleetAction]:
        if not self._nonce or answer.nonce != self._nonce:
            self.dropped[Drop.UNSOLICITED] += 1
            return []
        self._nonce = ""
        if not isinstance(answer, CertificateIssued):
            return []  # asked again after `renew_again_s`; the fleet's audit says why
        return [told.UseCertificate(answer.certificate, answer.rescue)]

    def renewed(self, certificate: x509.Certificate) -> None:
        """Say that the unit uses another certificate from now on."""
        self._renew_at = self._renewal(certificate)

    def _renewal(self, certificate: x509.Certificate) -> datetime:
        left: timedelta = (
            certificate.not_valid_after_utc - certificate.not_valid_before_utc
        ) * self._policy.renew_share
        return certificate.not_valid_after_utc - left * (1 + self._random() / 10)

    def _report(self) -> told.Say:
        return self._say(Up.TWIN, encode(self.book.report(self._local)))

    def _say(self, leaf: Up, payload: bytes) -> told.Say:
        return told.Say(leaf, payload, self._policy.expiry_s)
