"""A real unit in its fleet. Settings come into force by a new start: no half of a unit knows the new ones alone.

A trial is kept in the book first, then the unit starts itself again when nobody is being served. The new start marks
the trial as begun and runs with it; after a while it compares its troubles with those before. A power cut in between
leaves the mark: the next start takes the trial for failed and runs with the settings before.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from cryptography import x509

from device.app.claiming import claim_unit
from device.app.config import Config, load
from device.app.fleet_agent import FleetAgent
from device.app.fleet_settings import problems
from device.app.health_report import health_of
from device.app.home import Home, mend, ran_out, rescue_ticket, write_certificate
from device.app.redaction import collect_logs
from device.app.unit import Unit
from device.app.update_parts import order_box, reports_file
from device.app.update_reports import UpdateReports
from device.domain.errors import BadConfig, Fault, UketsukeError
from device.domain.reasons import Reason
from device.drivers.kept_file import overwrite, write_whole
from device.drivers.twin_file import TwinFile
from device.link.claim import ClaimWaits
from device.link.fleet import FleetMachine, FleetPolicy, Member
from device.link.twin import Mode, TwinBook, Version, overlaid
from device.whole_file import PRIVATE
from device.wire.codec import encode
from device.wire.fleet import Health, WipeReceipt
from device.wire.rollout import UpdateOrder
from device.wire.settings import read_toml

IDLE_LOOK_S = 0.5
RESCUE_S = 60.0
"""So long a unit whose certificate ran out asks for another one before it serves by what it has."""

log = logging.getLogger(__name__)


class Membership:
    """A unit's papers: its book, its trial, its identity. `hands` of the fleet's machine."""

    def __init__(self, path: Path, plain: Config) -> None:
        """`plain` is what the file alone says."""
        self._path = path
        self._plain = plain
        self._state = plain.unit.state
        self._file = TwinFile(self._state / "fleet-twin.json")
        self._begun = self._state / "fleet-trial-begun"
        self._home = Home(plain.broker.key.parent, plain.key)
        self.trying = False
        self.starts_again = False
        """The unit has stopped to start itself again."""
        self._before: list[str] = []
        self._unit: Unit | None = None
        self._agent: FleetAgent | None = None
        self._updates: UpdateReports | None = None

    def begin(self) -> Config:
        """Return what to run with now, having ended or begun a trial. Raise BadConfig for a file that is no good.

        A disk that takes nothing ends no unit: what is on trial is left alone then, and what was good is run with.
        """
        _or_tell(lambda: mend(self._home))
        book = self._file.read()
        if book.trial is not None and self._begun.exists():
            book = book.woken()
            _or_tell(lambda: self._file.keep(book))
        if book.trial is None:
            self._forget_trial()
            return load(self._path, fleet=book.good.settings)
        try:
            config = load(self._path, fleet=book.trial.settings)
        except BadConfig as error:
            return self.failed(error)
        if not _or_tell(lambda: write_whole(self._begun, b"", mode=PRIVATE)):
            return load(self._path, fleet=book.good.settings)
        self.trying = True
        self._before = self._troubles_before()
        return config

    def come_back(self) -> None:
        """Get a new certificate where the present one ran out while the unit was off; told where that fails."""
        try:
            if ran_out(self._home, datetime.now(UTC)):
                ticket = rescue_ticket(self._home)
                claim_unit(ticket, self._home, timeout_s=RESCUE_S, tell=_log_wait)
        except UketsukeError as error:
            log.error("the unit's certificate ran out: %s", error)  # noqa: TRY400  for people

    def mark_begun(self, troubles: list[str]) -> None:
        """Note that a trial begins with the next start, and what was wrong before it."""
        write_whole(self._state / "fleet-troubles", msgspec.json.encode(troubles), mode=PRIVATE)

    def failed(self, error: UketsukeError) -> Config:
        """End a trial that did not even start; return what to run with instead."""
        _or_tell(lambda: self._file.keep(self._file.read().ended((str(error)[:500],))))
        self._forget_trial()
        return load(self._path, fleet=self._file.read().good.settings)

    def join(self, unit: Unit) -> FleetAgent:
        """Return the unit's part in its fleet."""
        self._unit = unit
        authority, certificate = (
            x509.load_pem_x509_certificate(path.read_bytes())
            for path in (self._plain.broker.authority, self._plain.broker.certificate)
        )
        self._certificate = certificate
        machine = FleetMachine(
            Member(unit=self._plain.unit.name, authority=authority, certificate=certificate),
            self._file.read(),
            check=self._check,
            random=lambda: int.from_bytes(unit.parts.entropy.token(6), "big") / 2**48,
            policy=FleetPolicy(health_every_s=self._plain.fleet.health_s),
        )
        self._agent = FleetAgent(machine, self, clock=unit.parts.clock, say=unit.link.tell_fleet, trying=self.trying)
        self._updates = UpdateReports(
            order_box(self._plain),
            reports_file(self._plain),
            self._agent.update_told,
            takes=bool(self._plain.update.root),
        )
        self._updates.start()
        if self.trying:
            timer = threading.Timer(self._plain.fleet.trial_s, self.judge)
            timer.daemon = True
            timer.start()
        return self._agent

    def judge(self) -> None:
        """Say how the trial went: troubles that were not there before are the settings' doing."""
        if self._unit is None or self._agent is None:
            return
        errors = tuple(
            f"{one.part}: {one.reason.value} {one.why}".strip()
            for one in self._unit.health.parts
            if one.reason.value not in self._before
        )
        self._forget_trial()
        self._agent.trial_ended(errors, self._overridden(self._agent.book.active))

    # --- FleetHands -----------------------------------------------------------------------------------------------

    def keep(self, book: TwinBook) -> None:
        """Put the book on the disk."""
        self._file.keep(book)

    def set_mode(self, mode: Mode) -> None:
        """Serve visitors, or serve none."""
        if self._unit is not None:
            self._unit.close_to_visitors(Reason.UNIT_QUARANTINED if mode == "quarantined" else None)

    def try_out(self, version: Version, done: Callable[[tuple[str, ...], tuple[str, ...]], None]) -> None:
        """Start again with what is in the book; the answer comes from there."""
        del version, done
        troubles = [] if self._unit is None else [reason.value for reason in self._unit.health.troubles]
        self.mark_begun(troubles)
        self._start_again()

    def go_back(self, version: Version) -> None:
        """Start again with what was good."""
        del version
        self._start_again()

    def health(self) -> Health:
        """Look how the unit is."""
        version = self._file.read().good.version
        return health_of(self._present, certificate=self._certificate, twin_version=version)

    def logs(self) -> tuple[bytes, int]:
        """Return the journal's last lines of this program, redacted."""
        return collect_logs()

    def update(self, order: UpdateOrder, payload: bytes) -> None:
        """Hand an order about updates over to the program that may change versions."""
        if self._updates is not None:
            self._updates.order(order, payload)

    def wipe(self, command_id: str, at: datetime) -> str:
        """Sign what goes."""
        wiped = ["results that wait", "settings", "certificate", "key"]
        receipt = WipeReceipt(command_id=command_id, unit=self._plain.unit.name, at=at, wiped=wiped)
        return self._present.parts.signer.sign(encode(receipt))

    def vanish(self) -> None:
        """Delete the identity and the state; the unit then stops for good."""
        unit = self._present
        # The receipt goes first: what is said is on its way when the link closes.
        unit.close_to_visitors(Reason.UNIT_QUARANTINED)
        unit.link.close()
        home = self._home
        wipes: list[Callable[[], None]] = [home.key_store.forget, home.next_key_store.forget]
        paths = [
            home.certificate,
            home.next_certificate,
            home.rescue,
            self._plain.clinic.sealing_key,
        ]
        paths += [path for path in self._state.iterdir() if path.is_file()]
        wipes += [partial(overwrite, path) for path in paths]
        for wipe in wipes:
            try:
                wipe()
            except UketsukeError as error:
                log.error("not wiped: %s", error)  # noqa: TRY400  for people; the rest goes all the same
        unit.stop()

    def request(self) -> bytes:
        """Make the next key."""
        self._home.next_key_store.forget()
        csr, _ = self._home.next_key_store.request()
        return csr

    def use(self, certificate: bytes, rescue: bytes | None) -> x509.Certificate:
        """Keep the next identity; start again with it when nobody is being served."""
        self._certificate = write_certificate(self._home, certificate, rescue)
        self._start_again()
        return self._certificate

    # --- its own --------------------------------------------------------------------------------------------------

    @property
    def _present(self) -> Unit:
        if self._unit is None:
            raise Fault("the unit is not there yet", part="fleet", reason=Reason.INTERNAL_FAULT)
        return self._unit

    def _forget_trial(self) -> None:
        _or_tell(lambda: self._begun.unlink(missing_ok=True))
        self.trying = False

    def _check(self, settings: dict[str, dict[str, object]]) -> tuple[str, ...]:
        wrong = problems(settings)
        if wrong:
            return wrong
        try:
            load(self._path, fleet=settings)
        except BadConfig as error:
            return (str(error)[:500],)
        return ()

    def _overridden(self, version: Version) -> tuple[str, ...]:
        return overlaid(version.settings, read_toml(self._path, "the configuration"))[1]

    def _troubles_before(self) -> list[str]:
        try:
            return msgspec.json.decode((self._state / "fleet-troubles").read_bytes(), type=list[str])
        except (OSError, msgspec.DecodeError):
            return []

    def _start_again(self) -> None:
        unit = self._present
        self.starts_again = True

        def stop_when_idle() -> None:
            waiting = threading.Event()
            while unit.remembers_visitor:
                waiting.wait(IDLE_LOOK_S)
            unit.stop()

        threading.Thread(target=stop_when_idle, name="starts again", daemon=True).start()


def run_member(path: Path, plain: Config, run: Callable[[Config, Membership], None]) -> None:
    """Run a unit of a fleet, and start it anew where its fleet's settings ask for that.

    Raise BadConfig or Fault when it cannot start with the settings that were good.
    """
    membership = Membership(path, plain)
    membership.come_back()
    config = membership.begin()
    trying = membership.trying
    try:
        run(config, membership)
    except UketsukeError as error:
        if not trying:
            raise
        log.error("the fleet's settings do not work: %s", error)  # noqa: TRY400  for people
        membership.failed(error)
        membership.starts_again = True
    if membership.starts_again:
        start_again()


def start_again() -> None:
    """Replace this program by itself."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  ourselves


def _log_wait(waits: ClaimWaits) -> None:
    log.warning("%s", waits.why)


def _or_tell(change: Callable[[], None]) -> bool:
    """Change something on the disk; where it refuses, say so and return False."""
    try:
        change()
    except (OSError, Fault) as error:
        log.error("the disk takes no news of the fleet: %s", error)  # noqa: TRY400  for people
        return False
    return True
