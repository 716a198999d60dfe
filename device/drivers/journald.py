"""Log records to systemd's journal with fields of their own (its native protocol, one datagram a record).

Only what the program says itself goes there: no traceback, for a traceback may quote what it handled.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Mapping
from typing import Final

SOCKET: Final = "/run/systemd/journal/socket"
PRIORITIES: Final = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
"""Of syslog(3)."""
LONGEST: Final = 2000
"""Characters of a value; what is longer is cut."""


class JournalHandler(logging.Handler):
    """Where nobody listens at the socket, records go to standard error, which systemd also keeps."""

    def __init__(self, fields: Mapping[str, str], *, address: str = SOCKET, attribute: str, extra: str) -> None:
        """`fields` go with every record; `attribute` and `extra` are where a record keeps its event and its fields."""
        super().__init__()
        self._fields = dict(fields)
        self._attribute = attribute
        self._extra = extra
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._address = address
        self._aside = logging.StreamHandler()

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        try:
            self._line.sendto(b"".join(self._entries(record)), self._address)
        except OSError:
            self._aside.emit(record)

    def close(self) -> None:
        """Let the socket go."""
        self._line.close()
        super().close()

    def _entries(self, record: logging.LogRecord) -> Iterable[bytes]:
        yield entry("MESSAGE", record.getMessage())
        yield entry("PRIORITY", str(PRIORITIES.get(record.levelno, 6)))
        yield entry("LOGGER", record.name)
        for name, value in self._fields.items():
            yield entry(name, value)
        event = getattr(record, self._attribute, None)
        if event is not None:
            yield entry("MESSAGE_ID", str(event.value))
            yield entry("UKETSUKE_EVENT", event.name.lower())
        for name, value in getattr(record, self._extra, {}).items():
            yield entry(f"UKETSUKE_{name.upper()}", str(value))


def entry(name: str, value: str) -> bytes:
    """Return one field as the journal takes it: with its length, so that a line break in it begins no new field."""
    data = value[:LONGEST].encode("utf-8", "replace")
    return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
