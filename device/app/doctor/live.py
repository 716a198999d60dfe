"""Senses for a unit that runs: it is asked about its parts, nothing is taken from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from device.app.doctor.case import CameraSeen, OutboxTold, PanelTold, ReaderTold
from device.app.face_parts import CAMERA, FRONT_CAMERA, PORTRAIT, SANDBOX
from device.domain.errors import Fault
from device.domain.finding import FindingCode

PANEL = ("keypad", "indicators", "voice", "display")


class LiveSenses:
    """`Senses` by what the unit knows of itself."""

    def __init__(
        self,
        faults: Mapping[str, Fault],
        *,
        readers: Callable[[], tuple[str, ...]] = tuple,
        outbox: Callable[[], OutboxTold],
        way: Callable[[], Fault | None],
    ) -> None:
        """`faults` by part; `way` goes to the broker as far as it goes without taking the unit's place there."""
        self._faults = faults
        self._readers = readers
        self._outbox = outbox
        self._way = way

    def reader(self) -> ReaderTold:
        """Say what the unit says; a card on it belongs to a visitor."""
        if (fault := self._faults.get("reader")) is not None:
            return ReaderTold(fault=fault)
        try:
            return ReaderTold(self._readers())
        except Fault as fault:
            return ReaderTold(fault=fault)

    def cameras(self) -> Sequence[CameraSeen]:
        """Say which of them stalls; what they see is for the visit alone."""
        names = (CAMERA, FRONT_CAMERA)
        return [CameraSeen(name, 0.0, fault=self._faults[name]) for name in names if name in self._faults]

    def panel(self) -> PanelTold:
        """Say what the panel's drivers say."""
        return PanelTold(tuple((part, self._faults[part]) for part in PANEL if part in self._faults))

    def line(self) -> Fault | None:
        """Where the line is down, find out how far one gets; who gets all the way was turned away."""
        down = self._faults.get("line")
        if down is None:
            return None
        return self._way() or Fault(str(down), part="line", reason=down.reason, finding=FindingCode.BROKER_REFUSES)

    def outbox(self) -> OutboxTold:
        """Count what waits."""
        fault = self._faults.get("outbox")
        return OutboxTold(fault=fault) if fault is not None else self._outbox()

    def sandbox(self) -> Fault | None:
        """Say what was found when the decoder was started, or used last."""
        return self._faults.get(PORTRAIT) or self._faults.get(SANDBOX)

    def networks(self) -> Fault | None:
        """Say which of them failed when it ran last."""
        return self._faults.get("models")
