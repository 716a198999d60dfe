"""Sends commands and reads files: the one place that knows about 61xx, 6Cxx, short reads and what is selected."""

from __future__ import annotations

import logging

from device.card import apdu, status
from device.card.apdu import MAX_LE, MAX_OFFSET, Command
from device.card.files import Application, CardFile
from device.card.tlv import HEADER_WINDOW, read_header
from device.domain.errors import CardUnreadable
from device.ports.card import CardConnection

_log = logging.getLogger(__name__)

MAX_PARTS = 16
"""Parts that one answer may come in (61xx)."""
SMALLEST_USUAL_READ = 16
"""A card that hands out less per READ BINARY, on average, is taken for broken: reading has to end."""


class Channel:
    """A connection, and what is selected on it. One thread at a time."""

    def __init__(self, connection: CardConnection) -> None:
        self.connection = connection
        self._application: Application | None = None

    def send(self, command: Command) -> tuple[bytes, int]:
        """Send one command; return (data, SW). The encoded command is wiped. Raise CardLost or CardUnreadable."""
        data, sw = self._transmit(command)
        if command.le is None:
            # Nothing was asked for, so there is nothing to fetch: no answer makes a VERIFY go out twice, or look right.
            return data, sw
        if sw >> 8 == 0x6C:  # noqa: PLR2004  6Cxx: wrong Le, xx is the right one
            data, sw = self._transmit(_with_le(command, sw & 0xFF or MAX_LE))
        for _ in range(MAX_PARTS):
            if sw >> 8 != 0x61:  # noqa: PLR2004  61xx: xx more bytes to fetch
                break
            part, sw = self._transmit(apdu.get_response(sw & 0xFF or MAX_LE))
            data += part
        if len(data) > MAX_LE:
            raise CardUnreadable(f"{command.name}: {len(data)} bytes in answer to a short command")
        return data, sw

    def select(self, application: Application) -> int:
        """SELECT an application whether or not it is the current one; return the status word."""
        self._application = None
        _, sw = self.send(apdu.select_application(application))
        if sw == status.OK:
            self._application = application
        return sw

    def open(self, file: CardFile) -> None:
        """SELECT a file, and its application before it unless that is current. Raise CardUnreadable."""
        status.require_ok(f"SELECT {file.name}", self.select_file(file))

    def select_file(self, file: CardFile) -> int:
        """SELECT a file as `open` does, but return the card's status word for the file itself."""
        if self._application is not file.application:
            status.require_ok(f"SELECT {file.application.name}", self.select(file.application))
        _, sw = self.send(apdu.select_file(file))
        return sw

    def read(self, file: CardFile, length: int) -> bytes:
        """Return the first `length` bytes of a file, or fewer where it ends earlier."""
        self.open(file)
        return self._read_up_to(file, b"", length)

    def read_object(self, file: CardFile, *, tag: int, limit: int) -> bytes:
        """Return the one TLV object that a file starts with, header included and filler excluded.

        Raise CardUnreadable when it has another tag, more than `limit` bytes or an end before its length says so.
        """
        self.open(file)
        data = self._read_up_to(file, b"", HEADER_WINDOW)
        header = read_header(data)
        if header.tag != tag:
            raise CardUnreadable(f"{file.name} starts with {header.tag:X} instead of {tag:X}")
        if header.total > min(limit, MAX_OFFSET + 1):
            raise CardUnreadable(f"{file.name} claims {header.total} bytes")
        data = self._read_up_to(file, data, header.total)
        if len(data) < header.total:
            raise CardUnreadable(f"{file.name} ends after {len(data)} of {header.total} bytes")
        return data[: header.total]

    def _read_up_to(self, file: CardFile, data: bytes, length: int) -> bytes:
        """Add to `data`, the file's beginning, until it has `length` bytes or the file ends."""
        reads_left = HEADER_WINDOW + length // SMALLEST_USUAL_READ
        while len(data) < length:
            if not reads_left:
                raise CardUnreadable(f"{file.name} is handed out in too small pieces")
            reads_left -= 1
            piece, sw = self.send(apdu.read_binary(len(data), min(length - len(data), MAX_LE)))
            if sw == status.OFFSET_BEYOND_END or (sw == status.END_OF_FILE_EARLY and not piece):
                break
            if sw != status.END_OF_FILE_EARLY:
                status.require_ok(f"READ BINARY of {file.name}", sw)
            if not piece:
                raise CardUnreadable(f"READ BINARY of {file.name}: agreed, but without data")
            data += piece
        return data

    def _transmit(self, command: Command) -> tuple[bytes, int]:
        encoded = command.encode()
        try:
            data, sw = self.connection.transmit(encoded)
        finally:
            encoded[:] = bytes(len(encoded))
        _log.debug("%s → [%d bytes] %04X", command, len(data), sw)
        if command.le is not None and len(data) > command.le:
            raise CardUnreadable(f"{command.name}: {len(data)} bytes where {command.le} were asked for")
        return data, sw


def _with_le(command: Command, le: int) -> Command:
    return Command(
        command.name, command.cla, command.ins, command.p1, command.p2, command.body, le=le, public=command.public
    )
