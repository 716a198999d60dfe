"""What differs between kinds of cards: one table, chosen after SELECT by the label in the token information.

Never by the ATR: several chips exist, readers write random bytes into it, and an unknown one says nothing of the card.
Two rows share the label of the plastic card; what tells them apart is said in the row. Applications and files are in
`files`, for they are what may be touched at all; a row says which of them the kind uses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum, auto

from device.card.files import CardFile
from device.domain.errors import CardUnknown, CardUnreadable
from device.domain.values import CardKind, PinUse

LABEL_SIZE = 32
"""The token information starts with its label, filled up with spaces (facts: card.md, 2.2, EF 0006)."""


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """How the holder's key signs."""

    name: str
    hash_name: str
    prefix: bytes
    """What stands before the digest in the command's body."""
    shortest: int
    longest: int
    """Bytes of a signature."""

    def to_be_signed(self, challenge: bytes) -> bytes:
        """Return the body of the command that signs `challenge`."""
        return self.prefix + hashlib.new(self.hash_name, challenge).digest()


# DigestInfo up to the digest (RFC 8017, section 9.2, note 1); the card adds the padding (facts: card.md, 2.6).
RSA_2048_SHA_256 = SignatureAlgorithm(
    name="RSASSA-PKCS1-v1_5, 2048 bits, SHA-256",
    hash_name="sha256",
    prefix=bytes.fromhex("3031300D060960864801650304020105000420"),
    shortest=256,
    longest=256,
)
# The algorithm is decided (facts: card.md, section 8), its command is not published: assumed are the bare digest in and
# a DER ECDSA-Sig-Value out (RFC 3279, 2.2.3).
ECDSA_P384_SHA_384 = SignatureAlgorithm(
    name="ECDSA, P-384, SHA-384", hash_name="sha384", prefix=b"", shortest=8, longest=104
)


@dataclass(frozen=True, slots=True)
class SecretSlot:
    """Where a secret is verified and how many tries the card gives after a right one."""

    file: CardFile
    full_tries: int


# Facts: card.md, 2.5.
AUTH_PIN = SecretSlot(CardFile.AUTH_PIN, full_tries=3)
REFERENCE_NUMBER_B = SecretSlot(CardFile.REFERENCE_NUMBER_B, full_tries=10)


class ToldBy(Enum):
    """What shows that a card is of this kind, after SELECT of the JPKI application."""

    LABEL = auto()
    PIN_REFUSED = auto()
    """The label of the plastic card, but its PIN's file cannot be selected or has no counter."""
    ISSUER = auto()
    """The label of the plastic card, but a certificate of the test authority (O=JPKI-TEST)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of card."""

    kind: CardKind
    label: str
    told_by: ToldBy = ToldBy.LABEL
    pin: SecretSlot | None
    """None where no PIN is ever sent."""
    pin_use: PinUse
    certificate_needs_pin: bool
    """The certificate is handed out only after the PIN."""
    signature: SignatureAlgorithm = RSA_2048_SHA_256
    certificate: CardFile = CardFile.AUTH_CERTIFICATE
    key: CardFile = CardFile.AUTH_KEY
    months_of_grace: bool = True
    """An expired certificate still gives the qualification for a while (facts: qualification.md, section 3)."""
    sources: str
    """Where each fact of the row comes from; sections are those of the fact sheet card.md, marks are its own."""


PROFILES = (
    Profile(
        kind=CardKind.PLASTIC,
        label="JPKIAPICCTOKEN2",
        pin=AUTH_PIN,
        pin_use=PinUse.UNIT,
        certificate_needs_pin=False,
        sources="AID 2.1 [2+]; label, free certificate, key and PIN files 2.2 [2+]; tries 2.5 [2+]; RSA 2.6 [2+]",
    ),
    Profile(
        kind=CardKind.PINLESS,
        label="JPKIAPICCTOKEN2",
        told_by=ToldBy.PIN_REFUSED,
        pin=None,
        pin_use=PinUse.NOWHERE,
        certificate_needs_pin=False,
        sources="no PIN, only face or visual check 6 (2) [2+]; the answer of its counter is not public 6 (2) [I], 11",
    ),
    Profile(
        kind=CardKind.TEST,
        label="JPKIAPICCTOKEN2",
        told_by=ToldBy.ISSUER,
        pin=AUTH_PIN,
        pin_use=PinUse.UNIT,
        certificate_needs_pin=False,
        sources="issuer O=JPKI-TEST 3 [1], 10 (15); otherwise as the plastic card, which was measured on test cards",
    ),
    Profile(
        kind=CardKind.NEXT,
        label="JPKIAPICCTOKEN3",
        pin=AUTH_PIN,
        pin_use=PinUse.UNIT,
        certificate_needs_pin=False,
        signature=ECDSA_P384_SHA_384,
        sources="ECDSA P-384 with SHA-384 8 [2+]; label, files and the form of the command are assumed: not published",
    ),
    Profile(
        kind=CardKind.ANDROID,
        label="JPKIAPGPSETOKEN",
        pin=AUTH_PIN,
        pin_use=PinUse.UNIT,
        certificate_needs_pin=True,
        months_of_grace=False,
        sources="label, AID 7 [2+]; certificate after the PIN 2.2, 7 [1]; PIN typed at the reader 7 [2+]; "
        "no grace: qualification.md 4.2",
    ),
    Profile(
        kind=CardKind.IPHONE,
        label="JPKIAPIOSTOKEN",
        pin=None,
        pin_use=PinUse.PHONE,
        certificate_needs_pin=False,
        months_of_grace=False,
        sources="label 7 [2+]; Face ID or Touch ID on the phone, then tap 7 [2+]; no grace: qualification.md 4.2",
    ),
)


def choose_profile(label_field: bytes) -> Profile:
    """Choose by the label. Raise CardUnreadable when it is none, CardUnknown when it is of no card in the table.

    `JPKIAPICCTOKEN`, the label of the 住民基本台帳カード, is such an unknown one.
    """
    label = label_field.rstrip(b" \0")
    if len(label_field) != LABEL_SIZE or not label.isalnum():
        raise CardUnreadable("the token information has no label")
    for profile in PROFILES:
        if label == profile.label.encode() and profile.told_by is ToldBy.LABEL:
            return profile
    raise CardUnknown("a JPKI application of a kind that is not in the table of profiles")


def told_apart(profile: Profile, by: ToldBy) -> Profile | None:
    """Return the row of the same label that `by` shows, or None where there is none."""
    return next((row for row in PROFILES if row.label == profile.label and row.told_by is by), None)
