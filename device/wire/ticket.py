"""A ticket: the right to claim one unit, once, on a label's QR code, a memory stick or a memory card.

It carries a certificate with its private key, good for nothing but one claim, and the fleet's authority: so the unit
knows its fleet before it says a word, and a stranger's broker cannot adopt it. Whoever holds a ticket can claim the
unit that it is for: it is to be kept like a key until it is used.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from device.domain.errors import BadConfig

PREFIX = "UKETSUKE1:"
"""Letters that a QR code packs tightly, and the format's version."""
MAX_TEXT = 8_192
_MAX_PACKED = 4_096


class _Packed(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    host: str
    port: int
    key: bytes
    certificate: bytes
    authority: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Where to claim, with what, and whose fleet it is."""

    host: str
    port: int
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate
    authority: x509.Certificate
    """The fleet's, the only one that is believed."""

    @property
    def claim(self) -> str:
        """The claim's name: the common name of the certificate."""
        [name] = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(name.value)

    @property
    def until(self) -> datetime:
        """When it runs out."""
        return self.certificate.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """Whose fleet it is, for people: groups of four hex digits of the authority's SHA-256."""
        return fingerprint(self.authority)

    @property
    def key_pem(self) -> bytes:
        """The claim's private key."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def text(self) -> str:
        """Return the ticket as one line of letters and digits."""
        der = serialization.Encoding.DER
        packed = _Packed(
            host=self.host,
            port=self.port,
            key=self.key.private_numbers().private_value.to_bytes(32, "big"),
            certificate=self.certificate.public_bytes(der),
            authority=self.authority.public_bytes(der),
        )
        squeezed = zlib.compress(msgspec.msgpack.encode(packed), 9)
        return PREFIX + base64.b32encode(squeezed).decode().rstrip("=")


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate in groups of four hex digits."""
    digest = sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    return " ".join(digest[place : place + 4] for place in range(0, 64, 4))


def read_ticket(text: str, *, where: str) -> Ticket:
    """Return the ticket in `text`. Raise BadConfig saying what is wrong with it; what it says is never quoted."""
    text = text.strip()
    if len(text) > MAX_TEXT or not text.startswith(PREFIX):
        raise BadConfig(f"is no ticket: it does not begin with {PREFIX}", where=where)
    body = text.removeprefix(PREFIX)
    try:
        squeezed = base64.b32decode(body + "=" * (-len(body) % 8))
        opened = zlib.decompressobj()
        packed = msgspec.msgpack.decode(opened.decompress(squeezed, _MAX_PACKED), type=_Packed)
        key = ec.derive_private_key(int.from_bytes(packed.key, "big"), ec.SECP256R1())
        certificate = x509.load_der_x509_certificate(packed.certificate)
        authority = x509.load_der_x509_certificate(packed.authority)
    except (binascii.Error, zlib.error, msgspec.DecodeError, ValueError) as error:
        raise BadConfig(
            "is no whole ticket: a part is missing or was changed; take the original again", where=where
        ) from error
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1 or certificate.public_key() != key.public_key():
        raise BadConfig("is no ticket: its key and its certificate do not belong together", where=where)
    if not 1 <= packed.port <= 65_535 or not packed.host:  # noqa: PLR2004  TCP's ports
        raise BadConfig("is no ticket: it names no broker", where=where)
    return Ticket(host=packed.host, port=packed.port, key=key, certificate=certificate, authority=authority)
