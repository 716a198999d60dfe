"""The simulated card's hostile modes: our reader answers each with a typed error, soon, and spends no try."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from device.card import MyNumberCard, PortraitCheck
from device.card.certificate import assess
from device.card.trust import CardTrust, Realm
from device.domain.errors import CardError, CardLost, CardUnreadable, PinRejected
from device.domain.reasons import Reason
from device.domain.secrets import Pin
from device.sim.card import Hostility, Misbehaviour, SimulatedCard

MakeCard = Callable[..., SimulatedCard]
Listen = Callable[[Any], Any]
CHECK = PortraitCheck(bytes(32), unknown_anchor_goes_on=True)
MOST_COMMANDS, MOST_BYTES = 60, 16 * 1024
REFUSALS = {Reason.CARD_UNREADABLE, Reason.PORTRAIT_MISSING, Reason.PORTRAIT_NOT_GENUINE}


@pytest.mark.parametrize("how", Hostility)
def test_a_hostile_certificate_is_refused_in_bounded_time(make_card: MakeCard, listen: Listen, how: Hostility) -> None:
    card = make_card(misbehaviour=Misbehaviour(hostile=how))
    heard = listen(card)
    visit = MyNumberCard.identify(heard)
    with pytest.raises(CardUnreadable):
        assess(visit.read_certificate(), CardTrust(Realm.TEST), None)
    assert len(heard.heard) <= MOST_COMMANDS
    assert heard.answered_bytes <= MOST_BYTES
    assert heard.verifies == []


@pytest.mark.parametrize("how", Hostility)
def test_a_hostile_record_is_refused_in_bounded_time_and_costs_no_try(
    make_card: MakeCard, listen: Listen, how: Hostility
) -> None:
    card = make_card(misbehaviour=Misbehaviour(hostile=how))
    heard = listen(card)
    visit = MyNumberCard.identify(heard)
    with pytest.raises(CardUnreadable) as refused:
        visit.read_portrait(card.reference_number(), CHECK)
    assert refused.value.reason in REFUSALS
    assert len(heard.heard) <= MOST_COMMANDS
    assert heard.answered_bytes <= MOST_BYTES
    assert len(heard.verifies) == 1, "the right number, once"
    assert visit.reference_number_tries_left() == 10
    assert visit.pin_tries_left() == 3


def bytes_of_a_visit(make_card: MakeCard, listen: Listen) -> int:
    heard = listen(make_card())
    go_through(MyNumberCard.identify(heard), b"1234")
    total: int = sum(map(len, heard.heard)) + heard.answered_bytes + 2 * len(heard.heard)
    return total


def go_through(visit: MyNumberCard, digits: bytes) -> None:
    visit.read_certificate()
    visit.pin_tries_left()
    visit.verify_pin(Pin(digits))
    visit.sign(b"challenge")


@pytest.mark.parametrize("offset", range(7))
def test_a_card_may_leave_at_any_byte(make_card: MakeCard, listen: Listen, offset: int) -> None:
    total = bytes_of_a_visit(make_card, listen)
    for at in range(offset, total, 7):
        card = make_card(misbehaviour=Misbehaviour(leaves_at_byte=at))
        heard = listen(card)
        with pytest.raises(CardLost):
            go_through(MyNumberCard.identify(heard), b"1234")
        assert card.pin_tries_left == 3
    heard = listen(make_card(misbehaviour=Misbehaviour(leaves_at_byte=total)))
    go_through(MyNumberCard.identify(heard), b"1234")


def test_at_whatever_byte_a_wrong_pin_breaks_off_it_is_sent_once_and_the_counter_tells_afterwards(
    make_card: MakeCard, listen: Listen
) -> None:
    tries: set[int] = set()
    for at in range(100, 2600):
        card = make_card(misbehaviour=Misbehaviour(leaves_at_byte=at))
        heard = listen(card)
        with contextlib.suppress(CardLost, PinRejected):
            visit = MyNumberCard.identify(heard)
            visit.verify_pin(Pin(b"9999"))
        assert len(heard.verifies) <= 1
        spent = 3 - card.pin_tries_left
        assert spent <= len(heard.verifies)
        tries.add(card.pin_tries_left)
        card.power_on()
        with contextlib.suppress(CardError):
            assert MyNumberCard.identify(heard).pin_tries_left() == card.pin_tries_left
        if spent and at > 300:
            break
    assert tries == {3, 2}


def test_lost_contact_loses_power_and_answer_but_not_the_card(make_card: MakeCard, listen: Listen) -> None:
    card = make_card(misbehaviour=Misbehaviour(loses_contact_at=9))
    heard = listen(card)
    visit = MyNumberCard.identify(heard)
    pin = Pin(b"9999")
    with pytest.raises(CardLost):
        visit.verify_pin(pin)
    with pytest.raises(ValueError, match="wiped"):
        pin.reveal()
    assert len(heard.verifies) == 1
    again = MyNumberCard.identify(listen(card))
    assert again.pin_tries_left() == card.pin_tries_left == 2
