"""Claims a unit: from a ticket to the files that it runs with."""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from device.app.config import KeySection, state_beside
from device.app.key_parts import held_by, key_section, key_text, open_key
from device.domain.errors import BadConfig, Fault, MessageError
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.drivers.board import board_number
from device.drivers.kept_file import write_whole
from device.drivers.key_elsewhere import KeyElsewhere
from device.drivers.mutual_tls import TlsFiles
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.drivers.system import SystemClock, SystemEntropy
from device.link import events
from device.link.actions import Close, Connect, Publish, Subscribe
from device.link.claim import (
    ClaimAction,
    ClaimMachine,
    ClaimSettled,
    ClaimWaits,
    Expected,
    check_certificate,
    common_name,
    open_update_trust,
)
from device.ports.key_store import KeyStore
from device.ports.line import Incoming, Line
from device.whole_file import PRIVATE, PUBLIC, flush_folder
from device.wire.board import board_digest
from device.wire.fleet import ClaimGranted, ClaimRefused, ClaimRequest, UpdateTrust
from device.wire.ticket import Ticket

if TYPE_CHECKING:
    from device.ports.clock import Clock

_CONFIG = """\
# Unit {unit}, claimed by its fleet. `uketsuke config example` shows every option.

[unit]
name = "{unit}"
state = "{state}"

[broker]
host = "{host}"
port = {port}
authority = "authority.cert.pem"
certificate = "unit.cert.pem"
key = "unit.key.pem"

{key}[clinic]
sealing_key = "clinic.public.jwk"

[fleet]
member = true
{update}"""

_UPDATE = """
[update]
root = "{root}"
url = "{url}"
restart = ["systemctl", "restart", "uketsuke.service"]
healthy = ["systemctl", "is-active", "--quiet", "uketsuke.service"]
"""


class FleetSaysNo(Fault):
    """The fleet was heard, and it does not want this machine as a unit, or not yet."""

    def __init__(self, message: str) -> None:
        super().__init__(message, part="claim", reason=Reason.SERVICE_REFUSED)


IN_FILES = KeySection()


@dataclass(frozen=True, slots=True)
class Home:
    """Where a unit's identity lies."""

    folder: Path
    keys: KeySection = IN_FILES
    """Where its keys are made."""

    @classmethod
    def at(cls, folder: Path) -> Home:
        """Return a home with its keys where its configuration says, or else `key.toml`. Raise BadConfig."""
        home = cls(folder)
        return cls(folder, key_section(home.config, folder / "key.toml"))

    @property
    def key_store(self) -> KeyStore:
        """The unit's key."""
        return open_key(self.keys, self.key)

    @property
    def tls(self) -> TlsFiles:
        """What the unit proves itself with. Raise BadConfig where its key is not to be had."""
        held = held_by(self.key_store)
        return TlsFiles(authority=self.authority, certificate=self.certificate, key=self.key, held=held)

    @property
    def next_key_store(self) -> KeyStore:
        """The key of the next certificate."""
        return open_key(self.keys, self.next_key)

    @property
    def key(self) -> Path:
        """Made here."""
        return self.folder / "unit.key.pem"

    @property
    def next_key(self) -> Path:
        """Made for the next certificate; takes the key's place when that came."""
        return self.folder / "unit.next.key.pem"

    @property
    def certificate(self) -> Path:
        """Who the unit is."""
        return self.folder / "unit.cert.pem"

    @property
    def next_certificate(self) -> Path:
        """Whole when it is there; takes the certificate's place after the key's."""
        return self.folder / "unit.next.cert.pem"

    @property
    def authority(self) -> Path:
        """Whom it believes."""
        return self.folder / "authority.cert.pem"

    @property
    def rescue(self) -> Path:
        """The way back when the certificate ran out."""
        return self.folder / "rescue.cert.pem"

    @property
    def door(self) -> Path:
        """Where claims are made: host and port."""
        return self.folder / "claims.door"

    @property
    def update_root(self) -> Path:
        """Whose updates it takes."""
        return self.folder / "updates.root.json"

    @property
    def config(self) -> Path:
        """What it is set to."""
        return self.folder / "unit.toml"

    def keep(self, granted: ClaimGranted, trust: UpdateTrust | None = None) -> None:
        """Write the identity. A configuration and a root of trust that are there stay. Raise Fault (part `disk`)."""
        write_whole(self.authority, _pem(granted.authority), mode=PUBLIC)
        if granted.rescue is not None:
            write_whole(self.rescue, _pem(granted.rescue), mode=PUBLIC)
        if granted.clinic_key is not None:
            write_whole(self.folder / "clinic.public.jwk", granted.clinic_key, mode=PUBLIC)
        if trust is not None and not self.update_root.exists():
            write_whole(self.update_root, trust.root, mode=PUBLIC)
        if not self.config.exists():
            text = _CONFIG.format(
                unit=granted.unit,
                state=state_beside(self.folder),
                host=granted.host,
                port=granted.port,
                key=key_text(self.keys),
                update="" if trust is None else _UPDATE.format(root=self.update_root.name, url=trust.url),
            )
            write_whole(self.config, text.encode(), mode=PUBLIC)
        # Last: with it the unit is claimed.
        write_whole(self.certificate, _pem(granted.certificate), mode=PUBLIC)


def write_certificate(home: Home, certificate: bytes, rescue: bytes | None) -> x509.Certificate:
    """Put the next certificate and its key (`home.next_key`) in place of the present ones; return it.

    It is looked at as at the claim, because a broker that lies must not be able to take the unit's name away.
    Raise Fault when the disk refuses, MessageError for a certificate of another key, unit or fleet.
    """
    present = x509.load_pem_x509_certificate(home.certificate.read_bytes())
    authority = x509.load_pem_x509_certificate(home.authority.read_bytes())
    _, key = home.next_key_store.request()
    read = check_certificate(certificate, common_name(present), Expected(key, authority))
    pem = _pem(certificate)
    if rescue is not None:
        write_whole(home.rescue, _pem(rescue), mode=PUBLIC)
    # From here on the change is made, whatever happens: `mend` ends it at the next start.
    write_whole(home.next_certificate, pem, mode=PUBLIC)
    mend(home)
    return read


def mend(home: Home) -> None:
    """End the change to the next certificate, if one was begun: the next pair is whole from the moment it is there."""
    if home.next_certificate.exists():
        if home.next_key.exists():
            home.key_store.forget()
            home.next_key.replace(home.key)
            # The certificate may not be there before its key is.
            flush_folder(home.folder)
        home.next_certificate.replace(home.certificate)
        flush_folder(home.folder)


def claim_unit(
    ticket: Ticket,
    home: Home,
    *,
    timeout_s: float,
    tell: Callable[[ClaimWaits], None] = lambda _: None,
    hardware: str | None = None,
) -> ClaimGranted:
    """Ask the ticket's fleet for an identity and keep it in `home`; `tell` is told what is waited for.

    Raise FleetSaysNo with the fleet's own words, also when it said "not yet" until the time was up; Fault (part
    `claim`) when nobody answered in time.
    """
    key_store = home.key_store
    csr, key = key_store.request()
    entropy = SystemEntropy()
    request = ClaimRequest(
        nonce=entropy.token(16).hex(),
        csr=csr,
        hardware=hardware or board_digest(board_number()),
        version=version("uketsuke"),
        key_store=key_store.kind,
    )
    machine = ClaimMachine(
        ticket.claim,
        request,
        Expected(key, ticket.authority),
        random=lambda: int.from_bytes(entropy.token(6), "big") / 2**48,
    )
    with tempfile.TemporaryDirectory(prefix="claim-") as place:
        files = _files(ticket, Path(place))
        line = PahoLine(BrokerAddress(ticket.host, ticket.port), UnitId(ticket.claim), files)
        try:
            answer = _Talk(machine, line, SystemClock(), tell).until_settled(timeout_s)
        finally:
            line.close()
    if isinstance(answer, ClaimRefused):
        raise FleetSaysNo(f"the fleet says no at step {answer.step}: {answer.words}")
    try:
        trust = open_update_trust(answer, request.nonce, authority=ticket.authority, at=datetime.now(UTC))
    except MessageError as error:
        raise _fault(f"whose updates to take was not said by the fleet: {error}") from error
    write_whole(home.door, f"{ticket.host} {ticket.port}\n".encode(), mode=PUBLIC)
    home.keep(answer, trust)
    return answer


def rescue_ticket(home: Home) -> Ticket:
    """Return the ticket of a unit whose certificate ran out: for its own key, by the certificate that came beside it.

    Raise BadConfig where the unit has none.
    """
    try:
        host, port = home.door.read_text(encoding="ascii").split()
        return Ticket(
            host=host,
            port=int(port),
            key=home.key_store.private_key(),
            certificate=x509.load_pem_x509_certificate(home.rescue.read_bytes()),
            authority=x509.load_pem_x509_certificate(home.authority.read_bytes()),
        )
    except (OSError, ValueError) as error:
        raise BadConfig(
            "there is no way back from a certificate that ran out; claim it anew", where=str(home.folder)
        ) from error


def ran_out(home: Home, now: datetime) -> bool:
    """Return whether the unit's certificate counts no more. Raise BadConfig for one that cannot be read."""
    try:
        certificate = x509.load_pem_x509_certificate(home.certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise BadConfig("is no certificate", where=str(home.certificate)) from error
    return now > certificate.not_valid_after_utc


class _Talk:
    """The machine with a line and a clock."""

    def __init__(self, machine: ClaimMachine, line: Line, clock: Clock, tell: Callable[[ClaimWaits], None]) -> None:
        self._machine = machine
        self._line = line
        self._clock = clock
        self._tell = tell
        self._news: queue.SimpleQueue[events.Event] = queue.SimpleQueue()
        self._waits = ClaimWaits("nothing was heard")

    def until_settled(self, timeout_s: float) -> ClaimGranted | ClaimRefused:
        deadline_s = self._clock.monotonic_s() + timeout_s
        event: events.Event = events.Start()
        while True:
            for action in self._machine.handle(event, self._clock.monotonic_s()):
                if isinstance(action, ClaimSettled):
                    return action.answer
                self._do(action)
            left_s = min(self._machine.wake_at_s, deadline_s) - self._clock.monotonic_s()
            if self._clock.monotonic_s() >= deadline_s:
                raise self._too_late(timeout_s)
            try:
                event = self._news.get(timeout=max(left_s, 0.001))
            except queue.Empty:
                event = events.TimePassed()

    def _do(self, action: ClaimAction) -> None:
        match action:
            case Connect():
                self._line.connect(self)
            case Close():
                self._line.close()
            case Subscribe(topic):
                self._line.subscribe(topic)
            case Publish(topic, payload, expiry_s):
                self._line.publish(topic, payload, expiry_s=expiry_s)
            case ClaimWaits():
                self._waits = action
                self._tell(action)
            case _:
                raise AssertionError(action)

    def _too_late(self, timeout_s: float) -> Fault:
        if self._waits.refused:
            return FleetSaysNo(f"the fleet has not said yes within {timeout_s:.0f} s: {self._waits.why}")
        return _fault(f"no answer within {timeout_s:.0f} s; at last: {self._waits.why}")

    def connected(self, *, session_present: bool) -> None:
        del session_present  # it is asked anew in any case
        self._news.put(events.Connected())

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        self._news.put(events.Disconnected(why, refused))

    def unheard(self, topic: str) -> None:
        del topic
        self._news.put(events.TimePassed())

    def received(self, message: Incoming) -> None:
        self._news.put(events.Received(message))


def _files(ticket: Ticket, place: Path) -> TlsFiles:
    # OpenSSL takes an identity from files alone; these are gone when the claim is over.
    held = ticket.key if isinstance(ticket.key, KeyElsewhere) else None
    files = TlsFiles(
        authority=place / "authority.pem", certificate=place / "claim.pem", key=place / "claim.key", held=held
    )
    pem = serialization.Encoding.PEM
    write_whole(files.authority, ticket.authority.public_bytes(pem), mode=PUBLIC)
    write_whole(files.certificate, ticket.certificate.public_bytes(pem), mode=PUBLIC)
    if held is None:
        write_whole(files.key, ticket.key_pem, mode=PRIVATE)
    return files


def _pem(der: bytes) -> bytes:
    try:
        return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
    except ValueError as error:
        raise BadConfig("the fleet sent a certificate that cannot be read", where="claim") from error


def _fault(words: str) -> Fault:
    return Fault(words, part="claim", reason=Reason.SERVICE_REFUSED)
