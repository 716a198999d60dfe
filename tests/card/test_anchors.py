"""Anchors come from files whose fingerprints somebody compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from device.card.trust import CardTrust, CertificateAnchor, Realm, SurfaceAnchor
from device.domain.errors import BadConfig

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY_ID = (b"5000023\x08\x05001\x00\x00\x00\x01").hex()
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SHA256 = hashlib.sha256(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def certificate(*, authority: bool | None = True, signed_by: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "JPKI")])
    now = datetime(2023, 7, 16, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=3650))
    )
    if authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    return builder.sign(signed_by or key, hashes.SHA256()).public_bytes(Encoding.PEM)


def fingerprint(pem: bytes) -> str:
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize(
    "written", [str.lower, str.upper, lambda text: ":".join(text[at : at + 2] for at in range(0, 64, 2))]
)
def test_an_authority_is_taken_by_its_fingerprint_however_it_is_written(written: Callable[[str], str]) -> None:
    pem = certificate()
    anchor = CertificateAnchor.load(pem, sha256=written(fingerprint(pem)), where="jpki.pem")
    assert (anchor.name, anchor.realm) == ("jpki.pem", Realm.PRODUCTION)


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (certificate(authority=False), "no certificate of an authority"),
        (certificate(authority=None), "no self-signed certificate"),
        (certificate(signed_by=ec.generate_private_key(ec.SECP256R1())), "no self-signed certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no self-signed certificate"),
        (b"", "no self-signed certificate"),
        (certificate(), "has another fingerprint"),
    ],
)
def test_anything_else_is_refused_with_its_place(pem: bytes, said: str) -> None:
    with pytest.raises(BadConfig, match=said) as refused:
        CertificateAnchor.load(pem, sha256="00" * 32, where="jpki.pem")
    assert refused.value.where == "jpki.pem"


def test_a_key_behind_portraits_is_taken_by_identifier_and_fingerprint() -> None:
    anchor = SurfaceAnchor.load(PEM, key_id=KEY_ID, sha256=SHA256, where="portraits.pem")
    assert (anchor.name, anchor.key_id.hex(), anchor.realm) == ("portraits.pem", KEY_ID, Realm.PRODUCTION)
    assert CardTrust(Realm.PRODUCTION, surfaces=(anchor,)).surfaces == (anchor,)


@pytest.mark.parametrize(
    ("pem", "key_id", "said"),
    [
        (PEM, "no hex", "no public key in PEM"),
        (b"", KEY_ID, "no public key in PEM"),
        (PEM, KEY_ID[2:], "no RSA-2048 key"),
        (PEM.replace(b"PUBLIC", b"PRIVATE"), KEY_ID, "no public key in PEM"),
        (PEM, "36" + KEY_ID[2:], "has another fingerprint"),
    ],
)
def test_any_other_key_is_refused(pem: bytes, key_id: str, said: str) -> None:
    with pytest.raises(BadConfig, match=said):
        SurfaceAnchor.load(pem, key_id=key_id, sha256="00" * 32, where="portraits.pem")


def test_a_key_of_another_kind_or_size_is_refused() -> None:
    for key in (
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505  weakness is the point
    ):
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(BadConfig, match="no RSA-2048 key"):
            SurfaceAnchor.load(pem, key_id=KEY_ID, sha256=SHA256, where="portraits.pem")


@pytest.mark.parametrize("first", ["36", "39"])
def test_portrait_keys_of_the_test_hierarchy_and_of_simulations_are_never_productions(first: str) -> None:
    anchor = SurfaceAnchor.load(PEM, key_id=first + KEY_ID[2:], sha256=SHA256, where="portraits.pem")
    with pytest.raises(BadConfig, match="does not belong"):
        CardTrust(Realm.PRODUCTION, surfaces=(anchor,))
    assert CardTrust(Realm.TEST, surfaces=(anchor,)).surfaces == (anchor,)
