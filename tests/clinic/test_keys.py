from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OctKey, RSAKey

from clinic.keys import load_authorities, load_key, make_key_pair
from device.domain.errors import BadConfig
from device.wire.sealing import seal, unseal


def test_what_is_sealed_with_the_public_file_opens_with_the_private_one(tmp_path: Path) -> None:
    files = make_key_pair(tmp_path)

    token = seal(b"for the clinic", load_key(files.public, private=False))

    assert unseal(token, load_key(files.private, private=True)) == b"for the clinic"


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (ECKey.generate_key("P-384"), "a key on P-384, only P-256 is used"),
        (RSAKey.generate_key(2048), "not a JWK of an elliptic curve key"),
        (OctKey.generate_key(256), "not a JWK of an elliptic curve key"),
    ],
)
def test_a_key_of_another_kind_is_named(tmp_path: Path, key: ECKey | RSAKey | OctKey, problem: str) -> None:
    path = tmp_path / "key.jwk"
    path.write_text(json.dumps(key.as_dict(private=True)))

    with pytest.raises(BadConfig, match=problem):
        load_key(path, private=True)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kty":"EC"}', '{"kty":"EC","crv":"P-256","x":"1","y":"2"}', "é"])
def test_a_file_that_is_no_key_is_named_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key.jwk"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(BadConfig, match="not a JWK") as caught:
        load_key(path, private=False)
    assert caught.value.__cause__ is None


def test_a_certificate_that_says_nothing_of_being_an_authority_is_none(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    plain = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "plain.pem"
    path.write_bytes(plain.public_bytes(serialization.Encoding.PEM))

    with pytest.raises(BadConfig, match="not an authority's"):
        load_authorities(path)
