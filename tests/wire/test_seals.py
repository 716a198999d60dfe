from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.wire.messages import MAX_SEALED
from device.wire.sealing import seal, unseal

PLAIN = '{"Name":"診療　太郎"}'.encode()
TOWER = "W1tb" * 2000
"""Six thousand opening brackets in base64."""


@pytest.fixture(scope="module")
def clinic_key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


def unopened(token: str, *keys: ECKey) -> None:
    with pytest.raises(MessageError, match="does not open") as caught:
        unseal(token, *keys)
    assert caught.value.reason is Reason.SERVICE_REFUSED
    assert "診療" not in str(caught.value)


@pytest.mark.parametrize("plain", [b"", b"x", PLAIN, b"\x00\xff" * 10_000])
def test_the_reader_gets_what_was_sealed(clinic_key: ECKey, plain: bytes) -> None:
    assert unseal(seal(plain, clinic_key), clinic_key) == plain


def test_the_public_half_is_enough_to_seal(clinic_key: ECKey) -> None:
    public = ECKey.import_key(clinic_key.as_dict(private=False))

    assert unseal(seal(PLAIN, public), clinic_key) == PLAIN


def test_nobody_else_opens_it(clinic_key: ECKey) -> None:
    unopened(seal(PLAIN, clinic_key), ECKey.generate_key("P-256"))
    unopened(seal(PLAIN, clinic_key))


def test_another_key_under_the_same_name_does_not_open_it(clinic_key: ECKey) -> None:
    impostor = ECKey.import_key(ECKey.generate_key("P-256").as_dict(private=True), {"kid": clinic_key.kid or ""})

    unopened(seal(PLAIN, clinic_key), impostor)


def test_while_keys_rotate_both_open_what_was_sealed_for_them(clinic_key: ECKey) -> None:
    next_key = ECKey.generate_key("P-256")

    for keys in ((clinic_key, next_key), (next_key, clinic_key)):
        assert unseal(seal(b"before", clinic_key), *keys) == b"before"
        assert unseal(seal(b"after", next_key), *keys) == b"after"


def test_the_same_words_are_never_sealed_the_same(clinic_key: ECKey) -> None:
    assert seal(PLAIN, clinic_key) != seal(PLAIN, clinic_key)


def test_what_the_reader_would_refuse_for_its_size_is_not_sealed(clinic_key: ECKey) -> None:
    assert len(seal(bytes(48_000), clinic_key)) <= MAX_SEALED
    with pytest.raises(MessageError, match="too many to seal"):
        seal(bytes(50_000), clinic_key)


@given(place=st.integers(0, 400))
def test_a_changed_character_never_opens(clinic_key: ECKey, flipped: Callable[[str, int], str], place: int) -> None:
    unopened(flipped(seal(PLAIN, clinic_key), place), clinic_key)


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": None},
        {"kid": "another"},
        {"kid": 7},
        {"kid": []},
        {"alg": "dir"},
        {"alg": "none"},
        {"alg": "RSA-OAEP"},
        {"alg": None},
        {"alg": []},
        {"enc": "A128CBC-HS256"},
        {"enc": None},
        {"zip": "DEF"},
        {"crit": ["exp"]},
        {"epk": None},
        {"epk": {}},
        {"epk": "x"},
        {"epk": {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}},
        {"epk": {"kty": "EC", "crv": "P-521", "x": "AAAA", "y": "AAAA"}},
        {"epk": {"kty": "EC", "crv": "P-056", "x": "AAAA", "y": "AAAA"}},
        {"epk": {"kty": "oct", "k": "AAAA"}},
        pytest.param({"epk": ECKey.generate_key("P-384").as_dict(private=False)}, id="a key on another curve"),
        {"apu": 1},
        {"later": "x"},
    ],
    ids=str,
)
def test_a_header_that_we_do_not_write_opens_nothing(
    clinic_key: ECKey, with_header: Callable[..., str], changes: dict[str, object]
) -> None:
    token = seal(PLAIN, clinic_key)

    unopened(with_header(token, **changes), clinic_key)
    unopened(with_header(token, **changes), clinic_key, ECKey.generate_key("P-256"))


def test_a_weaker_seal_is_refused_though_the_key_fits(clinic_key: ECKey) -> None:
    weaker = ["ECDH-ES", "A128GCM", "DEF", "A256GCM", "ECDH-ES+A256KW"]
    for header in (
        {"alg": "ECDH-ES", "enc": "A256GCM"},
        {"alg": "ECDH-ES+A256KW", "enc": "A128GCM"},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "zip": "DEF"},
    ):
        token = jwe.encrypt_compact({**header, "kid": clinic_key.kid}, PLAIN, clinic_key, algorithms=weaker)
        unopened(token, clinic_key)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "....",
        "a.b.c.d.e",
        TOWER + ".YQ.YQ.YQ.YQ",
        "診療.a.b.c.d",
        "bnVsbA.a.b.c.d",
        "W10.a.b.c.d",
        "\ud800.a.b.c.d",
        "x" * 70_000,
    ],
    ids=lambda token: ascii(token[:20]),
)
def test_what_is_no_seal_opens_nothing(clinic_key: ECKey, token: str) -> None:
    unopened(token, clinic_key)


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_opens_nothing(clinic_key: ECKey, token: str) -> None:
    unopened(token, clinic_key)
