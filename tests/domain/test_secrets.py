from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.secrets import Pin, ReferenceNumberB

DIGITS = b"9182"
NUMBER = b"35040120350123"

Secret = Pin | ReferenceNumberB
SECRETS: list[Callable[[], Secret]] = [lambda: Pin(DIGITS), lambda: ReferenceNumberB(NUMBER)]

each_secret = pytest.mark.parametrize("make", SECRETS, ids=["Pin", "ReferenceNumberB"])


def digits_of(secret: Secret) -> str:
    return secret.reveal().decode()


@each_secret
@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        ascii,
        "{}".format,
        "{!r}".format,
        "{!s}".format,
        lambda secret: f"{secret} {[secret]} { ({'pin': secret}) } {(secret,)}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031  the old way must keep quiet too
        lambda secret: repr(ValueError("no", secret)),
    ],
)
def test_a_secret_does_not_show_when_printed(make: Callable[[], Secret], show: Callable[[Secret], str]) -> None:
    secret = make()

    assert type(secret).__name__ in show(secret)
    assert not set(digits_of(secret)) & set(show(secret))


@each_secret
@pytest.mark.parametrize(
    "leak",
    [
        lambda secret: secret == secret,  # noqa: PLR0124  the comparison itself is refused
        lambda secret: secret != b"9182",
        lambda secret: secret in (b"9182", b"0000"),
        lambda secret: secret < secret,  # noqa: PLR0124  same
        hash,
        lambda secret: {secret},
        lambda secret: {secret: 1},
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda secret: pickle.dumps(secret, protocol=0),
        lambda secret: pickle.dumps([secret]),
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        lambda secret: msgspec.json.encode({"pin": secret}),
        msgspec.to_builtins,
        bytes,
        bytearray,
        list,
        len,
        iter,
        vars,
        lambda secret: f"{secret:>20}",
        int,
    ],
)
def test_a_secret_cannot_be_compared_copied_or_serialised(
    make: Callable[[], Secret], leak: Callable[[Secret], object]
) -> None:
    secret = make()

    with pytest.raises(TypeError) as caught:
        leak(secret)

    assert digits_of(secret) not in str(caught.value)


@each_secret
def test_a_secret_takes_no_attributes_to_carry_it_elsewhere(make: Callable[[], Secret]) -> None:
    with pytest.raises(AttributeError):
        make().note = "9182"  # type: ignore[union-attr]  # the refusal is what is tested


@each_secret
def test_whatever_carries_a_secret_keeps_quiet_too(make: Callable[[], Secret]) -> None:
    @dataclass(frozen=True)
    class Carrier:
        secret: Secret

    carrier = Carrier(make())

    assert digits_of(carrier.secret) not in f"{carrier}"
    with pytest.raises(TypeError):
        copy.deepcopy(carrier)
    with pytest.raises(TypeError):
        hash(carrier)


@each_secret
def test_wiping_leaves_zeros_where_the_digits_were(make: Callable[[], Secret]) -> None:
    secret = make()
    buffer = secret.reveal()

    secret.wipe()
    secret.wipe()

    assert buffer == bytes(len(buffer))
    with pytest.raises(ValueError, match="was wiped"):
        secret.reveal()


@each_secret
def test_revealing_gives_the_buffer_and_not_a_copy(make: Callable[[], Secret]) -> None:
    secret = make()

    assert secret.reveal() is secret.reveal()


def test_a_secret_keeps_a_buffer_of_its_own() -> None:
    typed = bytearray(DIGITS)
    pin = Pin(typed)

    typed[:] = b"0000"

    assert pin.reveal() == DIGITS


@given(st.binary(max_size=20))
def test_only_as_many_ascii_digits_as_there_are_make_a_secret(digits: bytes) -> None:
    for kind, length in ((Pin, 4), (ReferenceNumberB, 14)):
        if len(digits) == length and digits.isdigit():
            assert kind(digits).reveal() == digits
        else:
            with pytest.raises(ValueError, match=f"{kind.__name__} is {length} ASCII digits"):
                kind(digits)


@pytest.mark.parametrize("digits", [b"", b"123", b"12345", b"12a4", b" 234", "١٢٣٤".encode(), b"\x31\x32\x33\xff"])
def test_what_is_no_pin_is_refused_without_being_quoted(digits: bytes) -> None:
    with pytest.raises(ValueError, match=r"^Pin is 4 ASCII digits$"):
        Pin(digits)
