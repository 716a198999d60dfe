from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from device.sim.card.credentials import CardCredentials
from device.sim.card.encoding import public_key_fields, tlv
from device.sim.card.keys import (
    Algorithm,
    HolderKey,
    HolderPublicKey,
    Purpose,
    generate_holder_key,
    generate_key,
    hash_for,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_CPS_URI: Final = "http://www.jpki.go.jp/cps.html"
_ISSUER_ALTERNATIVE_NAME: Final = "公的個人認証サービス"
_POLICIES: Final = {
    Purpose.AUTHENTICATION: ObjectIdentifier("1.2.392.200149.8.5.1.3.30"),
    Purpose.SIGNATURE: ObjectIdentifier("1.2.392.200149.8.5.1.1.20"),
}

# Key identifiers of the card's own certificates: 7 digits, 08 05, 3 digits, 3 zeros, 1 byte (facts: card.md, 4.1).
# 99xxxxx is used by none of the hierarchies that were seen.
_SURFACE_CA_ID: Final = b"9900023\x08\x05001\x00\x00\x00\x01"
_SURFACE_AP_ID: Final = b"9900024\x08\x05001\x00\x00\x00\x01"


def _name(*attributes: tuple[ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


class CardAuthority:
    """A test authority in the shape of JPKI's (facts: card.md, section 3). Its organisation is O=JPKI-TEST.

    Keys are made when they are first needed.
    """

    def __init__(
        self,
        not_before: datetime = datetime(2023, 7, 16, tzinfo=UTC),
        not_after: datetime = datetime(2033, 7, 15, tzinfo=UTC),
        *,
        algorithm: Algorithm = Algorithm.RSA_2048,
    ) -> None:
        self.algorithm = algorithm
        self._validity = not_before, not_after

    @cached_property
    def key(self) -> HolderKey:
        """The key that signs the certificates of card holders."""
        return generate_holder_key(self.algorithm)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The self-signed certificate of the authority for user authentication (利用者証明用)."""
        return self._certify_itself(Purpose.AUTHENTICATION)

    @cached_property
    def signature_certificate(self) -> x509.Certificate:
        """The self-signed certificate of the authority for digital signature (署名用), with the same key."""
        return self._certify_itself(Purpose.SIGNATURE)

    @property
    def certificate_pem(self) -> bytes:
        """The anchor of 利用者証明用電子証明書 that this authority issues."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self, *, serial: int, not_before: datetime, not_after: datetime, key: HolderKey | None = None
    ) -> CardCredentials:
        """Issue keys and certificates for a card; a `key` given is used for user authentication."""
        return CardCredentials(self, serial, (not_before, not_after), key)

    def certify(
        self,
        purpose: Purpose,
        public_key: HolderPublicKey,
        subject: x509.Name,
        serial: int,
        validity: tuple[datetime, datetime],
    ) -> x509.Certificate:
        """Sign one holder's certificate for user authentication or digital signature."""
        return (
            self._builder(purpose, subject, public_key, serial, validity)
            .add_extension(_key_usage(commitment=purpose is Purpose.SIGNATURE), critical=True)
            .add_extension(
                x509.CertificatePolicies([x509.PolicyInformation(_POLICIES[purpose], [_CPS_URI])]), critical=True
            )
            .sign(self.key, hash_for(self.key))
        )

    @cached_property
    def surface_key(self) -> RSAPrivateKey:
        """The key that signs surface records; EF 0004 certifies it."""
        return generate_key()

    @cached_property
    def surface_ca_key(self) -> RSAPrivateKey:
        """The key that signs EF 0004. It is on no card; whoever checks a portrait's origin has to know it."""
        return generate_key()

    @property
    def surface_ca_id(self) -> bytes:
        """証明者鍵ID: by what EF 0004 names `surface_ca_key` (16 bytes)."""
        return _SURFACE_CA_ID

    @cached_property
    def surface_certificate(self) -> bytes:
        """EF 0004 of the 券面事項確認AP: a card-verifiable certificate, 7F21 { 5F4E body, 5F37 signature }."""
        body = _SURFACE_CA_ID + _SURFACE_AP_ID + public_key_fields(self.surface_key)
        signature = self.surface_ca_key.sign(body, padding.PKCS1v15(), hashes.SHA256())
        return tlv(0x7F21, tlv(0x5F4E, body), tlv(0x5F37, signature))

    def _certify_itself(self, purpose: Purpose) -> x509.Certificate:
        return (
            self._builder(purpose, _authority_name(purpose), self.key.public_key(), 1, self._validity)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .sign(self.key, hash_for(self.key))
        )

    def _builder(
        self,
        purpose: Purpose,
        subject: x509.Name,
        public_key: HolderPublicKey,
        serial: int,
        validity: tuple[datetime, datetime],
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .issuer_name(_authority_name(purpose))
            .subject_name(subject)
            .public_key(public_key)
            .serial_number(serial)
            .not_valid_before(validity[0])
            .not_valid_after(validity[1])
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(
                x509.IssuerAlternativeName(
                    [
                        x509.DirectoryName(
                            _name(
                                (NameOID.COUNTRY_NAME, "JP"),
                                (NameOID.ORGANIZATION_NAME, _ISSUER_ALTERNATIVE_NAME),
                            )
                        )
                    ]
                ),
                critical=False,
            )
        )


def _authority_name(purpose: Purpose) -> x509.Name:
    """Return the issuer's name; like the real one it has no CN."""
    return _name(
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, "JPKI-TEST"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, purpose),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Japan Agency for Local Authority Information Systems"),
    )


def _key_usage(*, authority: bool = False, commitment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
