"""Cards made of fuzzed bytes, and an honest one to begin from.

An honest card that now and then says something else reaches much further than noise: most of a conversation is never
seen by a card that fails at SELECT.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Final, Self

from device.card.surface import PortraitCheck
from device.card.trust import CardTrust, CertificateAnchor, Realm, SurfaceAnchor
from device.domain.errors import CardLost
from device.sim.card import CardAuthority, CardCredentials, CardFrontPrint, SimulatedCard

if TYPE_CHECKING:
    from types import TracebackType

FRONT: Final = CardFrontPrint(date(1980, 2, 17), date(2035, 2, 17), "2285")
PORTRAIT: Final = bytes.fromhex("0000000C6A5020200D0A870A") + bytes(range(256)) * 3
PIN: Final = "1234"
CHALLENGE: Final = bytes(32)
NOW: Final = datetime(2026, 4, 1, tzinfo=UTC)
SELECT: Final = 0xA4
OK: Final = 0x9000


@cache
def credentials() -> CardCredentials:
    """Return the keys of the honest card; they are made anew in each process."""
    return CardAuthority().issue(
        serial=0x0123_4567, not_before=datetime(2025, 4, 1, tzinfo=UTC), not_after=datetime(2030, 4, 1, tzinfo=UTC)
    )


@cache
def trust() -> CardTrust:
    """Return anchors that the honest card leads to."""
    authority = credentials().authority
    surface_key = authority.surface_ca_key.public_key()
    return CardTrust(
        realm=Realm.TEST,
        certificates=(CertificateAnchor("fuzz", authority.certificate),),
        surfaces=(SurfaceAnchor("fuzz", authority.surface_certificate[9:25], surface_key),),
    )


def portrait_check() -> PortraitCheck:
    """Return what a portrait has to stand up to."""
    return PortraitCheck(CHALLENGE, trust().surfaces, unknown_anchor_goes_on=True)


class HonestAnswers:
    """What an honest card says to a command, by what is selected; everything is verified on it beforehand."""

    def __init__(self) -> None:
        self._card = SimulatedCard(credentials(), front=FRONT, portrait=PORTRAIT, pin=PIN)
        self._known: dict[tuple[bytes, bytes, bytes], tuple[bytes, int]] = {}
        self._verify("00A4040C0AD392F000260100000001", "00A4020C020018", PIN.encode())
        number = FRONT.reference_number()
        self._verify("00A4040C0AD3921000310001010402", "00A4020C020012", bytes(number.reveal()))

    def to(self, apdu: bytes, application: bytes, file: bytes) -> tuple[bytes, int]:
        """Return the answer to `apdu` after the two SELECTs; each is asked of the card once."""
        key = (application, file, apdu)
        if key not in self._known:
            self._card.reset()
            for select in filter(None, (application, file)):
                self._card.transmit(select)
            self._known[key] = self._card.transmit(apdu)
        return self._known[key]

    def _verify(self, application: str, file: str, secret: bytes) -> None:
        self._card.transmit(bytes.fromhex(application))
        self._card.transmit(bytes.fromhex(file))
        self._card.transmit(bytes((0x00, 0x20, 0x00, 0x80, len(secret))) + secret)


@cache
def honest_answers() -> HonestAnswers:
    """Return the one honest card of this process."""
    return HonestAnswers()


class Stream:
    """The fuzzed bytes, taken from the front; zeros when they are at their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def ended(self) -> bool:
        """Nothing of the input is left."""
        return self._at >= len(self._data)

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken.ljust(count, b"\0")


class FuzzedCard:
    """A `CardConnection` to a card whose every answer is decided by the input.

    One byte of the input per command: below 0xA0 the honest answer, otherwise how it is changed. Where the input ends,
    the last way of answering stays: a loop that relies on the card to end it would run for ever.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._application = b""
        self._file = b""
        self._decision = 0
        self.heard = 0
        self.secrets: list[bytes] = []
        self.buffers: list[bytearray] = []
        """Commands that held a secret, to be looked at for remains."""

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Answer one command."""
        self.heard += 1
        asked = bytes(apdu)
        if asked[1] == 0x20 and len(asked) > 4 and isinstance(apdu, bytearray):  # noqa: PLR2004  VERIFY with a body
            self.secrets.append(asked)
            self.buffers.append(apdu)
        if not self._stream.ended:
            self._decision = self._stream.byte()
        data, sw = honest_answers().to(asked, self._application, self._file)
        data, sw = self._changed(data, sw)
        if asked[1] == SELECT and sw == OK:
            if asked[2] == 0x04:  # noqa: PLR2004  by AID
                self._application, self._file = asked, b""
            else:
                self._file = asked
        return data, sw

    def _changed(self, data: bytes, sw: int) -> tuple[bytes, int]:
        stream = self._stream
        match self._decision:
            case way if way < 0xA0:  # noqa: PLR2004  most of the time the truth
                return data, sw
            case way if way < 0xB0:  # noqa: PLR2004  one byte of the answer is another one
                place, change = stream.byte(), stream.byte()
                at = place % len(data) if data else 0
                return data[:at] + bytes([change]) + data[at + 1 :], sw
            case way if way < 0xB8:  # noqa: PLR2004  less
                return data[: stream.byte()], sw
            case way if way < 0xC0:  # noqa: PLR2004  more
                return data + stream.take(stream.byte()), sw
            case way if way < 0xD0:  # noqa: PLR2004  another status word
                return data, int.from_bytes(stream.take(2), "big")
            case way if way < 0xD8:  # noqa: PLR2004  a counter
                return b"", 0x63C0 | stream.byte() & 0x0F
            case way if way < 0xE0:  # noqa: PLR2004  another length is asked for, or more is promised
                return data, (0x61 if way & 1 else 0x6C) << 8 | stream.byte()
            case way if way < 0xF8:  # noqa: PLR2004  something else altogether
                return stream.take(stream.byte()), OK if way & 1 else int.from_bytes(stream.take(2), "big")
            case _:
                raise CardLost

    def power_off(self) -> None:
        """Nothing to cut."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.power_off()
