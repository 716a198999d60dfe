"""A claim as a machine without input or output: from a ticket to an identity.

    state     Start      Connected          answer granted   refused, again   refused   Disconnected   time is up
    --------  ---------  -----------------  ---------------  ---------------  --------  -------------  -----------------
    OFF       → TRYING   ·                  ·                ·                ·         ·              ·
    TRYING    ·          → ASKING (ask)     ·                ·                ·         → PAUSING      → PAUSING
    ASKING    ·          ·                  → DONE           (ask later)      → DONE    → PAUSING      (ask once more)
    PAUSING   ·          ·                  ·                ·                ·         ·              → TRYING

To ask again costs nothing: the fleet answers the same key in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.link import events
from device.link.actions import Close, Connect, Publish, Subscribe
from device.link.backoff import Backoff
from device.ports.line import Incoming
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.fleet import ClaimAnswer, ClaimGranted, ClaimRefused, ClaimRequest, UpdateTrust
from device.wire.sealing import verify
from device.wire.services import FLEET


@dataclass(frozen=True, slots=True)
class ClaimPolicy:
    """When to ask again. All times in seconds."""

    connect_timeout_s: float = 30.0
    backoff_first_s: float = 1.0
    backoff_longest_s: float = 60.0
    answer_s: float = 10.0
    """An ask without answer is said again after half to all of this: many units that wait come spread out."""
    later_s: float = 60.0
    """The same after a refusal that may not last."""


@dataclass(frozen=True, slots=True)
class ClaimSettled:
    """It is over, one way or the other."""

    answer: ClaimGranted | ClaimRefused


@dataclass(frozen=True, slots=True)
class ClaimWaits:
    """It is not over; why, for people."""

    why: str
    refused: bool = False
    """The fleet itself said so: not yet."""


ClaimAction = Connect | Close | Subscribe | Publish | ClaimSettled | ClaimWaits


class _State(Enum):
    OFF = auto()
    TRYING = auto()
    ASKING = auto()
    PAUSING = auto()
    DONE = auto()


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer has to fit."""

    key: ec.EllipticCurvePublicKey
    """The unit's own, for which the certificate has to be."""
    authority: x509.Certificate
    """The fleet's, as the ticket has it."""


class ClaimMachine:
    """What to do until the fleet has answered."""

    def __init__(
        self,
        claim: str,
        request: ClaimRequest,
        expected: Expected,
        *,
        random: Callable[[], float],
        policy: ClaimPolicy | None = None,
    ) -> None:
        """`random` gives numbers from 0 up to, not including, 1."""
        self._claim = claim
        self._request = request
        self._expected = expected
        self._random = random
        self._policy = policy or ClaimPolicy()
        self._backoff = Backoff(self._policy.backoff_first_s, random)
        self._state = _State.OFF
        self.wake_at_s = math.inf
        """When to hand in `TimePassed` if nothing else happens; infinite when never."""

    @property
    def is_over(self) -> bool:
        """The fleet has answered for good."""
        return self._state is _State.DONE

    def handle(self, event: events.Event, now_s: float) -> list[ClaimAction]:
        """Take one event at `now_s` (monotonic seconds) and return what to do, in this order."""
        match event, self._state:
            case events.Start(), _State.OFF:
                return self._try(now_s)
            case events.Connected(), _State.TRYING:
                self._state = _State.ASKING
                return [Subscribe(topics.claim_answer(self._claim)), self._ask(now_s)]
            case events.Disconnected(why), _State.TRYING | _State.ASKING:
                return self._pause(why, now_s)
            case events.Received(message), _State.ASKING:
                return self._hear(message, now_s)
            case events.TimePassed(), _ if now_s >= self.wake_at_s:
                return self._turn(now_s)
            case _:
                return []

    def _turn(self, now_s: float) -> list[ClaimAction]:
        match self._state:
            case _State.PAUSING:
                return self._try(now_s)
            case _State.ASKING:
                return [self._ask(now_s), ClaimWaits("the fleet has not answered yet")]
            case _:
                silence = f"no answer from the broker within {self._policy.connect_timeout_s:.0f} s"
                return [Close(), *self._pause(silence, now_s)]

    def _try(self, now_s: float) -> list[ClaimAction]:
        self._state = _State.TRYING
        self.wake_at_s = now_s + self._policy.connect_timeout_s
        return [Connect()]

    def _pause(self, why: str, now_s: float) -> list[ClaimAction]:
        self._state = _State.PAUSING
        self.wake_at_s = now_s + self._backoff.next_delay_s(self._policy.backoff_longest_s)
        return [ClaimWaits(why)]

    def _ask(self, now_s: float, *, within_s: float | None = None) -> Publish:
        self.wake_at_s = now_s + (within_s or self._policy.answer_s) * (1 + self._random()) / 2
        # The broker need not carry it longer than until it is said again.
        return Publish(
            topics.claim_request(self._claim), encode(self._request), expiry_s=math.ceil(self._policy.answer_s)
        )

    def _hear(self, message: Incoming, now_s: float) -> list[ClaimAction]:
        try:
            answer: ClaimAnswer = decode(message.payload, ClaimAnswer)
            # A broker with a mount point may leave it before the topic (mosquitto 2.0.11 does).
            ours = message.topic.endswith(topics.claim_answer(self._claim))
            if not ours or answer.nonce != self._request.nonce:
                return []  # to an earlier attempt of ours, or to nobody
            if isinstance(answer, ClaimGranted):
                check_granted(answer, self._expected)
        except MessageError as error:
            # Not from whom the ticket is: as good as no answer, but people should know.
            return [ClaimWaits(str(error))]
        if isinstance(answer, ClaimRefused) and answer.again:
            self.wake_at_s = now_s + self._policy.later_s * (1 + self._random()) / 2
            return [ClaimWaits(answer.words, refused=True)]
        self._state = _State.DONE
        self.wake_at_s = math.inf
        return [Close(), ClaimSettled(answer)]


def check_granted(granted: ClaimGranted, expected: Expected) -> None:
    """Return if the answer is an identity for our key from our fleet. Raise MessageError saying what does not fit."""
    check_certificate(granted.certificate, granted.unit, expected)
    if (
        sha256(granted.authority).digest()
        != sha256(expected.authority.public_bytes(serialization.Encoding.DER)).digest()
    ):
        raise _refused("the answer comes from another fleet than the ticket")


def open_update_trust(
    granted: ClaimGranted, nonce: str, *, authority: x509.Certificate, at: datetime
) -> UpdateTrust | None:
    """Return whose updates the unit is to take, None where the fleet has none.

    `authority` is the ticket's. Raise MessageError unless the fleet's own service said it in answer to this request.
    """
    if granted.updates is None:
        return None
    trust: UpdateTrust = decode(verify(granted.updates, speaker=FLEET, authority=authority, at=at), UpdateTrust)
    if (trust.nonce, trust.unit) != (nonce, granted.unit):
        raise _refused("the word on updates answers another claim")
    return trust


def check_certificate(der: bytes, unit: str, expected: Expected) -> x509.Certificate:
    """Return a certificate if it is ours. Raise MessageError saying what does not fit."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.verify_directly_issued_by(expected.authority)
        name = common_name(certificate)
        key = certificate.public_key()
    except (ValueError, TypeError, InvalidSignature) as error:
        raise _refused("the certificate is not from the ticket's fleet") from error
    if key != expected.key:
        raise _refused("the certificate is for another key than this unit's")
    if name != unit:
        raise _refused("the certificate is for another unit")
    return certificate


def common_name(certificate: x509.Certificate) -> str:
    """Return whose certificate it is. Raise ValueError where it names nobody, or several."""
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def _refused(words: str) -> MessageError:
    return MessageError(words, reason=Reason.SERVICE_REFUSED)
