from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OctKey, RSAKey

from clinic.keys import OPENS_FOR, KeyRing, load_authorities, load_key, load_keys, make_key_pair, rotate_keys
from device.domain.errors import BadConfig
from device.wire.sealing import seal, unseal

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_what_is_sealed_with_the_public_file_opens_with_the_private_one(tmp_path: Path) -> None:
    files = make_key_pair(tmp_path)

    token = seal(b"for the clinic", load_key(files.public, private=False))

    assert unseal(token, load_key(files.private, private=True)) == b"for the clinic"


def test_after_a_rotation_the_new_key_seals_and_the_earlier_one_still_opens(tmp_path: Path) -> None:
    files = make_key_pair(tmp_path)
    sealing, opening = KeyRing(files.public, private=False), KeyRing(files.private, private=True)
    before = seal(b"before", sealing.current)

    kid = rotate_keys(tmp_path, NOW)

    assert sealing.current.kid == opening.current.kid == kid
    assert [unseal(token, *opening.all) for token in (before, seal(b"after", sealing.current))] == [b"before", b"after"]
    assert stat.S_IMODE(files.private.stat().st_mode) == 0o600
    assert '"d"' not in files.public.read_text()


def test_a_key_that_was_replaced_long_ago_leaves_the_set(tmp_path: Path) -> None:
    files = make_key_pair(tmp_path)
    first = load_key(files.private, private=True).kid
    for days in (0, 10, OPENS_FOR.days + 1):
        rotate_keys(tmp_path, NOW + timedelta(days=days))

    kids = [key.kid for key in load_keys(files.private, private=True)]
    assert len(kids) == 3
    assert first not in kids


def test_a_broken_file_leaves_a_running_service_the_keys_that_it_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = make_key_pair(tmp_path)
    ring = KeyRing(files.private, private=True)
    token = seal(b"under way", load_key(files.public, private=False))

    files.private.write_text("{half a fi")

    assert unseal(token, *ring.all) == b"under way"
    assert "keys not read again" in caplog.text
    files.private.unlink()
    assert ring.all


def test_there_is_nothing_to_rotate_without_keys(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot read the key"):
        rotate_keys(tmp_path, NOW)


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
