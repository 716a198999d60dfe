from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey

from device.wire.sealing import Signer

NOW = datetime(2026, 4, 1, tzinfo=UTC)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Authority:
    """A site's authority that issues whatever a test asks for, sound or not."""

    def __init__(self, name: str = "site authority") -> None:
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._certify([name], self._key, NOW, NOW + timedelta(days=3650))

    def issue(
        self,
        *names: str,
        key: PrivateKey | None = None,
        begins: datetime = NOW,
        ends: datetime = NOW + timedelta(days=1),
    ) -> tuple[bytes, bytes]:
        """Return key and certificate, both PEM."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = self._certify(names, key, begins, ends)
        form, cipher = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return (
            key.private_bytes(serialization.Encoding.PEM, form, cipher),
            certificate.public_bytes(serialization.Encoding.PEM),
        )

    def signer(self, *names: str, begins: datetime = NOW, ends: datetime = NOW + timedelta(days=1)) -> Signer:
        return Signer.load(*self.issue(*names, begins=begins, ends=ends))

    def _certify(
        self, names: list[str] | tuple[str, ...], key: PrivateKey, begins: datetime, ends: datetime
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def make_authority() -> Callable[..., Authority]:
    return Authority


@pytest.fixture(scope="session")
def signer(authority: Authority) -> Signer:
    return authority.signer("unit-07")


@pytest.fixture(scope="session")
def clinic_key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture(scope="session")
def golden() -> Path:
    """Every version's messages as they were once sent. A file here is never changed, only added.

    The key and the authority beside them were made for these files and are used nowhere else.
    """
    return Path(__file__).parent / "golden" / "v1"
