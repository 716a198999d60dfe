"""Claims a unit: from a ticket to the files that it runs with."""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from device.app.home import Home
from device.domain.errors import Fault, MessageError
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
    open_update_trust,
)
from device.ports.line import Incoming, Line
from device.whole_file import PRIVATE, PUBLIC
from device.wire.board import board_digest
from device.wire.fleet import ClaimGranted, ClaimRefused, ClaimRequest
from device.wire.ticket import Ticket

if TYPE_CHECKING:
    from device.ports.clock import Clock


class FleetSaysNo(Fault):
    """The fleet was heard, and it does not want this machine as a unit, or not yet."""

    def __init__(self, message: str) -> None:
        super().__init__(message, part="claim", reason=Reason.SERVICE_REFUSED)


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


def _fault(words: str) -> Fault:
    return Fault(words, part="claim", reason=Reason.SERVICE_REFUSED)
