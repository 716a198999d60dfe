"""What differs between kinds of cards: a table, chosen after SELECT by the label in the token information.

Never by the ATR: several chips exist, readers write random bytes into it, and an unknown one says nothing of the card.
The next card brings other keys and files (ECDSA P-384; facts: card.md, section 8): it gets a row here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from device.card.files import CardFile
from device.domain.errors import CardUnknown, CardUnreadable
from device.domain.values import CardKind

LABEL_SIZE = 32
"""The token information starts with its label, filled up with spaces (facts: card.md, 2.2, EF 0006)."""


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """How the holder's key signs."""

    name: str
    hash_name: str
    prefix: bytes
    """What stands before the digest in the command's body."""
    signature_size: int

    def to_be_signed(self, challenge: bytes) -> bytes:
        """Return the body of the command that signs `challenge`."""
        return self.prefix + hashlib.new(self.hash_name, challenge).digest()


# DigestInfo up to the digest (RFC 8017, section 9.2, note 1); the card adds the padding (facts: card.md, 2.6).
RSA_2048_SHA_256 = SignatureAlgorithm(
    name="RSASSA-PKCS1-v1_5, 2048 bits, SHA-256",
    hash_name="sha256",
    prefix=bytes.fromhex("3031300D060960864801650304020105000420"),
    signature_size=256,
)


@dataclass(frozen=True, slots=True)
class SecretSlot:
    """Where a secret is verified and how many tries the card gives after a right one."""

    file: CardFile
    full_tries: int


# Facts: card.md, 2.5.
AUTH_PIN = SecretSlot(CardFile.AUTH_PIN, full_tries=3)
REFERENCE_NUMBER_B = SecretSlot(CardFile.REFERENCE_NUMBER_B, full_tries=10)


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of card."""

    kind: CardKind
    label: str
    pin: SecretSlot | None
    """None where the holder unlocks the key on the phone itself: no PIN is asked for and none is sent."""
    certificate_needs_pin: bool
    """The certificate is handed out only after the PIN."""
    signature: SignatureAlgorithm = RSA_2048_SHA_256
    certificate: CardFile = CardFile.AUTH_CERTIFICATE
    key: CardFile = CardFile.AUTH_KEY


PROFILES = (
    # Facts: card.md, 2.2 (label, certificate free to read); two sources and more.
    Profile(CardKind.PLASTIC, "JPKIAPICCTOKEN2", pin=AUTH_PIN, certificate_needs_pin=False),
    # Facts: card.md, 7; that the certificate needs the PIN rests on one source.
    Profile(CardKind.ANDROID, "JPKIAPGPSETOKEN", pin=AUTH_PIN, certificate_needs_pin=True),
    # Facts: card.md, 7 (Face ID or Touch ID on the phone, then tap).
    Profile(CardKind.IPHONE, "JPKIAPIOSTOKEN", pin=None, certificate_needs_pin=False),
)


def choose_profile(label_field: bytes) -> Profile:
    """Choose by the label. Raise CardUnreadable when it is none, CardUnknown when it is of no card in the table.

    `JPKIAPICCTOKEN`, the label of the 住民基本台帳カード, is such an unknown one.
    """
    label = label_field.rstrip(b" \0")
    if len(label_field) != LABEL_SIZE or not label.isalnum():
        raise CardUnreadable("the token information has no label")
    for profile in PROFILES:
        if label == profile.label.encode():
            return profile
    raise CardUnknown("a JPKI application of a kind that is not in the table of profiles")
