"""PIN and 照合番号: never sent twice, never sent empty, never left in memory, never logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.card import MyNumberCard, PortraitCheck, ReferenceNumberRefused, apdu
from device.domain.errors import CardError, PinRejected
from device.domain.secrets import Pin, ReferenceNumberB
from device.domain.values import CardKind
from device.sim.card import Misbehaviour, SimulatedCard

MakeCard = Callable[..., SimulatedCard]
Listen = Callable[[Any], Any]
CHECK = PortraitCheck(bytes(32), unknown_anchor_goes_on=True)


@given(st.binary(max_size=20).filter(lambda digits: len(digits) != 4 or not digits.isdigit()))
def test_what_is_not_four_digits_never_becomes_a_pin(digits: bytes) -> None:
    with pytest.raises(ValueError, match="4 ASCII digits"):
        Pin(digits)


def test_an_empty_verify_with_a_secret_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="needs digits"):
        apdu.verify(bytearray())
    wiped = Pin(b"1234")
    wiped.wipe()
    with pytest.raises(ValueError, match="wiped"):
        apdu.verify(wiped.reveal())


@pytest.mark.parametrize("kind", [CardKind.PLASTIC, CardKind.ANDROID, CardKind.NEXT, CardKind.TEST])
@pytest.mark.parametrize("hidden", [False, True])
def test_one_call_is_one_try_and_the_digits_are_gone_after_it(
    make_card: MakeCard,
    listen: Listen,
    kind: CardKind,
    hidden: bool,  # noqa: FBT001  a table of cases
) -> None:
    card = make_card(kind=kind, misbehaviour=Misbehaviour(counter_hidden=hidden))
    heard = listen(card)
    visit = MyNumberCard.identify(heard)
    pin = Pin(b"9999")
    buffer = pin.reveal()
    with pytest.raises(PinRejected) as rejected:
        visit.verify_pin(pin)
    assert rejected.value.tries_left == card.pin_tries_left == 2
    assert len(heard.verifies) == 1
    assert not any(buffer)
    assert all(not any(sent) for sent in heard.buffers), "no command stays in memory"


def test_the_counter_is_asked_as_often_as_one_likes(make_card: MakeCard, listen: Listen) -> None:
    card = make_card(pin_tries=1)
    heard = listen(card)
    visit = MyNumberCard.identify(heard)
    assert [visit.pin_tries_left() for _ in range(10)] == [1] * 10
    assert heard.verifies == []


def test_nothing_secret_or_personal_of_a_whole_visit_is_logged(
    make_card: MakeCard, listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    card = make_card()
    visit = MyNumberCard.identify(listen(card))
    certificate = visit.read_certificate()
    with pytest.raises(PinRejected):
        visit.verify_pin(Pin(b"9753"))
    visit.verify_pin(Pin(b"1234"))
    signature = visit.sign(b"challenge")
    with pytest.raises(ReferenceNumberRefused):
        visit.read_portrait(ReferenceNumberB(b"99999999999999"), CHECK)
    portrait = visit.read_portrait(card.reference_number(), CHECK)
    text = caplog.text.lower().replace(" ", "")
    assert "verify" in text
    for secret in (b"9753", b"1234", b"99999999999999", b"55021720352285", certificate[20:40], portrait.jp2[12:40]):
        assert secret.hex() not in text
    assert signature[:16].hex() not in text
    assert "9753" not in text
    assert "55021720352285" not in text


def test_a_message_of_an_error_never_holds_digits(make_card: MakeCard, listen: Listen) -> None:
    visit = MyNumberCard.identify(listen(make_card()))
    with pytest.raises(CardError) as rejected:
        visit.verify_pin(Pin(b"9753"))
    assert "9753" not in repr(rejected.value)
    with pytest.raises(CardError) as refused:
        visit.read_portrait(ReferenceNumberB(b"99999999999999"), CHECK)
    assert "9999" not in repr(refused.value)
