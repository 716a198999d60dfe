from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey

from clinic.keys import KeyRing, make_key_pair
from clinic.people import SHIPPED, Person
from clinic.record import VisitRecord
from clinic.site.loopback import loopback_config
from device.domain.reasons import Reason
from device.domain.values import Assurance, CardKind, UnitId
from device.wire.sealing import Signer
from provisioning.pki import SiteAuthority

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
INSTITUTION = "1399999999"
UNIT = UnitId("unit-0001")
AUTHORITY_NAME = x509.Name(
    [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "INVENTED-JPKI")]
)
CardKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Card:
    """A card's certificate, and what its chip does with a challenge."""

    certificate: bytes
    key: CardKey

    def sign(self, challenge: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(challenge, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(challenge, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True)
class CardIssuer:
    """An authority of cards; every generation has the same name, as the real ones have."""

    key: rsa.RSAPrivateKey
    card_key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, key: rsa.RSAPrivateKey, card_key: rsa.RSAPrivateKey) -> CardIssuer:
        certificate = (
            x509.CertificateBuilder()
            .subject_name(AUTHORITY_NAME)
            .issuer_name(AUTHORITY_NAME)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(NOW - timedelta(days=3650))
            .not_valid_after(NOW + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(key, card_key, certificate)

    def issue(
        self,
        serial: int,
        *,
        not_after: datetime = NOW + timedelta(days=900),
        not_before: datetime = NOW - timedelta(days=900),
        key: CardKey | None = None,
        for_signing_documents: bool = False,
        usage: bool = True,
    ) -> Card:
        key = key or self.card_key
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "INVENTED0000000000001A")]))
            .issuer_name(AUTHORITY_NAME)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(not_before)
            .not_valid_after(not_after)
        )
        if usage:
            key_usage = x509.KeyUsage(
                digital_signature=True,
                content_commitment=for_signing_documents,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            )
            builder = builder.add_extension(key_usage, critical=True)
        certificate = builder.sign(self.key, hashes.SHA256())
        return Card(certificate.public_bytes(serialization.Encoding.DER), key)

    def issue_to(self, person: Person) -> Card:
        not_after = person.certificate_not_after(NOW)
        return self.issue(person.serial, not_after=not_after, not_before=not_after - timedelta(days=1800))


@dataclass(frozen=True)
class ClinicFolder:
    """All files of a clinic, good ones."""

    folder: Path
    config: Path
    authority: SiteAuthority


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def rsa_keys() -> tuple[rsa.RSAPrivateKey, ...]:
    """Three keys for the whole session: making one takes longer than most tests."""
    return tuple(rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3))


@pytest.fixture(scope="session")
def issuer(rsa_keys: tuple[rsa.RSAPrivateKey, ...]) -> CardIssuer:
    return CardIssuer.create(rsa_keys[0], rsa_keys[1])


@pytest.fixture(scope="session")
def foreign_issuer(rsa_keys: tuple[rsa.RSAPrivateKey, ...]) -> CardIssuer:
    """Another authority under the very same name."""
    return CardIssuer.create(rsa_keys[2], rsa_keys[1])


@pytest.fixture(scope="session")
def sealing_keys() -> tuple[ECKey, ECKey]:
    """Private keys of gateway and consumer."""
    return ECKey.generate_key("P-256"), ECKey.generate_key("P-256")


@pytest.fixture
def make_ring(tmp_path: Path) -> Callable[..., KeyRing]:
    numbers = itertools.count()

    def make(*keys: ECKey, private: bool = True) -> KeyRing:
        path = tmp_path / f"ring-{next(numbers)}.jwk"
        path.write_text(json.dumps({"keys": [key.as_dict(private=private) for key in keys]}))
        return KeyRing(path, private=private)

    return make


@pytest.fixture(scope="session")
def site() -> SiteAuthority:
    return SiteAuthority.create("site-1", now=NOW)


@pytest.fixture
def signer(site: SiteAuthority) -> Callable[..., Signer]:
    def issue(name: str, *, authority: SiteAuthority = site, now: datetime = NOW) -> Signer:
        identity = authority.issue_client(name, now=now)
        return Signer.load(identity.key_pem, identity.certificate_pem)

    return issue


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "clinic.sqlite"


@pytest.fixture
def make_record(now: datetime) -> Callable[..., VisitRecord]:
    def make(sequence: int = 1, **changes: Any) -> VisitRecord:  # noqa: ANN401  any field of a record
        record = VisitRecord(
            received_at=now,
            unit=UNIT,
            sequence=sequence,
            message_id=f"message-{sequence:04d}",
            reception=f"{sequence:032x}",
            reason=Reason.QUALIFIED,
            notices=[],
            card=CardKind.PLASTIC,
            assurance=Assurance.PIN_SIGNATURE,
            consents={},
            started_at=now - timedelta(seconds=20),
            ended_at=now,
            happened_at=now,
            simulated=False,
            qualification={"QualificationValidity": "1"},
            unopened=None,
        )
        return msgspec.structs.replace(record, **changes)

    return make


@pytest.fixture
def make_clinic(tmp_path: Path, issuer: CardIssuer) -> Callable[..., ClinicFolder]:
    def make(*, port: int = 8883, branch: str = "simulation", authority: SiteAuthority | None = None) -> ClinicFolder:
        # TLS asks the real clock, so these certificates are valid at the time of the test.
        today = datetime.now(UTC)
        authority = authority or SiteAuthority.create("site-1", now=today)
        folder = tmp_path / "clinic"
        authority.write(folder)
        for name in ("clinic-gateway", "clinic-consumer"):
            authority.issue_client(name, now=today).write(folder, name)
        (folder / "cards.pem").write_bytes(issuer.certificate.public_bytes(serialization.Encoding.PEM))
        make_key_pair(folder)
        config = folder / "clinic.toml"
        config.write_text(loopback_config(port, people=SHIPPED, branch=branch, institution_code=INSTITUTION))
        return ClinicFolder(folder, config, authority)

    return make


@pytest.fixture
def clinic(make_clinic: Callable[..., ClinicFolder]) -> ClinicFolder:
    return make_clinic()
