from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.wire.codec import MAX_BYTES, decode, encode
from device.wire.messages import VERSION, Answer, Ask, Begin, Confirm, Message, Receipt, Refused

BEGIN = Begin(ask_id="a1b2c3d4", reception="0f1e2d3c")
WIRE = b'{"kind":"begin","v":1,"ask_id":"a1b2c3d4","reception":"0f1e2d3c"}'


def refusal(payload: bytes, kind: object = Message | Answer) -> str:
    with pytest.raises(MessageError) as caught:
        decode(payload, kind)
    assert caught.value.reason is Reason.SERVICE_REFUSED
    assert caught.value.__cause__ is None, "the library's error quotes the payload"
    return str(caught.value)


def test_a_message_is_compact_utf8_json() -> None:
    assert encode(BEGIN) == WIRE
    assert decode(WIRE, Message) == BEGIN


def test_unknown_fields_are_ignored() -> None:
    assert decode(WIRE[:-1] + b',"later":{"a":[1,2,{}]},"kind2":null}', Ask) == BEGIN


@pytest.mark.parametrize("version", [0, 2, 10**30, -1])
def test_a_foreign_version_is_refused_by_its_number(version: int) -> None:
    said = refusal(WIRE.replace(b'"v":1', f'"v":{version}'.encode()))

    assert said == f"message version {version}, this side speaks {VERSION}"


def test_a_foreign_version_is_told_before_its_fields_are_looked_at() -> None:
    assert "version 2" in refusal(b'{"v":2,"kind":"something else"}')


@pytest.mark.parametrize(
    "head", [b'{"kind":"begin"}', b'{"v":"1"}', b'{"v":1.5}', b'{"v":true}', b'{"v":null}', b"[1]"]
)
def test_a_message_without_a_version_is_malformed(head: bytes) -> None:
    assert refusal(head).startswith("malformed message")


def test_a_message_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    filler = b" " * (MAX_BYTES - len(WIRE))

    assert decode(WIRE + filler, Message) == BEGIN
    assert refusal(WIRE + filler + b" ") == f"message of {MAX_BYTES + 1} bytes, the limit is {MAX_BYTES}"


@pytest.mark.parametrize(("opens", "closes"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_tower_of_brackets_is_refused_and_not_climbed(opens: bytes, closes: bytes) -> None:
    height = MAX_BYTES // 8
    tower = opens * height + b"1" + closes * height

    assert refusal(WIRE[:-1] + b',"later":' + tower + b"}").startswith("malformed message")


@pytest.mark.parametrize(
    "payload",
    [
        WIRE.decode().encode("utf-16"),
        WIRE.decode().encode("utf-32"),
        b"\xef\xbb\xbf" + WIRE,
        WIRE.replace(b"0f1e2d3c", "診療太郎".encode("shift_jis")),
        WIRE.replace(b"0f1e2d3c", b"0f1e2d3\xff"),
        WIRE.replace(b"0f1e2d3c", rb"0f1e2d3\ud800"),
    ],
)
def test_another_encoding_is_refused(payload: bytes) -> None:
    assert refusal(payload).startswith("malformed message")


@pytest.mark.parametrize("payload", [b"", b"{", b"null", WIRE[:-1], WIRE + b"x", WIRE * 2, b"\x00" * 50])
def test_half_a_message_or_two_are_refused(payload: bytes) -> None:
    assert refusal(payload).startswith("malformed message")


@pytest.mark.parametrize(
    "name",
    ["short", "a" * 65, "with space", "a/b/c/d/e", "line-break\n", "plus+plus", "hash####", "診療太郎診療太郎", ""],
)
def test_ids_that_could_mean_something_elsewhere_are_refused(name: str) -> None:
    assert "$.reception" in refusal(encode(Begin(ask_id="a1b2c3d4", reception=name)))


def test_one_kind_is_not_taken_for_another() -> None:
    assert "`$.kind`" in refusal(WIRE, Receipt)
    assert "`$.kind`" in refusal(encode(Refused(ask_id="a1b2c3d4", reason=Reason.CANCELLED)), Ask)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"v":1,"kind":"refused","ask_id":"a1b2c3d4","reason":"Taro Shinryo"}',
        b'{"v":1,"kind":"Taro Shinryo","ask_id":"a1b2c3d4"}',
        b'{"v":1,"kind":"refused","ask_id":"a1b2c3d4","reason":"Taro\' - at `$`, Shinryo"}',
        b'{"v":1,"kind":"refused","ask_id":"a1b2c3d4","reason":"Taro\\nShinryo"}',
        b'{"v":1,"kind":"refused","ask_id":"Taro Shinryo","reason":"cancelled"}',
        b'{"v":1,"kind":"confirm","ask_id":"a1b2c3d4","reception":"0f1e2d3c","consents":{"Taro Shinryo":true}}',
        b'{"v":1,"kind":"confirm","ask_id":"a1b2c3d4","reception":"0f1e2d3c","consents":"Taro Shinryo"}',
        b'{"v":1,"kind":"receipt","message_id":"a1b2c3d4","sequence":1,"disposition":"Taro Shinryo"}',
        b'{"v":1,"kind":"receipt","message_id":"a1b2c3d4","sequence":"Taro Shinryo","disposition":"stored"}',
        b'{"v":1,"kind":"challenge","ask_id":"a1b2c3d4","challenge":"Taro Shinryo","expires_at":"Taro Shinryo"}',
        b'{"v":1, Taro Shinryo}',
    ],
)
def test_a_refusal_names_the_place_and_never_the_value(payload: bytes) -> None:
    said = refusal(payload)

    assert "Taro" not in said
    assert "Shinryo" not in said
    assert "`$" in said or "malformed: " in said


def test_times_without_zone_are_refused() -> None:
    payload = b'{"v":1,"kind":"challenge","ask_id":"a1b2c3d4","challenge":"","expires_at":"2026-04-01T00:00:00"}'

    assert "`$.expires_at`" in refusal(payload)


def test_consents_come_back_as_they_were_given() -> None:
    confirm = b'{"kind":"confirm","v":1,"ask_id":"a1b2c3d4","reception":"0f1e2d3c","consents":{"SHJ":false,"YZK":true}}'

    assert encode(decode(confirm, Confirm)).startswith(confirm[:-1])


def read_or_refuse(payload: bytes) -> object:
    """Nothing but a MessageError may come out of a payload."""
    try:
        return decode(payload, Message)
    except MessageError as error:
        return error.reason


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(payload: bytes) -> None:
    assert read_or_refuse(payload) is Reason.SERVICE_REFUSED


@given(st.integers(0, len(WIRE) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_the_same_kind_of_message_or_a_refusal(place: int, byte: int) -> None:
    changed = bytearray(WIRE)
    changed[place] = byte

    outcome = read_or_refuse(bytes(changed))

    assert isinstance(outcome, Begin) or outcome is Reason.SERVICE_REFUSED
