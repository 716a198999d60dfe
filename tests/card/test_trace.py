"""A trace of a whole visit shows what was asked and what failed, and nothing of the holder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.card import MyNumberCard, PortraitCheck, ReferenceNumberRefused
from device.card.trace import TracedConnection, shown
from device.domain.errors import CardLost, PinRejected
from device.domain.secrets import Pin, ReferenceNumberB
from device.ports.card import CardConnection
from device.sim.card import Misbehaviour, SimulatedCard
from device.sim.clock import SimulatedClock
from device.sim.reader import SimulatedReader

MakeCard = Callable[..., SimulatedCard]


def trace(card: SimulatedCard, visit: Callable[[CardConnection], None]) -> list[str]:
    reader, said = SimulatedReader(), list[str]()
    reader.place(card)
    with TracedConnection(reader.connect(), SimulatedClock(), said.append) as connection:
        visit(connection)
    return said


def test_a_visit_with_wrong_secrets_shows_none_of_them_and_nothing_that_the_card_handed_out(
    make_card: MakeCard,
) -> None:
    handed_out: list[bytes] = []

    def visit(connection: CardConnection) -> None:
        card = MyNumberCard.identify(connection)
        handed_out.append(card.read_certificate())
        with pytest.raises(PinRejected):
            card.verify_pin(Pin(b"9876"))
        card.verify_pin(Pin(b"1234"))
        handed_out.append(card.sign(b"challenge"))
        with pytest.raises(ReferenceNumberRefused):
            card.read_portrait(ReferenceNumberB(b"55021720352299"), PortraitCheck(bytes(32)))

    said = trace(make_card(), visit)
    assert "00 A4 04 0C D392F000260100000001  ->  9000  (0 ms)" in said
    assert "00 20 00 80 [4 bytes]  ->  63C2  (0 ms)" in said
    assert "00 20 00 80 [14 bytes]  ->  63C9  (0 ms)" in said
    assert said[-1] == "power off"
    whole = "".join(said).replace(" ", "")
    for secret in (b"9876", b"1234", b"55021720352299", *(data[at : at + 4] for data in handed_out for at in (0, 100))):
        assert secret.hex().upper() not in whole
        assert secret.decode("latin-1") not in whole


def test_a_command_without_an_answer_is_told_as_such(make_card: MakeCard) -> None:
    card = make_card(misbehaviour=Misbehaviour(leaves_after=1))

    def visit(connection: CardConnection) -> None:
        with pytest.raises(CardLost):
            MyNumberCard.identify(connection)

    assert any(line.endswith("no answer: CardLost") for line in trace(card, visit))


@given(header=st.binary(min_size=4, max_size=4), body=st.binary(min_size=2, max_size=40))
def test_no_command_but_select_shows_a_byte_of_its_body(header: bytes, body: bytes) -> None:
    said = shown(header + bytes([len(body)]) + body)
    if header[1] == 0xA4:
        assert said.endswith(body.hex().upper())
    else:
        assert said == f"{header.hex(' ').upper()} [{len(body)} bytes]"
