"""Every status word there is, in answer to the commands where it matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from device.card.channel import Channel
from device.card.jpki import sign, verify_pin
from device.card.profiles import PROFILES
from device.domain.errors import CardError, CardUnreadable, PinBlocked, PinRejected
from device.domain.secrets import Pin

PLASTIC = PROFILES[0]
Answering = Callable[[Callable[[bytes], tuple[bytes, int]]], Any]


def outcome_of_verify(answering: Answering, sw: int) -> tuple[Any, Exception | None]:
    card = answering(lambda apdu: (b"", sw if apdu[1] == 0x20 else 0x9000))
    try:
        verify_pin(Channel(card), PLASTIC, Pin(b"1234"))
    except CardError as error:
        return card, error
    return card, None


def test_only_9000_is_a_right_pin_and_no_answer_makes_software_send_it_again(answering: Answering) -> None:
    for sw in range(0x6000, 0xA000):
        card, error = outcome_of_verify(answering, sw)
        assert len(card.verifies) == 1
        match error:
            case None:
                assert sw == 0x9000
            case PinRejected(tries_left=left):
                assert sw == 0x63C0 + left
                assert left
            case PinBlocked():
                assert sw in {0x63C0, 0x6983, 0x6984}
            case _:
                assert isinstance(error, CardUnreadable)


def test_an_unexpected_status_word_is_told_with_its_meaning(answering: Answering) -> None:
    _, error = outcome_of_verify(answering, 0x6581)
    assert isinstance(error, CardUnreadable)
    assert error.sw == 0x6581
    assert str(error) == "VERIFY of the PIN: the card answered 6581 (the card cannot write its memory)"


def test_an_unknown_status_word_is_told_as_unknown(answering: Answering) -> None:
    _, error = outcome_of_verify(answering, 0x6666)
    assert isinstance(error, CardUnreadable)
    assert "6666 (unknown)" in str(error)


@pytest.mark.parametrize("sw", [0x6A82, 0x6982, 0x6985, 0x6986, 0x6D00, 0x6281, 0x6300])
def test_a_key_that_cannot_be_used_tells_why(answering: Answering, sw: int) -> None:
    card = answering(lambda apdu: (b"", sw if apdu[1] == 0x2A else 0x9000))
    with pytest.raises(CardUnreadable) as refused:
        sign(Channel(card), PLASTIC, b"challenge")
    assert refused.value.sw == sw
