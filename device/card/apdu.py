"""Short command APDUs as values (ISO/IEC 7816-4). Only what the unit sends has a builder here.

Extended length is never used: every operation fits short commands, and many readers know no others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from device.card.files import Application, CardFile

MAX_DATA = 255
MAX_LE = 256
MAX_OFFSET = 0x7FFF
"""READ BINARY has 15 bits for the offset."""

BY_AID, FILE_OF_APPLICATION, NO_ANSWER_DATA, CURRENT_FILE, APPLICATIONS_KEY = 0x04, 0x02, 0x0C, 0x80, 0x00


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """One command. `le` is the number of bytes asked for (1 to 256) or None for none.

    `str()` of it is fit for a log: it shows the body of a SELECT and of nothing else.
    """

    name: str
    cla: int
    ins: int
    p1: int
    p2: int
    body: bytes | bytearray = field(default=b"", repr=False)
    le: int | None = None
    public: bool = False
    """The body may be shown."""

    def __post_init__(self) -> None:
        if len(self.body) > MAX_DATA:
            raise ValueError(f"{self.name}: {len(self.body)} bytes do not fit a short command")
        if self.le is not None and not 1 <= self.le <= MAX_LE:
            raise ValueError(f"{self.name}: Le is 1 to {MAX_LE}, not {self.le}")

    def encode(self) -> bytearray:
        """Return the bytes for the card in a buffer of their own, which the caller may wipe."""
        encoded = bytearray((self.cla, self.ins, self.p1, self.p2))
        if self.body:
            encoded.append(len(self.body))
            encoded += self.body
        if self.le is not None:
            encoded.append(self.le % MAX_LE)
        return encoded

    def __str__(self) -> str:
        head = f"{self.name} {self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X}"
        if not self.body:
            return head
        return f"{head} {bytes(self.body).hex(' ').upper()}" if self.public else f"{head} [{len(self.body)} bytes]"


def select_application(application: Application) -> Command:
    """SELECT by AID, without asking for file control information."""
    return Command("SELECT", 0x00, 0xA4, BY_AID, NO_ANSWER_DATA, Application(application).value, public=True)


def select_file(file: CardFile) -> Command:
    """SELECT a file of the current application."""
    identifier = CardFile(file).identifier.to_bytes(2, "big")
    return Command("SELECT", 0x00, 0xA4, FILE_OF_APPLICATION, NO_ANSWER_DATA, identifier, public=True)


def read_binary(offset: int, length: int) -> Command:
    """READ BINARY of 1 to 256 bytes of the current file. Raise ValueError for an offset above 32767."""
    if not 0 <= offset <= MAX_OFFSET:
        raise ValueError(f"READ BINARY: no offset {offset}")
    return Command("READ BINARY", 0x00, 0xB0, offset >> 8, offset & 0xFF, le=length)


def tries_left() -> Command:
    """VERIFY without a body: asks for the counter of the current secret and costs nothing."""
    return Command("VERIFY (counter)", 0x00, 0x20, 0x00, CURRENT_FILE)


def verify(digits: bytearray) -> Command:
    """VERIFY the current secret. The command refers to `digits`, so that wiping them wipes it too.

    Raise ValueError for no digits: the card would take the command for a question about its counter.
    """
    if not digits:
        raise ValueError("VERIFY needs digits")
    return Command("VERIFY", 0x00, 0x20, 0x00, CURRENT_FILE, digits)


def compute_signature(to_be_signed: bytes) -> Command:
    """COMPUTE DIGITAL SIGNATURE with the current key over bytes that the card pads itself."""
    return Command("SIGN", 0x80, 0x2A, 0x00, CURRENT_FILE, to_be_signed, le=MAX_LE)


def prove_chip(to_be_signed: bytes) -> Command:
    """COMPUTE DIGITAL SIGNATURE with the application's own key: internal authentication, needs no secret."""
    return Command("PROVE CHIP", 0x80, 0x2A, 0x00, APPLICATIONS_KEY, to_be_signed, le=MAX_LE)


def get_response(length: int) -> Command:
    """GET RESPONSE: the rest that 61xx promised."""
    return Command("GET RESPONSE", 0x00, 0xC0, 0x00, 0x00, le=length)
