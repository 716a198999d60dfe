"""What a unit and its fleet say to each other. Nothing here is about visitors.

What the fleet orders is signed by the fleet's service (`SignedOrder`): a broker that was broken into can hold an order
back, and cannot make one up.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from device.domain.reasons import Reason
from device.wire.findings import Checkup
from device.wire.messages import Aware, Id, Name, _Message

MAX_SETTINGS = 32_768
"""Bytes of a twin's settings as JSON."""
MAX_BUNDLE = 150_000
"""Bytes of a log bundle, compressed."""
MAX_CSR = 2_048
MAX_ROOT = 65_536
"""Bytes of a root of trust for updates; one of three keys a role has some 4 kB."""

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
"""SHA-256 in hex."""
PartName = Annotated[str, Meta(min_length=1, max_length=32)]
PartVersion = Annotated[str, Meta(max_length=128)]
Words = Annotated[str, Meta(max_length=512)]
Settings = dict[str, dict[str, Any]]
"""Section to option to value, as in the unit's configuration."""


# --- claim: before a unit is a unit ------------------------------------------------------------------------------


class ClaimStep(StrEnum):
    """Where a claim can fail."""

    MESSAGE = "message"
    """What was sent is no claim."""
    CLAIM = "claim"
    """The claim is unknown, withdrawn, used up or too old."""
    REQUEST = "request"
    """The certificate request does not hold."""
    KEY = "key"
    """Another key has used this claim before."""
    UNIT = "unit"
    """The unit may not become active in its present state."""
    APPROVAL = "approval"
    """The fleet asks for a record of the bench that is not there, or the site's own program said no or nothing."""
    ISSUE = "issue"
    """The authority could not sign."""


class ClaimRequest(_Message, frozen=True, kw_only=True, tag="claim_request", tag_field="kind"):
    """A new unit asks for its identity. The key was made on the unit and stays there."""

    nonce: Id
    """Said back in the answer. Asked again with the same key, the answer is the same certificate."""
    csr: Annotated[bytes, Meta(max_length=MAX_CSR)]
    """Certificate request (PKCS #10, DER) for a key on P-256. Its subject is ignored."""
    hardware: Digest
    """Digest of the board's own number: by it a copied memory card is told from the unit that it was copied from."""
    version: Annotated[str, Meta(max_length=64)]
    key_store: Literal["file", "tpm", "pkcs11"]
    """Where the key lies."""


class ClaimGranted(_Message, frozen=True, kw_only=True, tag="claim_granted", tag_field="kind"):
    """The unit's identity. It counts from the unit's first status on; until then the same key may ask again."""

    nonce: Id
    unit: Name
    certificate: bytes
    """DER."""
    authority: bytes
    """DER. Its digest is the fleet's fingerprint, which the unit compares with its ticket's."""
    host: Annotated[str, Meta(max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    """Where the unit shall connect from now on."""
    clinic_key: Annotated[bytes, Meta(max_length=4_096)] | None = None
    """The site's public sealing key, JWK, where the fleet knows it."""
    rescue: bytes | None = None
    """DER: a certificate for the same key, good for nothing but a claim, for the day on which `certificate` ran out."""
    updates: Annotated[str, Meta(max_length=131_072)] | None = None
    """An `UpdateTrust`, signed by `fleet-service`, where the fleet has updates: no broker can make one up."""


class UpdateTrust(_Message, frozen=True, kw_only=True, tag="update_trust", tag_field="kind"):
    """Whose updates a unit takes from now on."""

    nonce: Id
    """Of the claim's request."""
    unit: Name
    root: Annotated[bytes, Meta(min_length=1, max_length=MAX_ROOT)]
    """root.json of The Update Framework: its keys alone say who may sign the next one."""
    url: Annotated[str, Meta(max_length=512, pattern=r"^(https://[^\s?#\"\\\\]+)?$(?!\n)")]
    """The folder with `metadata` and `targets`; empty: updates come by stick alone."""


class ClaimRefused(_Message, frozen=True, kw_only=True, tag="claim_refused", tag_field="kind"):
    """No. The fleet's admin sees the same words."""

    nonce: Id | None
    step: ClaimStep
    words: Words
    again: bool
    """It may help to ask again later without a new ticket."""


ClaimAnswer = ClaimGranted | ClaimRefused


# --- orders: the fleet to a unit ---------------------------------------------------------------------------------


class SignedOrder(_Message, frozen=True, kw_only=True, tag="signed_order", tag_field="kind"):
    """An `Order` as it crosses the line, signed by `fleet-service`."""

    jws: Annotated[str, Meta(max_length=131_072)]


class TwinWanted(_Message, frozen=True, kw_only=True, tag="twin_wanted", tag_field="kind"):
    """The whole of what a unit shall be set to. A version that is not newer than the unit's has no effect."""

    unit: Name
    version: Annotated[int, Meta(ge=1)]
    mode: Literal["serve", "quarantined"]
    """`quarantined`: tell how you are, take settings, serve no visitor."""
    settings: Settings
    issued_at: Aware


class Command(_Message, frozen=True, kw_only=True, tag="command", tag_field="kind"):
    """Something to do once. Heard twice, it is done once; after `until` it is not done."""

    command_id: Id
    unit: Name
    what: Literal["send_logs", "renew", "wipe"]
    until: Aware


Order = TwinWanted | Command


# --- reports: a unit to the fleet --------------------------------------------------------------------------------


class TwinReport(_Message, frozen=True, kw_only=True, tag="twin_report", tag_field="kind"):
    """Which settings a unit has, said at each connection and after each change. Also the request for newer ones."""

    version: Annotated[int, Meta(ge=0)]
    """The version in force; 0: none of the fleet's."""
    mode: Literal["serve", "quarantined"]
    status: Literal["none", "applied", "rejected", "rolled_back"]
    """What became of the version `about`. `rejected`: it was never in force. `rolled_back`: it was, the unit's own test
    failed, and the version before it is in force again."""
    about: Annotated[int, Meta(ge=0)] = 0
    errors: Annotated[list[Words], Meta(max_length=20)] = field(default_factory=list)
    """Which option, and why."""
    local: Annotated[list[Words], Meta(max_length=200)] = field(default_factory=list)
    """`section.option` of what the fleet sets and the unit's own file overrides."""
    settings_digest: Digest | None = None
    """Of the settings in force: by it the fleet sees a unit that says "applied" and is not."""


class Health(_Message, frozen=True, kw_only=True, tag="health", tag_field="kind"):
    """How a unit is, every now and then. What the machine does not tell is None."""

    birth_id: Id
    hardware: Digest
    version: Annotated[str, Meta(max_length=64)]
    uptime_s: Annotated[int, Meta(ge=0)]
    troubles: list[Reason]
    twin_version: Annotated[int, Meta(ge=0)]
    certificate_until: Aware
    waiting_results: Annotated[int, Meta(ge=0)] | None = None
    disk_free_mb: Annotated[int, Meta(ge=0)] | None = None
    memory_free_mb: Annotated[int, Meta(ge=0)] | None = None
    temperature_c: float | None = None
    certificate: Annotated[str, Meta(max_length=48)] | None = None
    """Which of its certificates the unit uses: its number, hex. Two may end in the same second."""
    checkup: Checkup | None = None
    """What the unit's own examination came to last; it examines itself each morning."""
    parts: Annotated[dict[PartName, PartVersion], Meta(max_length=32)] = field(default_factory=dict)
    """Which version of what the unit is made of, as far as it is told: board, kernel, reader, cameras, networks, …"""


class CertificateWanted(_Message, frozen=True, kw_only=True, tag="certificate_wanted", tag_field="kind"):
    """A unit whose certificate has a third of its life left asks for the next one, with a new key."""

    nonce: Id
    csr: Annotated[bytes, Meta(max_length=MAX_CSR)]


class CertificateIssued(_Message, frozen=True, kw_only=True, tag="certificate_issued", tag_field="kind"):
    """The next certificate. The one before stays good until the unit has come with this one."""

    nonce: Id
    certificate: bytes
    rescue: bytes | None = None
    """As in `claim_granted`."""


class CertificateRefused(_Message, frozen=True, kw_only=True, tag="certificate_refused", tag_field="kind"):
    """No."""

    nonce: Id
    words: Words


CertificateAnswer = CertificateIssued | CertificateRefused


class LogBundle(_Message, frozen=True, kw_only=True, tag="log_bundle", tag_field="kind"):
    """The last lines of the unit's log, asked for by `send_logs`: gzip, redacted on the unit."""

    command_id: Id
    content: Annotated[bytes, Meta(max_length=MAX_BUNDLE)]
    redactions: Annotated[int, Meta(ge=0)]


class SignedWipe(_Message, frozen=True, kw_only=True, tag="signed_wipe", tag_field="kind"):
    """A `WipeReceipt`, signed by the unit with the key that it destroys afterwards."""

    jws: Annotated[str, Meta(max_length=16_384)]


class WipeReceipt(_Message, frozen=True, kw_only=True, tag="wipe_receipt", tag_field="kind"):
    """What a unit has deleted, on the order `wipe`."""

    command_id: Id
    unit: Name
    at: Aware
    wiped: list[Words]
    left: list[Words] = field(default_factory=list)
    """What could not be deleted, and why."""


Diagnosis = LogBundle | SignedWipe

FleetMessage = (
    ClaimRequest
    | ClaimGranted
    | ClaimRefused
    | SignedOrder
    | TwinReport
    | Health
    | CertificateWanted
    | CertificateIssued
    | CertificateRefused
    | LogBundle
    | SignedWipe
)

__all__ = [
    "MAX_BUNDLE",
    "MAX_CSR",
    "MAX_ROOT",
    "MAX_SETTINGS",
    "CertificateAnswer",
    "CertificateIssued",
    "CertificateRefused",
    "CertificateWanted",
    "ClaimAnswer",
    "ClaimGranted",
    "ClaimRefused",
    "ClaimRequest",
    "ClaimStep",
    "Command",
    "Diagnosis",
    "Digest",
    "FleetMessage",
    "Health",
    "LogBundle",
    "Order",
    "Settings",
    "SignedOrder",
    "SignedWipe",
    "TwinReport",
    "TwinWanted",
    "UpdateTrust",
    "WipeReceipt",
]
