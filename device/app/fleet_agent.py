"""The fleet's machine at work: on a thread of its own, with hands that do what it wants."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from cryptography import x509

from device.domain.errors import UketsukeError
from device.link import fleet_events as told
from device.link.fleet import FleetMachine
from device.link.fleet_events import FleetAction, FleetEvent
from device.link.twin import Mode, TwinBook, Version
from device.wire.fleet import Health
from device.wire.rollout import UpdateOrder, UpdateReport
from device.wire.topics import Down, Up

if TYPE_CHECKING:
    from datetime import datetime

    from device.ports.clock import Clock

LONGEST_WAIT_S = 3_600.0

log = logging.getLogger(__name__)


class FleetHands(Protocol):
    """What a unit can do for its fleet."""

    def keep(self, book: TwinBook) -> None:
        """Put the book on the disk; a power cut leaves this one or the one before."""

    def set_mode(self, mode: Mode) -> None:
        """Serve visitors, or serve none."""

    def try_out(self, version: Version, done: Callable[[tuple[str, ...], tuple[str, ...]], None]) -> None:
        """Put settings in force and test; then call `done` with what failed and what the unit's own file overrides."""

    def go_back(self, version: Version) -> None:
        """Put the settings before in force."""

    def health(self) -> Health:
        """Look how the unit is."""

    def logs(self) -> tuple[bytes, int]:
        """Return the last log lines, gzip, and how much was left out of them."""

    def wipe(self, command_id: str, at: datetime) -> str:
        """Return a signed receipt of what `vanish` will delete."""

    def update(self, order: UpdateOrder, payload: bytes) -> None:
        """Hand an order about updates over to whoever may change versions. Reports come by `FleetAgent.update_told`."""

    def vanish(self) -> None:
        """Delete everything that makes this machine a unit."""

    def request(self) -> bytes:
        """Make a new key and return a certificate request for it (DER)."""

    def use(self, certificate: bytes, rescue: bytes | None) -> x509.Certificate:
        """Keep a certificate with the key of the last request, and connect with both from now on."""


class FleetAgent:
    """A unit's part in its fleet. Its methods may be called from any thread."""

    def __init__(
        self,
        machine: FleetMachine,
        hands: FleetHands,
        *,
        clock: Clock,
        say: Callable[[Up, bytes, int], None],
        name: str = "fleet",
        trying: bool = False,
    ) -> None:
        """`trying`: what is on trial is in force already, and `trial_ended` will be called."""
        self._trying = trying
        self._machine = machine
        self._hands = hands
        self._clock = clock
        self._say = say
        self._news: queue.SimpleQueue[FleetEvent | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def book(self) -> TwinBook:
        """What is known of the fleet's settings."""
        return self._machine.book

    def start(self) -> None:
        """Begin."""
        self._do_all(self._machine.start(trying=self._trying))
        self._thread.start()

    def close(self) -> None:
        """Stop when what is in hand is done."""
        self._news.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def line_changed(self, *, up: bool) -> None:
        """Say that there is a line, or none."""
        self._news.put(told.LineCame() if up else told.LineWent())

    def trial_ended(self, errors: tuple[str, ...], local: tuple[str, ...]) -> None:
        """Say how the trial of a new start went, and what of it the unit's own file overrides."""
        self._news.put(told.TrialEnded(errors, local))

    def ordered(self, leaf: Down, payload: bytes) -> None:
        """Hand over what the fleet said."""
        self._news.put(told.Ordered(leaf, payload))

    def update_told(self, report: UpdateReport) -> None:
        """Hand over how far an order about updates is."""
        self._news.put(told.UpdateTold(report))

    def _run(self) -> None:
        while True:
            left_s = min(self._machine.wake_at_s - self._clock.monotonic_s(), LONGEST_WAIT_S)
            try:
                event = self._news.get(timeout=max(left_s, 0.0))
            except queue.Empty:
                event = told.TimePassed()
            if event is None:
                return
            self._do_all(self._machine.handle(event, self._clock.monotonic_s(), self._clock.utc_now()))

    def _do_all(self, actions: list[FleetAction]) -> None:
        for action in actions:
            try:
                self._do(action)
            except UketsukeError as error:
                # What comes after it may rest on it: a trial on a book that was not kept is not begun.
                log.error("%s", error)  # noqa: TRY400  its words are for people; it has no traceback worth reading
                return

    def _do(self, action: FleetAction) -> None:  # noqa: C901  one line for each thing that is wanted
        match action:
            case told.Say(leaf, payload, expiry_s):
                self._say(leaf, payload, expiry_s)
            case told.KeepBook(book):
                self._hands.keep(book)
            case told.HandOver(order, payload):
                self._hands.update(order, payload)
            case told.SetMode(mode):
                self._hands.set_mode(mode)
            case told.TryOut(version):
                self._hands.try_out(version, lambda errors, local: self._news.put(told.TrialEnded(errors, local)))
            case told.GoBack(version):
                self._hands.go_back(version)
            case told.ReadHealth():
                self._news.put(told.HealthRead(self._hands.health()))
            case told.CollectLogs(command_id):
                self._news.put(told.LogsCollected(command_id, *self._hands.logs()))
            case told.Wipe(command_id, at):
                self._news.put(told.Wiped(self._hands.wipe(command_id, at)))
            case told.Vanish():
                self._hands.vanish()
            case told.MakeRequest():
                self._news.put(told.RequestMade(self._hands.request()))
            case told.UseCertificate(certificate, rescue):
                self._machine.renewed(self._hands.use(certificate, rescue))
