"""The clinic behind a simulated bench: a real broker on this machine, the clinic side as a process, a throw-away CA.

Started when something asks for it, because most phases need no line.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from clinic.people import SHIPPED
from device.app.demo.site import UNIT, Site, open_site
from device.domain.errors import Fault
from device.drivers.paho_line import BrokerAddress
from faults.proxy import TcpProxy
from hw.errors import CannotMeasure
from hw.sim import wardrobe
from hw.sim.physics import Physics

NAME: Final = UNIT
"""Whoever lies on a simulated table speaks to the broker under this name: the site knows one unit."""


class SimulatedSite:
    """One site for all units that come onto a simulated table, one after the other."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._site: Site | None = None

    def open(self) -> Site:
        """Return the site, started now if it was not. Raise CannotMeasure where it does not start."""
        if self._site is None:
            try:
                folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="uketsuke-bench-")))
                self._site = self._stack.enter_context(
                    open_site(
                        folder,
                        card_authority=wardrobe.card_authority().certificate_pem,
                        people=SHIPPED,
                        now=datetime.now(UTC),
                    )
                )
            except Fault as error:
                raise CannotMeasure(f"the simulated bench has no broker: {error}") from error
        return self._site

    @contextmanager
    def through_a_wire(self, physics: Physics) -> Iterator[Site]:
        """Give the site as it looks from the end of this unit's wire."""
        site = self.open()
        wire = TcpProxy(site.broker.port)
        wire.delay_s = physics.link_s / 2  # there, and back
        wire.breaks_at = partial(_happens, random.Random(physics.seed), physics.link_loss / 2)  # noqa: S311  repeatable on purpose
        try:
            yield replace(site, broker=BrokerAddress(site.broker.host, wire.port))
        finally:
            wire.close()

    def close(self) -> None:
        """Take it down, if it was started."""
        self._site = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()


def _happens(chance: random.Random, share: float) -> bool:
    return chance.random() < share
