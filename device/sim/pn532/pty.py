"""A simulated PN532 at a serial line that is none: a pseudo-terminal."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from device.sim.card import PlaceableCard
from device.sim.pn532.card_field import CardField, Kind
from device.sim.pn532.chip import SimulatedChip
from device.sim.pn532.misbehaviour import Misbehaviour

if TYPE_CHECKING:
    from types import TracebackType

_PORTION = 4096


class SimulatedPn532:
    """A chip and its cards behind a device file. Any thread may place, lift, pull the cable and plug it in again."""

    def __init__(self, folder: Path, misbehaviours: Sequence[Misbehaviour] = ()) -> None:
        """The device file lies in `folder` while the cable is plugged in, as it is at first."""
        self.device = folder / "ttyPN532"
        self.field = CardField()
        self._chip = SimulatedChip(self.field, misbehaviours)
        self._line: _Line | None = None
        self.plug()

    def place(self, card: PlaceableCard, kind: Kind = Kind.TYPE_B) -> None:
        """Put a card on the antenna."""
        self.field.place(card, kind)

    def lift(self) -> None:
        """Take every card away."""
        self.field.lift()

    def plug(self) -> None:
        """Plug the cable in: the chip starts anew, and there is a device file. Harmless when it is plugged in."""
        if self._line is not None and self._line.cut:
            self.unplug()
        if self._line is None:
            self._chip.restart()
            self._line = _Line(self._chip, self.device)

    def unplug(self) -> None:
        """Pull the cable, whatever goes over it at the moment. Harmless when it was pulled."""
        line, self._line = self._line, None
        if line is not None:
            line.end()
            self.field.switch(on=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.unplug()


class _Line:
    """One life of a pseudo-terminal, served by a thread of its own."""

    def __init__(self, chip: SimulatedChip, device: Path) -> None:
        self._chip = chip
        self._device = device
        self._near, self._far = os.openpty()
        tty.setraw(self._far)  # before anybody opens it: a terminal would answer by itself
        device.unlink(missing_ok=True)
        device.symlink_to(os.ttyname(self._far))
        self._stop_seen, self._stop = os.pipe()
        self.cut = False
        self._thread = threading.Thread(target=self._serve, name="simulated PN532", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Close both ends, from outside."""
        os.write(self._stop, b"x")
        self._thread.join()
        os.close(self._stop)
        os.close(self._stop_seen)

    def _serve(self) -> None:
        try:
            while True:
                ready, _, _ = select.select([self._near, self._stop_seen], [], [])
                if self._stop_seen in ready:
                    return
                for speech in self._chip.hear(os.read(self._near, _PORTION)):
                    if speech is None:
                        return
                    os.write(self._near, speech)
        finally:
            self.cut = True
            self._device.unlink(missing_ok=True)
            os.close(self._far)
            os.close(self._near)
