"""The outbox of a unit that starts whatever its disk does: it is opened when it can be, and tried again until then.

Until it is there every method raises the Fault that says why. Visitors are then sent to the desk, because a result that
cannot be kept must not be promised; all the rest of the unit works.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from device.app.config import Config
from device.app.late_parts import Late
from device.app.reader_parts import outbox_path
from device.domain.errors import Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.drivers.sqlite_outbox import SqliteOutbox, set_aside
from device.ports.clock import Clock
from device.ports.line import Kept

Tell = Callable[[str, Fault], None]


class LateOutbox:
    """An `Outbox` that may come later. Any thread may call."""

    def __init__(self, config: Config, clock: Clock, tell: Tell) -> None:
        """Try to open it; `tell` is told by part of what is wrong, now and whenever it is opened."""
        self._config = config
        self._tell = tell
        self._late = Late(self._open, clock)
        if self._late.part() is None and self._late.fault is not None:
            tell("outbox", self._late.fault)

    def tell(self, tell: Tell) -> None:
        """From now on tell this one."""
        self._tell = tell

    def add(self, message_id: str, seal: Callable[[int], bytes]) -> Kept:
        """Keep one message."""
        return self._outbox.add(message_id, seal)

    def waiting(self, limit: int) -> list[Kept]:
        """Return the oldest messages."""
        return self._outbox.waiting(limit)

    @property
    def depth(self) -> int:
        """How many are kept."""
        return self._outbox.depth

    def settle(self, message_id: str, check: Callable[[Kept], None]) -> bool:
        """Delete one, on a receipt."""
        return self._outbox.settle(message_id, check)

    def close(self) -> None:
        """Close it, if it was opened."""
        if (opened := self._late.opened) is not None:
            opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _outbox(self) -> SqliteOutbox:
        outbox = self._late.part()
        if outbox is not None:
            return outbox
        raise self._late.fault or Fault("not there", part="outbox", reason=Reason.OUTBOX_FAULT)

    def _open(self) -> SqliteOutbox:
        state, path = self._config.unit.state, outbox_path(self._config)
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Fault(
                f"[unit] state: {state} cannot be made: {error.strerror}",
                part="outbox",
                reason=Reason.OUTBOX_FAULT,
                finding=FindingCode.STATE_FOLDER,
            ) from error
        try:
            return SqliteOutbox(path)
        except Fault as fault:
            if fault.finding is not FindingCode.OUTBOX_DAMAGED:
                raise
            # Patients can be served without yesterday's results; whoever administers the unit gets the file, whole.
            try:
                aside = set_aside(path)
            except OSError as error:
                raise fault from error
            reason, finding = Reason.OUTBOX_FAULT, FindingCode.OUTBOX_DAMAGED
            self._tell(
                "old outbox", Fault(f"{fault}; kept as {aside.name}", part="old outbox", reason=reason, finding=finding)
            )
            return SqliteOutbox(path)
