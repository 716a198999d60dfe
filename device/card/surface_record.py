"""The record of the card's face (EF 0002) and the certificate of its signer (EF 0004), without a card.

Layouts and what the signatures cover: facts, card.md, 4.1. Two signatures lead from a pinned anchor to the portrait and
to the chip's key: the anchor signs EF 0004, its key signs the record. The card's expiry and the security code stand in
the record too, outside the signature; they are not read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from device.card import tlv
from device.card.trust import KEY_ID_BYTES, RSA_BITS, Chain, Origin, SurfaceAnchor
from device.domain.errors import CardUnreadable
from device.domain.reasons import Reason

RECORD: Final = 0xFF20
BIRTH_DATE, SEX, CHIP_KEY, NAME, ADDRESS, PORTRAIT, SIGNATURE = 0xDF22, 0xDF23, 0xDF24, 0xDF25, 0xDF26, 0xDF27, 0xDF28
SIGNED_GROUPS: Final = ((BIRTH_DATE, SEX, CHIP_KEY), (NAME, ADDRESS), (PORTRAIT,))
"""One signature over three digests side by side."""
JP2_SIGNATURE: Final = bytes.fromhex("0000000C6A5020200D0A870A")

CERTIFICATE, CERTIFICATE_BODY, CERTIFICATE_SIGNATURE = 0x7F21, 0x5F4E, 0x5F37
EXPONENT, MODULUS = 0x90, 0x91
_F4: Final = 65537
_DIGEST_INFO: Final = bytes.fromhex("3071300D06096086480165030402010500 0460")
"""A SHA-256 DigestInfo whose octet string has 96 bytes."""


@dataclass(frozen=True, slots=True)
class SurfaceRecord:
    """What is used of the record. Personal all through, so it shows nothing of itself."""

    portrait: bytes = field(repr=False)
    """The value of the portrait's field; empty on the cards of infants."""
    chip_key: RSAPublicKey = field(repr=False)
    signed: bytes = field(repr=False)
    """The DigestInfo that the signature is about."""
    signature: bytes = field(repr=False)

    @classmethod
    def parse(cls, record: bytes) -> SurfaceRecord:
        """Take the record apart. Raise CardUnreadable (PORTRAIT_MISSING, PORTRAIT_NOT_GENUINE)."""
        fields = tlv.parse_whole_fields(record[tlv.read_header(record).size :])
        values = {tag: whole[tlv.read_header(whole).size :] for tag, whole in fields.items()}
        if not values.get(PORTRAIT):
            raise CardUnreadable("the card carries no portrait", reason=Reason.PORTRAIT_MISSING)
        try:
            groups = [b"".join(fields[tag] for tag in group) for group in SIGNED_GROUPS]
            return cls(
                portrait=values[PORTRAIT],
                chip_key=public_key(values[CHIP_KEY]),
                signed=_DIGEST_INFO + b"".join(hashlib.sha256(group).digest() for group in groups),
                signature=values[SIGNATURE],
            )
        except KeyError as error:
            raise CardUnreadable(
                f"the record of the portrait lacks the field {error.args[0]:X}", reason=Reason.PORTRAIT_NOT_GENUINE
            ) from None

    def origin(self, certificate: bytes, anchors: tuple[SurfaceAnchor, ...]) -> Origin:
        """Follow the signatures from the record through the content of EF 0004 to one of `anchors`.

        Raise CardUnreadable when EF 0004 holds no such certificate.
        """
        signer = SignerCertificate.parse(certificate)
        if not self._signed_by(signer.key):
            return Origin(Chain.INVALID)
        known = [anchor for anchor in anchors if anchor.key_id == signer.issuer_id]
        if not known:
            return Origin(Chain.ANCHOR_UNKNOWN)
        held = next((anchor for anchor in known if signer.issued_by(anchor.key)), None)
        return Origin(Chain.INVALID) if held is None else Origin(Chain.VALID, held.name)

    def _signed_by(self, key: RSAPublicKey) -> bool:
        try:
            return key.recover_data_from_signature(self.signature, PKCS1v15(), None) == self.signed
        except (InvalidSignature, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class SignerCertificate:
    """EF 0004: 7F21 { 5F4E body, 5F37 signature over the body's value }."""

    issuer_id: bytes
    """証明者鍵ID."""
    key: RSAPublicKey
    body: bytes
    signature: bytes

    @classmethod
    def parse(cls, content: bytes) -> SignerCertificate:
        """Take the certificate apart. Raise CardUnreadable(PORTRAIT_NOT_GENUINE)."""
        fields = tlv.parse_fields(content[tlv.read_header(content).size :])
        body, signature = fields.get(CERTIFICATE_BODY, b""), fields.get(CERTIFICATE_SIGNATURE, b"")
        return cls(
            issuer_id=body[:KEY_ID_BYTES], key=public_key(body[2 * KEY_ID_BYTES :]), body=body, signature=signature
        )

    def issued_by(self, authority: RSAPublicKey) -> bool:
        """Tell whether `authority` signed the body."""
        try:
            authority.verify(self.signature, self.body, PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def public_key(value: bytes) -> RSAPublicKey:
    """Read a key as the card's records write it: 90 exponent, 91 modulus. Raise CardUnreadable for any but RSA-2048."""
    fields = tlv.parse_fields(value)
    exponent = int.from_bytes(fields.get(EXPONENT, b""), "big")
    modulus = int.from_bytes(fields.get(MODULUS, b""), "big")
    if exponent != _F4 or modulus.bit_length() != RSA_BITS or not modulus % 2:
        raise CardUnreadable("a record with a key that is not RSA-2048", reason=Reason.PORTRAIT_NOT_GENUINE)
    return RSAPublicNumbers(exponent, modulus).public_key()


def chip_answered(key: RSAPublicKey, answer: bytes, challenge: bytes) -> bool:
    """Tell whether the chip that holds the private half of `key` signed our challenge."""
    try:
        key.verify(answer, challenge, PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
