"""A site's own certificate authority: P-256 throughout, one level, for the broker, the units and the clinic's services.

The common name of a client certificate is the unit's id or the service's name. The broker takes it for user name and
client id, and the same key signs the unit's results, so a name is all that an access list needs.
Time comes in by the door: nothing here asks the clock.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from device.domain.errors import BadConfig
from device.whole_file import PRIVATE, PUBLIC
from provisioning.files import write_whole

AUTHORITY_LIFETIME = timedelta(days=3650)
IDENTITY_LIFETIME = timedelta(days=397)
"""A little over a year: renewal is a yearly habit and not a surprise of the third year."""

CLOCK_ALLOWANCE = timedelta(minutes=5)
"""Certificates start this much before they are issued: a Pi without a clock chip may be a little behind."""

_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key and the certificate that says whose it is, both PEM."""

    key_pem: bytes = field(repr=False)
    certificate_pem: bytes

    def write(self, folder: Path, stem: str) -> IdentityFiles:
        """Write `<stem>.key.pem` (0600) and `<stem>.cert.pem` into `folder`. Raise Fault when the disk refuses."""
        files = IdentityFiles(key=folder / f"{stem}.key.pem", certificate=folder / f"{stem}.cert.pem")
        write_whole(files.key, self.key_pem, mode=PRIVATE)
        write_whole(files.certificate, self.certificate_pem, mode=PUBLIC)
        return files


@dataclass(frozen=True, slots=True)
class IdentityFiles:
    """Where an identity was written."""

    key: Path
    certificate: Path


@dataclass(frozen=True, slots=True)
class SiteAuthority:
    """The authority of one site. Whoever holds its key can make units: keep the key off the units and the broker."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    @classmethod
    def create(cls, site: str, *, now: datetime, lifetime: timedelta = AUTHORITY_LIFETIME) -> SiteAuthority:
        """Make a new authority for `site` (1 to 64 of A-Z a-z 0-9 _ -). Raise BadConfig for another name or time."""
        _check(site, what="site name", now=now, lifetime=lifetime)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Uketsuke"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{site} site authority"),
            ]
        )
        builder = (
            _blank(name, name, key.public_key(), now=now, lifetime=lifetime)
            # It issues identities and never another authority.
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
        )
        return cls(key, builder.sign(key, hashes.SHA256()))

    @classmethod
    def load(cls, key: Path, certificate: Path, *, passphrase: bytes | None = None) -> SiteAuthority:
        """Read an authority back from its files. Raise BadConfig naming the file that does not fit."""
        try:
            private = serialization.load_pem_private_key(key.read_bytes(), password=passphrase)
        except (OSError, ValueError, TypeError) as error:
            raise BadConfig(f"no usable private key: {_why(error)}", where=str(key)) from error
        try:
            issuer = x509.load_pem_x509_certificate(certificate.read_bytes())
            issuer.verify_directly_issued_by(issuer)
        except (OSError, ValueError, TypeError, InvalidSignature) as error:
            raise BadConfig(f"no usable authority certificate: {_why(error)}", where=str(certificate)) from error
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != issuer.public_key():
            raise BadConfig(f"this is not the key of {certificate}", where=str(key))
        return cls(private, issuer)

    @property
    def certificate_pem(self) -> bytes:
        """The authority's certificate, for everybody who shall trust it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def write(self, folder: Path, *, passphrase: bytes | None = None) -> IdentityFiles:
        """Write `authority.key.pem` (0600, encrypted if there is a passphrase) and `authority.cert.pem`.

        Raise Fault when the disk refuses.
        """
        return Identity(_private_pem(self.key, passphrase), self.certificate_pem).write(folder, "authority")

    def write_empty_list(self, path: Path, *, now: datetime) -> Path:
        """Write a revocation list with nobody on it, for a new broker; return its path."""
        write_whole(path, self.revocation_list({}, now=now), mode=PUBLIC)
        return path

    def issue_server(
        self,
        *,
        now: datetime,
        lifetime: timedelta = IDENTITY_LIFETIME,
        names: Sequence[str] = ("localhost",),
        addresses: Sequence[str] = ("127.0.0.1",),
        server: str = "broker",
    ) -> Identity:
        """Issue the identity of the broker, or of another `server`, for the `names` and `addresses` that lead to it."""
        if not names and not addresses:
            raise BadConfig("a server needs at least one name or address", where="server identity")
        try:
            alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
            alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        except ValueError as error:
            raise BadConfig(str(error), where="server identity") from error
        return self._issue(
            server, ExtendedKeyUsageOID.SERVER_AUTH, x509.SubjectAlternativeName(alternatives), now, lifetime
        )

    def issue_client(self, name: str, *, now: datetime, lifetime: timedelta = IDENTITY_LIFETIME) -> Identity:
        """Issue an identity whose common name is `name`: a unit's id, or the name of a service."""
        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH, None, now, lifetime)

    def certify(
        self, key: ec.EllipticCurvePublicKey, name: str, *, now: datetime, lifetime: timedelta
    ) -> x509.Certificate:
        """Issue a client certificate for a key that somebody else holds."""
        return self._sign(key, name, ExtendedKeyUsageOID.CLIENT_AUTH, None, now=now, lifetime=lifetime)

    def revocation_list(self, withdrawn: Mapping[int, datetime], *, now: datetime) -> bytes:
        """Return the list of withdrawn certificates (serial number to time), PEM.

        It holds as long as the authority. A list that runs out earlier locks everybody out on that day, and it would
        guard against an old list only where somebody else than the broker's owner brings it.
        """
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now.astimezone(UTC) - CLOCK_ALLOWANCE)
            .next_update(self.certificate.not_valid_after_utc)
        )
        for serial, at in withdrawn.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at.astimezone(UTC)).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _issue(
        self,
        name: str,
        purpose: x509.ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName | None,
        now: datetime,
        lifetime: timedelta,
    ) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(key.public_key(), name, purpose, alternatives, now=now, lifetime=lifetime)
        return Identity(_private_pem(key), certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(
        self,
        key: ec.EllipticCurvePublicKey,
        name: str,
        purpose: x509.ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName | None,
        *,
        now: datetime,
        lifetime: timedelta,
    ) -> x509.Certificate:
        _check(name, what="name", now=now, lifetime=lifetime)
        if not self.certificate.not_valid_before_utc <= now <= self.certificate.not_valid_after_utc:
            raise BadConfig("the site authority is not valid at this time", where=f"identity {name}")
        # Nobody outlives the authority: such a certificate would fail one day for no visible reason.
        lifetime = min(lifetime, self.certificate.not_valid_after_utc - now)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            _blank(subject, self.certificate.subject, key, now=now, lifetime=lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            # Python 3.13 verifies strictly: an issued certificate must name its issuer's key.
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _blank(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, now: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - CLOCK_ALLOWANCE)
        .not_valid_after(now.astimezone(UTC) + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    # Units' keys are unencrypted: whoever starts the unit at night has no passphrase. The file's mode guards it.
    guard = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, guard)


def _check(name: str, *, what: str, now: datetime, lifetime: timedelta) -> None:
    if not _NAME.fullmatch(name):
        # The name becomes a topic level and a line of the broker's log.
        raise BadConfig(f"a {what} is 1 to 64 letters, digits, _ or -", where=repr(name[:80]))
    if now.tzinfo is None:
        raise BadConfig("the time of issue needs a time zone", where=name)
    if lifetime <= timedelta(0):
        raise BadConfig(f"a lifetime of {lifetime} is no lifetime", where=name)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
