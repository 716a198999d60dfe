from __future__ import annotations

import hashlib
from typing import Final

from device.domain.errors import CardLost
from device.domain.secrets import ReferenceNumberB
from device.domain.values import CardKind
from device.sim.card import commands as answer
from device.sim.card.applications import jpki_application, surface_application
from device.sim.card.commands import Command, Refused
from device.sim.card.credentials import CardCredentials
from device.sim.card.encoding import RSA_BYTES, sign
from device.sim.card.files import Application, File, KeyFile, Secret, Transparent
from device.sim.card.front import CardFrontPrint
from device.sim.card.hostile import Hostility
from device.sim.card.misbehaviour import Misbehaviour
from device.sim.card.placeable import ContactLost
from device.sim.card.stand_in import STAND_IN_AID, STAND_IN_UNLOCK

# Two ATRs of real cards, one for each interface (facts: card.md, 1.3, 1.4).
CONTACT_ATR: Final = bytes.fromhex("3BE000FF8131FE4514")
CONTACTLESS_ATR: Final = bytes.fromhex("3B888001000005E0B381A1007F")

STATUS_BYTES: Final = 2
_GET_RESPONSE = 0xC0
_SHORT_FILE = 0x80
_SHORT_FILE_MASK = 0x1F
_LARGEST_PADDED = RSA_BYTES - 11
_NORMAL = Misbehaviour()


class SimulatedCard:
    """A My Number Card in memory, or a phone that is one.

    Counters outlive everything, as on a real card; what was verified outlives a reset and ends with the power
    (facts: card.md, 1.17). `portrait` is a JPEG 2000 file or None. One thread at a time.
    """

    def __init__(
        self,
        credentials: CardCredentials,
        *,
        front: CardFrontPrint,
        portrait: bytes | None = None,
        pin: str = "1234",
        pin_tries: int = 3,
        reference_number_tries: int = 10,
        signing_password: str = "ABC123",  # noqa: S107  a simulated card's
        kind: CardKind = CardKind.PLASTIC,
        atr: bytes = CONTACTLESS_ATR,
        misbehaviour: Misbehaviour = _NORMAL,
        knows_stand_in: bool = True,
    ) -> None:
        """`knows_stand_in`: whether the invented unlocking of `stand_in` works; real cards refuse it."""
        self._wrong = misbehaviour
        self._front = front
        self.atr = b"" if misbehaviour.mute else atr
        self._pin = Secret(pin.encode(), full_tries=3, tries_left=pin_tries)
        password = Secret(signing_password.encode(), full_tries=5)
        self._secrets = [self._pin, password]
        self._number_b: Secret | None = None
        applications = [jpki_application(credentials, kind, self._pin, password, misbehaviour)]
        if kind not in {CardKind.ANDROID, CardKind.IPHONE}:
            number_b = Secret(
                bytes(front.reference_number().reveal()), full_tries=10, tries_left=reference_number_tries
            )
            applications.append(surface_application(credentials, front, portrait, number_b, misbehaviour))
            self._secrets.append(number_b)
            self._number_b = number_b
        if knows_stand_in:
            applications.append(Application(STAND_IN_AID, {}))
        self._applications = {application.aid: application for application in applications}
        self._unlocked_by_stand_in = False
        self._answered = 0
        self._crossed = 0
        self._contact_lost = False
        self._rest = b""
        self._application: Application | None = None
        self._file: File | None = None

    def reference_number(self) -> ReferenceNumberB:
        """Return 照合番号B as a camera reads it off the front; a new one each time, for the reader to wipe."""
        return self._front.reference_number()

    @property
    def pin_tries_left(self) -> int:
        """The counter of the PIN, as only the maker of a simulated card can see it."""
        return self._pin.tries_left

    @property
    def reference_number_tries_left(self) -> int:
        """The counter of 照合番号B, as only the maker of a simulated card can see it; 0 on a phone, which has none."""
        return self._number_b.tries_left if self._number_b else 0

    @property
    def behaves(self) -> bool:
        """Whether it was made to do nothing wrong."""
        return self._wrong == _NORMAL

    def power_on(self) -> None:
        """Begin to live in the field."""
        self._answered = 0
        self._crossed = 0
        self.reset()

    def reset(self) -> None:
        """Restart: nothing is selected, but what was verified stays so."""
        self._application = None
        self._file = None
        self._rest = b""

    def power_off(self) -> None:
        """Lose the field: nothing is verified any more."""
        self.reset()
        self._unlocked_by_stand_in = False
        for secret in self._secrets:
            secret.verified = False

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Answer one command with (data, SW1SW2). Raise CardLost when the card is to leave, or to lose contact."""
        self._cross(len(apdu))
        data, sw = self._obey(apdu)
        if self._answered == self._wrong.loses_contact_at and not self._contact_lost:
            self._contact_lost = True
            raise ContactLost
        self._cross(len(data) + STATUS_BYTES)
        return data, sw

    def _cross(self, size: int) -> None:
        self._crossed += size
        if self._wrong.leaves_at_byte is not None and self._crossed > self._wrong.leaves_at_byte:
            raise CardLost

    def _obey(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        wrong = self._wrong
        if wrong.leaves_after is not None and self._answered >= wrong.leaves_after:
            raise CardLost
        self._answered += 1
        if wrong.garbage_from is not None and self._answered >= wrong.garbage_from:
            return _noise(self._answered)
        if wrong.error_after_power_up and self._answered == 1:
            return b"", answer.NO_DIAGNOSIS
        try:
            return self._answer(Command.parse(bytes(apdu)))
        except Refused as refused:
            return b"", refused.sw

    def _answer(self, command: Command) -> tuple[bytes, int]:
        if command.ins != _GET_RESPONSE:
            self._rest = b""
        match command:
            case Command(cla=0x00, ins=0xA4):
                self._select(command)
                return b"", answer.OK
            case Command(cla=0x00, ins=0x20):
                return b"", self._verify(command)
            case Command(cla=0x00, ins=0xB0):
                return self._hand_out(self._read_binary(command))
            case Command(cla=0x80, ins=0x2A):
                return self._hand_out(self._sign(command))
            case Command(cla=0x00, ins=0xC0) if self._rest:
                return self._next_part(command.le or 0)
            case Command(cla=0x80, ins=0x5A) if self._application and self._application.aid == STAND_IN_AID:
                return b"", self._unlock(command)
            case Command(cla=0x00 | 0x80):
                raise Refused(answer.UNKNOWN_INSTRUCTION)
            case Command(cla=cla) if cla & 0x7C == 0 and cla & 0x03:
                raise Refused(answer.NO_SUCH_CHANNEL)
            case _:
                raise Refused(answer.UNKNOWN_CLASS)

    def _select(self, command: Command) -> None:
        match command.p1, command.body:
            case 0x04, aid:
                application = self._applications.get(aid)
                if application is None:
                    raise Refused(answer.NOT_FOUND)
                self._application, self._file = application, None
            case 0x02, body:
                file = self._application.files.get(int.from_bytes(body, "big")) if self._application else None
                if file is None:
                    raise Refused(answer.NOT_FOUND)
                self._file = file
            case 0x00, b"":
                # Measured: no effect inside an application, refused before one is selected (facts: card.md, 1.15).
                if self._application is None:
                    raise Refused(answer.WRONG_PARAMETERS)
            case 0x00, _:
                raise Refused(answer.NOT_FOUND)
            case _:
                raise Refused(answer.WRONG_PARAMETERS)

    def _referenced(self, parameter: int) -> File:
        """Return the current file (80), or the one that a short identifier names (81 to 9E)."""
        if not parameter & _SHORT_FILE:
            raise Refused(answer.WRONG_PARAMETERS)
        if short := parameter & _SHORT_FILE_MASK:
            file = self._application.files.get(short) if self._application else None
            if file is None:
                raise Refused(answer.NOT_FOUND)
            self._file = file
        if self._file is None:
            raise Refused(answer.NO_CURRENT_FILE)
        return self._file

    def _verify(self, command: Command) -> int:
        if command.p1:
            raise Refused(answer.WRONG_PARAMETERS)
        secret = self._referenced(command.p2)
        if not isinstance(secret, Secret):
            raise Refused(answer.WRONG_FILE)
        if not command.body:
            return secret.counter()
        sw = secret.verify(command.body)
        return 0x6300 if self._wrong.counter_hidden and sw & 0xFFF0 == 0x63C0 else sw  # noqa: PLR2004  63Cx

    def _read_binary(self, command: Command) -> bytes:
        if command.p1 & _SHORT_FILE:
            file, offset = self._referenced(command.p1), command.p2
        else:
            file, offset = self._referenced(_SHORT_FILE), command.p1 << 8 | command.p2
        if not isinstance(file, Transparent):
            raise Refused(answer.WRONG_FILE)
        if file.needs and not file.needs.verified:
            raise Refused(answer.NOT_VERIFIED)
        if command.le is None:
            raise Refused(answer.WRONG_LENGTH)
        if self._wrong.hostile is Hostility.ENDLESS:
            return file.content[offset:][: command.le].ljust(command.le, b"\x30")
        if offset >= len(file.content):
            raise Refused(answer.BEYOND_END)
        if self._wrong.largest_le is not None and command.le > self._wrong.largest_le:
            raise Refused(0x6C00 | self._wrong.largest_le)
        return file.content[offset : offset + min(command.le, self._wrong.largest_read or command.le)]

    def _sign(self, command: Command) -> bytes:
        if command.p1:
            # Other values choose other paddings on real cards; no client that is known uses them.
            raise Refused(answer.WRONG_PARAMETERS)
        key = self._key(command.p2)
        if key.needs and not key.needs.verified and not (key.institution_may_unlock and self._unlocked_by_stand_in):
            raise Refused(answer.NOT_VERIFIED)
        if not 1 <= len(command.body) <= _LARGEST_PADDED:
            raise Refused(answer.WRONG_LENGTH)
        return sign(key.key(), command.body)

    def _key(self, parameter: int) -> KeyFile:
        if parameter == 0 and self._application and self._application.signs_with is not None:
            file = self._application.files[self._application.signs_with]
        else:
            file = self._referenced(parameter)
        if not isinstance(file, KeyFile):
            raise Refused(answer.WRONG_FILE)
        return file

    def _unlock(self, command: Command) -> int:
        if bytes((command.cla, command.ins, command.p1, command.p2)) != STAND_IN_UNLOCK:
            raise Refused(answer.WRONG_PARAMETERS)
        self._unlocked_by_stand_in = True
        return answer.OK

    def _hand_out(self, data: bytes) -> tuple[bytes, int]:
        if self._wrong.largest_part is None:
            return data, answer.OK
        self._rest = data
        return b"", self._more_to_come()

    def _next_part(self, length: int) -> tuple[bytes, int]:
        part, self._rest = self._rest[:length], self._rest[length:]
        return part, self._more_to_come() if self._rest else answer.OK

    def _more_to_come(self) -> int:
        return 0x6100 | min(len(self._rest), self._wrong.largest_part or 0) & 0xFF


def _noise(seed: int) -> tuple[bytes, int]:
    """Return bytes without a pattern, the same in every run; every other answer claims success."""
    noise = hashlib.shake_128(seed.to_bytes(4, "big")).digest(40)
    sw = int.from_bytes(noise[:2], "big") if seed % 2 else answer.OK
    return noise[2 : 2 + noise[2] % 38], sw
