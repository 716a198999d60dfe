"""A simulated unit of a fleet: no card, no camera, but the real line, the real link, the real fleet's machine."""

from __future__ import annotations

import gzip
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version as installed
from pathlib import Path

from cryptography import x509

from device.app.demo.member_updates import MemberUpdates
from device.app.fleet_agent import FleetAgent
from device.app.fleet_settings import problems
from device.app.home import Home, write_certificate
from device.app.link_worker import Link, LinkOwner
from device.domain.values import UnitId
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.drivers.system import SystemClock, SystemEntropy
from device.drivers.twin_file import TwinFile
from device.link.fleet import LISTENS, FleetMachine, FleetPolicy, Member
from device.link.machine import LinkMachine
from device.link.twin import Mode, TwinBook, Version
from device.sim.outbox import MemoryOutbox
from device.wire.codec import encode
from device.wire.fleet import Health, WipeReceipt
from device.wire.messages import Status
from device.wire.rollout import UpdateOrder
from device.wire.sealing import Signer

log = logging.getLogger(__name__)


class SimulatedMember:
    """One unit that was claimed into `home`."""

    def __init__(
        self, unit: str, home: Home, address: BrokerAddress, *, hardware: str, policy: FleetPolicy | None = None
    ) -> None:
        self.unit = unit
        self._home = home
        self._hardware = hardware
        self._clock, entropy = SystemClock(), SystemEntropy()
        self._certificate = x509.load_pem_x509_certificate(home.certificate.read_bytes())
        authority = x509.load_pem_x509_certificate(home.authority.read_bytes())
        self._signer = Signer.of(home.key_store.private_key(), home.certificate.read_bytes())
        self.birth_id = entropy.token(8).hex()
        self._born_s = self._clock.monotonic_s()
        self.mode: Mode = "serve"
        self.settings = Version()
        """What is in force."""
        self.vanished = threading.Event()
        self.updates: MemberUpdates | None = None
        """None: it does no updates."""
        status = Status(
            unit=unit,
            state="ready",
            birth_id=self.birth_id,
            version=installed("uketsuke"),
            troubles=[],
            simulated=True,
        )
        random = _fractions(entropy)
        machine = LinkMachine(status, random=random, also=LISTENS)
        self._link = Link(
            machine,
            line=PahoLine(address, UnitId(unit), home.tls, will=machine.last_will),
            outbox=MemoryOutbox(),
            clock=self._clock,
            signer=self._signer,
            authority=authority,
            owner=LinkOwner(
                on_answer=lambda _: None,
                on_ask_lost=lambda _id, _why: None,
                on_line=lambda up, _why: self.agent.line_changed(up=up),
                on_receipt=lambda _: None,
                on_fault=lambda fault: log.error("%s", fault),
                on_order=lambda leaf, payload: self.agent.ordered(leaf, payload),  # noqa: PLW0108  the agent comes later
            ),
            own_thread=True,
        )
        member = Member(unit=unit, authority=authority, certificate=self._certificate)
        self._file = TwinFile(home.folder / "twin.json")
        fleet = FleetMachine(member, self._file.read(), check=problems, random=random, policy=policy or FleetPolicy())
        self.agent = FleetAgent(fleet, self, clock=self._clock, say=self._link.tell_fleet, name=f"fleet {unit}")

    def start(self) -> None:
        """Come to life."""
        self.agent.start()
        self._link.start()

    def close(self) -> None:
        """Say good-bye and stop."""
        self._link.close()
        self.agent.close()

    # --- FleetHands -----------------------------------------------------------------------------------------------

    def keep(self, book: TwinBook) -> None:
        """Keep the book beside the key."""
        self._file.keep(book)

    def set_mode(self, mode: Mode) -> None:
        """Nobody comes to a simulated unit; it remembers."""
        self.mode = mode

    def try_out(self, version: Version, done: Callable[[tuple[str, ...], tuple[str, ...]], None]) -> None:
        """Apply, and fail the test where a folder of pictures in place of a camera is not there."""
        self.settings = version
        source = str(version.settings.get("camera", {}).get("source", "none"))
        folder = source.removeprefix("folder:")
        broken = source.startswith("folder:") and not Path(folder).is_dir()
        done((f"camera.source: there is no folder {folder}",) if broken else (), ())

    def go_back(self, version: Version) -> None:
        """Apply the version before."""
        self.settings = version

    def health(self) -> Health:
        """Say how a machine of nothing is: well."""
        return Health(
            birth_id=self.birth_id,
            hardware=self._hardware,
            version=installed("uketsuke"),
            uptime_s=int(self._clock.monotonic_s() - self._born_s),
            troubles=[],
            twin_version=self.agent.book.good.version,
            certificate_until=self._certificate.not_valid_after_utc,
            waiting_results=0,
            certificate=f"{self._certificate.serial_number:x}",
        )

    def logs(self) -> tuple[bytes, int]:
        """Return the one line that there is."""
        return gzip.compress(f"INFO {self.unit}: a simulated unit has little to tell\n".encode()), 0

    def update(self, order: UpdateOrder, payload: bytes) -> None:
        """Really take versions into its folder, where it was given a repository."""
        del order
        if self.updates is not None:
            self.updates.hear(payload)

    def wipe(self, command_id: str, at: datetime) -> str:
        """Sign what goes."""
        receipt = WipeReceipt(command_id=command_id, unit=self.unit, at=at, wiped=["settings", "certificate", "key"])
        return self._signer.sign(encode(receipt))

    def vanish(self) -> None:
        """Delete the identity."""
        self._home.key_store.forget()
        for path in (self._home.certificate, self._home.rescue, self._home.folder / "twin.json"):
            path.unlink(missing_ok=True)
        self.vanished.set()

    def request(self) -> bytes:
        """Make the next key."""
        csr, _ = self._home.next_key_store.request()
        return csr

    def use(self, certificate: bytes, rescue: bytes | None) -> x509.Certificate:
        """Keep the next identity; it is used from the next start on."""
        self._certificate = write_certificate(self._home, certificate, rescue)
        return self._certificate


def _fractions(entropy: SystemEntropy) -> Callable[[], float]:
    return lambda: int.from_bytes(entropy.token(6), "big") / 2**48
