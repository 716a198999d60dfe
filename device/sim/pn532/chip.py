"""What a PN532 does with commands (UM0701-02, chapter 7), as far as a reader uses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from device.domain.errors import CardLost
from device.sim.pn532.card_field import CardField, Kind
from device.sim.pn532.listener import Heard, Listener, Said
from device.sim.pn532.misbehaviour import Misbehaviour, Trouble

ACK: Final = bytes.fromhex("0000FF00FF00")
ERROR: Final = bytes.fromhex("0000FF01FF7F8100")
NOISE: Final = bytes.fromhex("AA00FF133700FF08F842")
"""Two starts of frames that are none: one with a wrong length, one that claims more bytes than come."""

DIAGNOSE, FIRMWARE_VERSION, SAM_CONFIGURATION, RF_CONFIGURATION = 0x00, 0x02, 0x14, 0x32
DATA_EXCHANGE, LIST_PASSIVE_TARGET = 0x40, 0x4A

_TIME_OUT, _NO_TARGET = 0x01, 0x27
_MORE: Final = 0x40
_LARGEST_PART: Final = 262
_FOR_EVER: Final = 0xFF
_CONFIGURATION_SIZES: Final = {0x01: 1, 0x02: 3, 0x04: 1, 0x05: 3}

Speech = bytes | None
"""What comes back on the line; None: nothing any more, the cable was pulled."""


class _SyntaxError(Exception):
    """The chip does not understand a command."""


class _WaitsForEver(Exception):  # noqa: N818  no error: a command that waits for a card
    """There is no card, and the chip was told to wait for one."""


class SimulatedChip:
    """The chip, from the first byte that the host sends. One thread at a time; cards come and go by any."""

    def __init__(self, field: CardField, misbehaviours: Sequence[Misbehaviour] = (), *, sleeps: bool = True) -> None:
        """`sleeps`: it has to be woken by edges on a serial line; SPI and I2C wake it by addressing it."""
        self._field = field
        self._misbehaviours = misbehaviours
        self._hits = [0] * len(misbehaviours)
        self._sleeps = sleeps
        self.restart()

    def restart(self) -> None:
        """Lose power and get it again: everything is forgotten, the field is off, the chip sleeps."""
        self._listener = Listener(sleeps=self._sleeps)
        self._configured = False
        self._tries = _FOR_EVER
        self._targets = 0
        self._command = b""
        self._rest = b""
        self._last: tuple[int, bytes] | None = None
        self._field.switch(on=False)

    def hear(self, data: bytes) -> Iterator[Speech]:
        """Take bytes from the host, in any portions; give what goes back."""
        for byte in data:
            for heard in self._listener.hear(bytes((byte,))):
                match heard:
                    case Heard():
                        yield from self._obey(heard)
                    case Said.NACK if self._last is not None:
                        yield from self._say(*self._last, self._strike(self._last[0]))
                    case Said():
                        pass  # whatever the host stops is done already

    def _strike(self, code: int) -> Misbehaviour:
        """Return what goes wrong now."""
        for number, wrong in enumerate(self._misbehaviours):
            if wrong.command in {None, code}:
                self._hits[number] += 1
                if wrong.skip < self._hits[number] <= wrong.skip + wrong.times:
                    return wrong
        return _NOTHING

    def _obey(self, heard: Heard) -> Iterator[Speech]:
        wrong = self._strike(heard.code)
        if wrong.trouble in {Trouble.SILENT, Trouble.RESET, Trouble.ECHO}:
            yield from self._ignore(heard, wrong.trouble)
            return
        if wrong.trouble is Trouble.NOISE:
            yield NOISE
        if wrong.trouble is not Trouble.NO_ACK:
            yield ACK
        try:
            data = self._do(heard, wrong)
        except _SyntaxError:
            yield ERROR
        except _WaitsForEver:
            pass
        else:
            self._last = heard.code, data
            yield from self._say(heard.code, data, wrong)

    def _ignore(self, heard: Heard, trouble: Trouble) -> Iterator[Speech]:
        if trouble is Trouble.RESET:
            self.restart()
        if trouble is Trouble.ECHO:
            yield _frame(0xD4, heard.code, heard.data)

    def _say(self, code: int, data: bytes, wrong: Misbehaviour) -> Iterator[Speech]:
        answer = _frame(0xD5, code + 1, data)
        match wrong.trouble:
            case Trouble.NO_ANSWER:
                return
            case Trouble.WRONG_DATA_CHECKSUM:
                answer = answer[:-2] + bytes((answer[-2] ^ 0x01,)) + answer[-1:]
            case Trouble.WRONG_LENGTH_CHECKSUM:
                answer = answer[:4] + bytes((answer[4] ^ 0x01,)) + answer[5:]
            case Trouble.HALF_FRAME:
                answer = answer[: len(answer) - 2 - len(data) // 2]
            case Trouble.EXTENDED:
                answer = _frame(0xD5, code + 1, data, extended=True)
            case Trouble.NOISE:
                yield NOISE
            case Trouble.FOREIGN_ANSWER:
                yield _frame(0xD5, 0x05, b"\x00\x00\x00\x00")  # of GetGeneralStatus
            case Trouble.CABLE_PULLED:
                yield answer[: len(answer) // 2]
                yield None
                return
            case Trouble.SINGLE_BYTES:
                yield from (bytes((byte,)) for byte in answer)
                return
            case _:
                pass
        yield answer

    def _do(self, heard: Heard, wrong: Misbehaviour) -> bytes:
        """Do a command while cards come and go; return what follows the code in the answer."""
        if wrong.trouble is Trouble.ERROR_FRAME:
            raise _SyntaxError
        if wrong.trouble is Trouble.CARD_LEAVES:
            self._field.lift()
        data = self._done(heard, wrong)
        if wrong.trouble is Trouble.CARD_LEAVES_AFTER:
            self._field.lift()
        return data

    def _done(self, heard: Heard, wrong: Misbehaviour) -> bytes:
        match heard.code, heard.data:
            case 0x00, b"\x06" if wrong.trouble is Trouble.RF_STATUS:
                return bytes((wrong.value,))
            case 0x00, b"\x06":
                return b"\x00" if self._targets and self._field.answers() else bytes((_TIME_OUT,))
            case 0x02, b"":
                return bytes((wrong.value if wrong.trouble is Trouble.OTHER_CHIP else 0x32,)) + b"\x01\x06\x07"
            case 0x14, data if 1 <= len(data) <= len(("mode", "timeout", "irq")) and data[0] == 0x01:
                self._configured = True
                return b""
            case 0x32, data if data and len(data) == 1 + _CONFIGURATION_SIZES.get(data[0], -1):
                return self._configure(data[0], data[1:])
            case 0x4A, data if len(data) > 1 and data[0] in {1, 2}:
                return self._list(data[0], data[1], data[2:])
            case 0x40, data if data:
                return self._exchange(data[0], data[1:], wrong)
            case _:
                raise _SyntaxError

    def _configure(self, item: int, values: bytes) -> bytes:
        match item:
            case 0x01:
                on = bool(values[0] & 0x01)
                self._field.switch(on=on)
                self._targets = self._targets if on else 0
            case 0x05:
                self._tries = values[2]
            case _:
                pass
        return b""

    def _list(self, most: int, modulation: int, initiator_data: bytes) -> bytes:
        if modulation not in {kind.value for kind in Kind} or (modulation == Kind.TYPE_B.value and not initiator_data):
            raise _SyntaxError
        # Before SAMConfiguration the chip is in its low-battery mode, without a field (AN10609, C106).
        introductions = self._field.activate(Kind(modulation), most) if self._configured else []
        self._targets = len(introductions)
        self._command = self._rest = b""
        if not introductions and self._tries == _FOR_EVER:
            raise _WaitsForEver
        numbered = (bytes((number,)) + said for number, said in enumerate(introductions, 1))
        return bytes((len(introductions),)) + b"".join(numbered)

    def _exchange(self, target: int, data: bytes, wrong: Misbehaviour) -> bytes:
        number = target & ~_MORE
        if not 1 <= number <= self._targets:
            return bytes((_NO_TARGET,))
        if wrong.trouble is Trouble.RF_STATUS:
            return bytes((wrong.value,))
        self._command += data
        if target & _MORE:
            return b"\x00"
        command, self._command = self._command, b""
        if command or not self._rest:
            try:
                self._rest = self._field.transmit(number, command)
            except CardLost:
                return bytes((_TIME_OUT,))
        largest = wrong.value if wrong.trouble is Trouble.IN_PARTS else _LARGEST_PART
        part, self._rest = self._rest[:largest], self._rest[largest:]
        return bytes((_MORE if self._rest else 0x00,)) + part


def _frame(tfi: int, code: int, data: bytes, *, extended: bool = False) -> bytes:
    content = bytes((tfi, code)) + data
    length = len(content)
    if extended or length > 255:  # noqa: PLR2004  the manual's limit of a normal frame
        head = b"\xff\xff" + length.to_bytes(2, "big") + bytes(((256 - sum(length.to_bytes(2, "big"))) % 256,))
    else:
        head = bytes((length, 256 - length))
    return b"\x00\x00\xff" + head + content + bytes(((256 - sum(content) % 256) % 256, 0x00))


_NOTHING: Final = Misbehaviour(Trouble.NONE)
