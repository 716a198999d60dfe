"""Whatever goes wrong between host, chip and card: a typed error in time, no try too many, and the next card works."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from device.card import MyNumberCard
from device.domain.errors import CardError, CardLost, CardUnreadable, Fault, PinRejected
from device.domain.reasons import Reason
from device.domain.secrets import Pin
from device.drivers.pn532 import Pn532Reader
from device.sim.card import SimulatedCard
from device.sim.pn532 import Misbehaviour, SimulatedPn532, Trouble

MakeCard = Callable[..., SimulatedCard]
MakeHat = Callable[..., tuple[SimulatedPn532, Pn532Reader]]

SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
SELECT_PIN = bytes.fromhex("00A4020C020018")
WRONG_PIN = bytes.fromhex("002000800439393939")
EXCHANGE, LIST, RF, SAM, FIRMWARE, DIAGNOSE = 0x40, 0x4A, 0x32, 0x14, 0x02, 0x00
AT_MOST_S = 10.0

HARMLESS = {
    Trouble.NONE,
    Trouble.NO_ACK,
    Trouble.WRONG_DATA_CHECKSUM,
    Trouble.HALF_FRAME,
    Trouble.NOISE,
    Trouble.SINGLE_BYTES,
    Trouble.EXTENDED,
    Trouble.FOREIGN_ANSWER,
    Trouble.CARD_LEAVES_AFTER,
    Trouble.OTHER_CHIP,
}
"""What a single command does not even notice."""


def recover(hat: SimulatedPn532, reader: Pn532Reader, card: SimulatedCard) -> MyNumberCard:
    """Do what hands at the unit do after a trouble, and read the next card."""
    hat.plug()
    hat.lift()
    hat.place(card)
    for _ in range(3):
        try:
            assert reader.wait_for_change(present=False, timeout_s=AT_MOST_S)
        except Fault as fault:
            assert fault.reason is Reason.READER_FAULT  # noqa: PT017  it may come, and must say this
    return MyNumberCard.identify(reader.connect())


@pytest.mark.parametrize("trouble", Trouble)
def test_a_trouble_during_a_command_loses_at_most_the_card_and_never_a_try_too_many(
    make_hat: MakeHat, make_card: MakeCard, trouble: Trouble
) -> None:
    hat, reader = make_hat(Misbehaviour(trouble, command=EXCHANGE, skip=2, value=1))
    card = make_card()
    hat.place(card)
    connection = reader.connect()
    assert connection.transmit(SELECT_JPKI) == (b"", 0x9000)
    assert connection.transmit(SELECT_PIN) == (b"", 0x9000)
    if trouble in HARMLESS | {Trouble.IN_PARTS}:
        assert connection.transmit(WRONG_PIN) == (b"", 0x63C2)
        assert card.pin_tries_left == 2
    else:
        with pytest.raises(CardLost):
            connection.transmit(WRONG_PIN)
        assert card.pin_tries_left in {2, 3}
        with pytest.raises(CardLost):
            connection.transmit(SELECT_JPKI)
    connection.power_off()
    assert recover(hat, reader, make_card()).pin_tries_left() == 3


@pytest.mark.parametrize(
    "trouble", [trouble for trouble in Trouble if trouble not in {Trouble.RF_STATUS, Trouble.IN_PARTS}]
)
@pytest.mark.parametrize("command", [SAM, FIRMWARE, RF, LIST])
def test_a_trouble_while_waiting_is_a_fault_or_nothing_and_the_next_look_works(
    make_hat: MakeHat, make_card: MakeCard, trouble: Trouble, command: int
) -> None:
    hat, reader = make_hat(Misbehaviour(trouble, command=command, value=0x33))
    hat.place(make_card())
    try:
        reader.wait_for_change(present=False, timeout_s=0)
    except Fault as fault:
        assert fault.reason is Reason.READER_FAULT  # noqa: PT017  as above
    assert recover(hat, reader, make_card()).read_certificate()


@pytest.mark.parametrize(
    "trouble",
    [trouble for trouble in Trouble if trouble not in {Trouble.RF_STATUS, Trouble.IN_PARTS, Trouble.OTHER_CHIP}],
)
def test_a_trouble_while_a_held_card_is_watched_ends_in_a_lost_card_at_worst(
    make_hat: MakeHat, make_card: MakeCard, trouble: Trouble
) -> None:
    hat, reader = make_hat(Misbehaviour(trouble, command=DIAGNOSE))
    hat.place(make_card())
    connection = reader.connect()
    connection.transmit(SELECT_JPKI)
    try:
        still_there = reader.wait_for_change(present=True, timeout_s=0)
    except Fault:
        still_there = False
    if trouble in HARMLESS - {Trouble.CARD_LEAVES_AFTER}:
        assert still_there
        assert connection.transmit(SELECT_PIN) == (b"", 0x9000)
    else:
        with pytest.raises(CardLost):
            connection.transmit(SELECT_PIN)
    connection.power_off()
    assert recover(hat, reader, make_card()).read_certificate()


@pytest.mark.parametrize(
    ("trouble", "at_fault"),
    [(Trouble.WRONG_DATA_CHECKSUM, "again and again"), (Trouble.HALF_FRAME, "again and again")],
)
def test_an_answer_that_stays_broken_is_given_up(
    make_hat: MakeHat, make_card: MakeCard, trouble: Trouble, at_fault: str
) -> None:
    hat, reader = make_hat(Misbehaviour(trouble, command=EXCHANGE, skip=1, times=9))
    card = make_card()
    hat.place(card)
    connection = reader.connect()
    connection.transmit(SELECT_JPKI)
    with pytest.raises(CardLost, match=at_fault):
        connection.transmit(SELECT_PIN)


@pytest.mark.parametrize("status", range(1, 64))
def test_every_status_of_the_chip_is_a_lost_or_unreadable_card(
    make_hat: MakeHat, make_card: MakeCard, status: int
) -> None:
    hat, reader = make_hat(Misbehaviour(Trouble.RF_STATUS, command=EXCHANGE, value=status))
    hat.place(make_card())
    with reader.connect() as connection, pytest.raises(CardError) as error:
        connection.transmit(SELECT_JPKI)
    assert isinstance(error.value, CardLost | CardUnreadable)
    assert f"{status:02X}" in str(error.value)
    with reader.connect() as connection:
        assert connection.transmit(SELECT_JPKI) == (b"", 0x9000)


@pytest.mark.parametrize("size", [1, 2, 50, 261])
def test_an_answer_may_be_handed_out_in_parts_of_any_size(make_hat: MakeHat, make_card: MakeCard, size: int) -> None:
    hat, reader = make_hat(Misbehaviour(Trouble.IN_PARTS, command=EXCHANGE, times=10_000, value=size))
    hat.place(make_card())
    with reader.connect() as connection:
        card = MyNumberCard.identify(connection)
        with pytest.raises(PinRejected):
            card.verify_pin(Pin(b"0000"))
        card.verify_pin(Pin(b"1234"))
        assert len(card.sign(b"challenge")) == 256


@pytest.mark.parametrize("trouble", [Trouble.NOISE, Trouble.SINGLE_BYTES, Trouble.EXTENDED, Trouble.FOREIGN_ANSWER])
def test_a_visit_over_a_line_that_is_always_bad(make_hat: MakeHat, make_card: MakeCard, trouble: Trouble) -> None:
    hat, reader = make_hat(Misbehaviour(trouble, times=10_000))
    hat.place(make_card())
    assert reader.wait_for_change(present=False, timeout_s=AT_MOST_S)
    with reader.connect() as connection:
        card = MyNumberCard.identify(connection)
        card.verify_pin(Pin(b"1234"))
        assert len(card.sign(b"challenge")) == 256
