"""What is fuzzed. A harness takes bytes; whatever it raises is a finding, and so is an input that takes too long."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from device.app.card_certificate import look_at
from device.app.card_report import Judge, examine
from device.card import MyNumberCard, tlv
from device.card.certificate import assess
from device.card.channel import Channel
from device.card.profiles import PROFILES
from device.card.surface_record import SurfaceRecord
from device.domain.errors import CardError, CardLost, MessageError
from device.domain.secrets import Pin
from device.domain.values import CardFacts
from device.drivers.pn532 import frames
from device.sim.card import SimulatedCard
from device.wire import codec, messages
from device.wire.sealing import unseal, verify
from fuzz import cards, wire_golden

Harness = Callable[[bytes], None]

MAX_COMMANDS: Final = 40_000
"""What a card can make the unit ask in one conversation; real ones take about a hundred."""
MAX_SW: Final = 0xFFFF


class Violation(Exception):  # noqa: N818  a finding
    """Something happened that must not."""


def require(holds: object, what: str) -> None:
    """Raise Violation unless `holds`; `assert` would vanish under -O."""
    if not holds:
        raise Violation(what)


def tlv_fields(data: bytes) -> None:
    """Fields of a record: what is taken out was in there, whole and in order."""
    with suppress(CardError):
        header = tlv.read_header(data)
        require(header.size <= len(data), "a header longer than its data")
    with suppress(CardError):
        whole = tlv.parse_whole_fields(data)
        require(data.startswith(b"".join(whole.values())), "fields that were not in the data")
        require(tlv.parse_fields(data).keys() == whole.keys(), "two readers see two things")


def certificate(data: bytes) -> None:
    """A certificate out of a card: judged, looked at, or refused."""
    with suppress(CardError):
        assess(data, cards.trust(), cards.NOW)
    with suppress(CardError):
        assess(data, cards.trust(), None)
    with suppress(CardError):
        look_at(data, cards.trust(), cards.NOW, months_of_grace=True)


def surface_record(data: bytes) -> None:
    """The record with the portrait and the certificate of its signer, two bytes of length between them."""
    size = int.from_bytes(data[:2], "big")
    record, signer = data[2 : 2 + size], data[2 + size :]
    with suppress(CardError):
        SurfaceRecord.parse(record).origin(signer, cards.trust().surfaces)


def conversation(data: bytes) -> None:
    """All that a unit says to a card. A secret goes out once for each time that it was asked for, and is wiped."""
    stream = cards.Stream(data)
    profile = PROFILES[stream.byte() % len(PROFILES)]
    connection = cards.FuzzedCard(stream)
    card = MyNumberCard(Channel(connection), profile, CardFacts(profile.kind, has_surface=True))
    with suppress(CardError):
        card = MyNumberCard.identify(connection)
    questions: tuple[Callable[[], object], ...] = (
        lambda: assess(card.read_certificate(), cards.trust(), cards.NOW),
        card.pin_tries_left,
        card.reference_number_tries_left,
        lambda: card.sign(cards.CHALLENGE),
    )
    for ask in questions:
        with suppress(CardError):
            ask()
    require(not connection.secrets, "a question sent a secret")
    number = cards.FRONT.reference_number()
    with suppress(CardError):
        card.read_portrait(number, cards.portrait_check())
    require(len(connection.secrets) <= 1, "照合番号B went out twice")
    before = len(connection.secrets)
    with suppress(CardError):
        card.verify_pin(Pin(cards.PIN.encode()))
    require(len(connection.secrets) <= before + 1, "the PIN went out twice")
    require(not any(map(any, connection.buffers)), "a secret was not wiped")
    require(connection.heard <= MAX_COMMANDS, f"{connection.heard} commands")


def examination(data: bytes) -> None:
    """`uketsuke card info`: a report or a lost card, and no secret at all."""
    connection = cards.FuzzedCard(cards.Stream(data))
    with suppress(CardLost):
        examine(connection, Judge(cards.NOW, trust=cards.trust()))
    require(not connection.secrets, "an examination sent a secret")
    require(connection.heard <= MAX_COMMANDS, f"{connection.heard} commands")


def simulated_card(data: bytes) -> None:
    """Any program may say anything to the simulated card: it answers like a card, and its counters only sink."""
    stream = cards.Stream(data)
    card = SimulatedCard(cards.credentials(), front=cards.FRONT, portrait=cards.PORTRAIT, pin=cards.PIN)
    card.power_on()
    while not stream.ended:
        answer, sw = card.transmit(stream.take(stream.byte()))
        require(len(answer) <= 256, "more than a short answer holds")  # noqa: PLR2004  ISO/IEC 7816-4
        require(0 <= sw <= MAX_SW, "a status word of more than two bytes")
    require(0 <= card.pin_tries_left <= 3, "a counter out of range")  # noqa: PLR2004  the PIN's tries


def wire(data: bytes) -> None:
    """A message from anybody, or what was signed: refused, or one that survives being written and read again."""
    for kind in (messages.Message, messages.GivenAnswer | messages.Receipt | messages.Result):
        with suppress(MessageError):
            message: object = codec.decode(data, kind)
            again: object = codec.decode(msgspec.json.encode(message), kind)
            require(again == message, "a message that changes on its way")


def sealed(data: bytes) -> None:
    """A sealed value or a signature from anybody: refused, or what was sealed and signed in the golden examples."""
    token = data.decode("latin-1")
    golden = wire_golden.examples()
    with suppress(MessageError):
        require(unseal(token, golden.key) in golden.sealed, "opened to something that nobody sealed")
    for signed in golden.signed:
        with suppress(MessageError):
            payload = verify(token, speaker=signed.speaker, authority=signed.authority, at=golden.at)
            require(payload == signed.content, "believed something that nobody signed")


def pn532_frames(data: bytes) -> None:
    """What a PN532 may send, in pieces: the decoder keeps less than one frame, and pieces change nothing."""
    whole, pieces = frames.Decoder(), frames.Decoder()
    at_once = [*whole.feed(data), *whole.give_up()]
    bit_by_bit = [event for byte in data for event in pieces.feed(bytes([byte]))] + pieces.give_up()
    require(at_once == bit_by_bit, "what is found depends on the pieces")
    require(not whole.midway, "something is left after giving up")


HARNESSES: Final[dict[str, Harness]] = {
    "tlv_fields": tlv_fields,
    "certificate": certificate,
    "surface_record": surface_record,
    "conversation": conversation,
    "examination": examination,
    "simulated_card": simulated_card,
    "wire": wire,
    "sealed": sealed,
    "pn532_frames": pn532_frames,
}
