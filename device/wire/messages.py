"""One typed definition per message. Unknown fields are ignored, an unknown major version is refused.

All times are UTC with zone. Binary values are base64 in JSON. `sealed` values are compact JWE that only the clinic
can open (`device.wire.sealing`); nothing else in these messages tells who the visitor is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from device.domain.reasons import Reason
from device.domain.values import (
    Assurance,
    AttendantReason,
    CardKind,
    CertificateState,
    ConsentItem,
    ConsentMode,
    Prescription,
)

VERSION = 1
MAX_SEALED = 65_536
"""Characters of one sealed value: about 48,000 bytes before sealing."""

NAME = "[0-9A-Za-z_-]{1,64}"
"""What units, asks and receptions are called: nothing that means something in a topic, a path or a log."""

# A bare `$` would let a line break through at the end.
_NAME_PATTERN = rf"^{NAME}$(?!\n)"

Id = Annotated[str, Meta(min_length=8, max_length=64, pattern=_NAME_PATTERN)]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=_NAME_PATTERN)]
Sealed = Annotated[str, Meta(max_length=MAX_SEALED)]
Aware = Annotated[datetime, Meta(tz=True)]


class _Message(Struct, frozen=True, kw_only=True, omit_defaults=False):
    v: Annotated[int, Meta(ge=1)] = VERSION


# --- asks: the unit to the gateway ---------------------------------------------------------------------------------


class Begin(_Message, frozen=True, kw_only=True, tag="begin", tag_field="kind"):
    """A card is down: give us a challenge to sign."""

    ask_id: Id
    reception: Id


class Holder(_Message, frozen=True, kw_only=True, tag="holder", tag_field="kind"):
    """Somebody showed to be the holder: are they registered, is the certificate good, what shall we ask?"""

    ask_id: Id
    reception: Id
    evidence: Sealed
    """An `Evidence`, sealed for the gateway."""


class Register(_Message, frozen=True, kw_only=True, tag="register", tag_field="kind"):
    """The visitor said yes to `registrable`: register the card as insurance card (利用登録) here and now.

    The gateway asks the service for the registration in the name of the holder that `holder` proved, and answers
    `holder_known` as if the card had always been registered, or `refused`: `not_registered` where the service did not
    take the registration, `proof_refused` where no holder was proven in this visit, `service_unreachable`.
    """

    ask_id: Id
    reception: Id


class Confirm(_Message, frozen=True, kw_only=True, tag="confirm", tag_field="kind"):
    """The visitor answered the questions: give us the qualification.

    Only what `holder_known` asked has an answer here; the gateway takes an answer to anything else for no answer.
    """

    ask_id: Id
    reception: Id
    consents: dict[ConsentItem, bool]
    """One answer for each item that was asked; silence is False."""
    prescription: Prescription | None = None
    """What the visitor chose; None where it was not asked (the gateway then reports what the clinic's setting says)."""
    public_expense: bool | None = None
    """May the clinic use the subsidy's data (公費, PMH)? None where it was not asked. False is answered with the notice
    `public_expense_declined`, and the data is left out; that is not `public_expense_ended`."""
    emergency: bool = False
    """An attendant started the visit for somebody who cannot answer (診療区分 4): nothing was asked, and consents are
    reported as "could not be obtained" (OQSCD016 3), never as a no."""


Ask = Begin | Holder | Register | Confirm


class Evidence(_Message, frozen=True, kw_only=True, tag="evidence", tag_field="kind"):
    """What proves the holder; travels sealed. Never stored, never logged."""

    assurance: Assurance
    certificate: bytes
    """利用者証明用電子証明書, DER."""
    signature: bytes | None
    """RSASSA-PKCS1-v1_5 with SHA-256 (or ECDSA) over the challenge; None only with `face_only` and `attendant`."""

    def __repr__(self) -> str:
        return f"Evidence(assurance={self.assurance.value})"


# --- answers: the gateway to the unit ------------------------------------------------------------------------------


class Challenge(_Message, frozen=True, kw_only=True, tag="challenge", tag_field="kind"):
    """The answer to `begin`. Good for one `holder` ask of the same reception."""

    ask_id: Id
    challenge: bytes
    expires_at: Aware


class Registrable(_Message, frozen=True, kw_only=True, tag="registrable", tag_field="kind"):
    """The answer to `holder`: the proof holds, but the card is not registered as insurance card, and may be now.

    The visitor is asked; a yes comes back as `register`, a no ends the visit as `not_registered`. A gateway that cannot
    register answers `refused` with `not_registered` instead. The proven holder stays known for the visit.
    """

    ask_id: Id
    certificate: CertificateState


class HolderKnown(_Message, frozen=True, kw_only=True, tag="holder_known", tag_field="kind"):
    """The answer to `holder` and `register`: the proof holds, the card is registered, and this is to be asked.

    The unit asks in the order of the fields, and each question once. In the certificate's months of grace nothing but
    the qualification is given, so nothing is asked.
    """

    ask_id: Id
    certificate: CertificateState
    ask_consent: list[ConsentItem]
    """What the clinic wants to see, in the order of asking; may be empty."""
    consent_mode: ConsentMode = ConsentMode.BLANKET
    """All items in one question, or one by one."""
    ask_public_expense: bool = False
    """The visitor has data of a medical subsidy (公費, PMH) and the clinic takes part: ask whether to use it. Where the
    right has ended nothing is asked, and the answer to `confirm` carries the notice `public_expense_ended`."""
    ask_prescription: bool = False
    """The clinic lets visitors choose between 電子処方箋 and paper at this moment (OQSCD038 2 with OQSCD039 2)."""


class Qualification(_Message, frozen=True, kw_only=True, tag="qualification", tag_field="kind"):
    """The answer to `confirm`: how the visit ends."""

    ask_id: Id
    reason: Reason
    notices: list[Reason]
    sealed: Sealed | None
    """The qualification data under their official element names, sealed for the clinic's consumer."""


class Refused(_Message, frozen=True, kw_only=True, tag="refused", tag_field="kind"):
    """The answer to any ask that ends the visit: what the patient is told is in the catalogue under `reason`."""

    ask_id: Id
    reason: Reason


Answer = Challenge | Registrable | HolderKnown | Qualification | Refused


class SignedAnswer(_Message, frozen=True, kw_only=True, tag="signed_answer", tag_field="kind"):
    """A `GivenAnswer` as it crosses the line: signed by the clinic's gateway."""

    jws: Annotated[str, Meta(max_length=131_072)]


class GivenAnswer(_Message, frozen=True, kw_only=True, tag="given_answer", tag_field="kind"):
    """An answer, with what it answers. It counts for one ask of one unit, and only where its signature holds."""

    unit: Name
    digest: Annotated[bytes, Meta(min_length=32, max_length=32)]
    """SHA-256 of the ask's JSON as the gateway heard it. So a unit that gets the answer knows that its ask came
    through as it was said, and nothing that was said at another time fits: each ask has an `ask_id` of its own."""
    expires_at: Aware
    """A day after it was signed, as with a result. Later, or much earlier, it is dropped."""
    answer: Answer


# --- result and receipt --------------------------------------------------------------------------------------------


class Result(_Message, frozen=True, kw_only=True, tag="result", tag_field="kind"):
    """How one visit ended. Signed by the unit, never retained, kept by the unit until the receipt comes."""

    message_id: Id
    sequence: Annotated[int, Meta(ge=1)]
    """Counts up by one from result to result of a unit, for ever."""
    unit: Name
    reception: Id
    reason: Reason
    notices: list[Reason]
    card: CardKind | None
    assurance: Assurance | None
    consents: dict[ConsentItem, bool]
    """What was asked and answered, item by item; a yes counts for 24 hours from `consented_at`."""
    started_at: Aware
    ended_at: Aware
    expires_at: Aware
    """Of this copy: signed anew each time it is sent, a day after that. Later, or much earlier, it is `stale`."""
    sealed: Sealed | None
    simulated: bool
    """True where any part of the unit was simulated."""
    consented_at: Aware | None = None
    """When the last consent was answered; None where none was asked."""
    prescription: Prescription | None = None
    public_expense: bool | None = None
    """The visitor's answer; None where it was not asked."""
    attendant: Name | None = None
    """Whose passcode opened the attendant's check; a name from the unit's configuration."""
    attendant_reason: AttendantReason | None = None


class SignedResult(_Message, frozen=True, kw_only=True, tag="signed_result", tag_field="kind"):
    """A `Result` as it crosses the line."""

    jws: Annotated[str, Meta(max_length=131_072)]


class Address(Struct, frozen=True):
    """What a receipt needs of a copy; there may be more, in a form that the receiver does not know."""

    message_id: Id
    sequence: Annotated[int, Meta(ge=1)]
    expires_at: Aware


class SignedReceipt(_Message, frozen=True, kw_only=True, tag="signed_receipt", tag_field="kind"):
    """A `Receipt` as it crosses the line: signed by the clinic's consumer."""

    jws: Annotated[str, Meta(max_length=8_192)]


class Receipt(_Message, frozen=True, kw_only=True, tag="receipt", tag_field="kind"):
    """The clinic's own "I have it". The only thing that empties the outbox, and only where its signature holds."""

    unit: Name
    message_id: Id
    sequence: Annotated[int, Meta(ge=1)]
    expires_at: Aware
    """Of the copy that it answers."""
    digest: Annotated[bytes, Meta(min_length=32, max_length=32)]
    """SHA-256 of the JSON that the unit had signed in that copy."""
    disposition: Literal["stored", "duplicate", "refused", "stale"]
    """`refused` also empties the outbox: it will never be accepted; `reason` says why and the unit reports it.
    `stale` empties nothing: this copy came too late, or one of the two clocks is wrong; the unit signs a new one."""
    reason: Reason | None = None
    signed_at: Aware
    """By the clinic's clock."""


# --- status --------------------------------------------------------------------------------------------------------


class Status(_Message, frozen=True, kw_only=True, tag="status", tag_field="kind"):
    """The unit's state; retained, and left as the last will."""

    unit: Name
    state: Literal["ready", "impaired", "offline"]
    birth_id: Id
    """New at each start: a late last will of an earlier life is told by it."""
    version: str
    troubles: list[Reason]
    simulated: bool


Message = Begin | Holder | Register | Confirm | SignedAnswer | SignedResult | SignedReceipt | Status

__all__ = [
    "MAX_SEALED",
    "NAME",
    "VERSION",
    "Address",
    "Answer",
    "Ask",
    "Begin",
    "Challenge",
    "Confirm",
    "Evidence",
    "GivenAnswer",
    "Holder",
    "HolderKnown",
    "Message",
    "Qualification",
    "Receipt",
    "Refused",
    "Register",
    "Registrable",
    "Result",
    "SignedAnswer",
    "SignedReceipt",
    "SignedResult",
    "Status",
]
