"""Goes to the broker once, step by step, and says at which step it ended: name, way, trust, admission."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
from dataclasses import dataclass, field

from device.domain.errors import BadConfig, Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.drivers.line_troubles import not_connected
from device.drivers.mutual_tls import TlsFiles, client_context
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.ports.line import Incoming

PATIENCE_S = 5.0
ADMITTED_S = 10.0


def visit_broker(address: BrokerAddress, unit: UnitId, files: TlsFiles, *, log_in: bool) -> Fault | None:
    """Return what keeps this unit from its broker, None where nothing does.

    `log_in` under the unit's own name only while the unit does not run: the broker throws the earlier one out.
    """
    try:
        context = client_context(files)
        with (
            socket.create_connection((address.host, address.port), PATIENCE_S) as way,
            context.wrap_socket(way, server_hostname=address.host),
        ):
            pass
    except BadConfig as error:
        return _fault(str(error), FindingCode.CERTIFICATE_MISSING)
    except OSError as error:
        return _fault(not_connected(error, address.host, address.port), _kind(error))
    return _admission(PahoLine(address, unit, files)) if log_in else None


@dataclass(slots=True)
class _Doorman:
    """Hears how the connection went."""

    told: queue.SimpleQueue[tuple[str, bool]] = field(default_factory=queue.SimpleQueue)

    def connected(self, *, session_present: bool) -> None:  # noqa: ARG002  either will do
        self.told.put(("", False))

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        self.told.put((why, refused))

    def unheard(self, topic: str) -> None:
        pass

    def received(self, message: Incoming) -> None:
        pass


def _admission(line: PahoLine) -> Fault | None:
    doorman = _Doorman()
    with contextlib.closing(line):
        line.connect(doorman)
        try:
            why, refused = doorman.told.get(timeout=ADMITTED_S)
        except queue.Empty:
            why, refused = f"no answer within {ADMITTED_S:g} s", False
    if not why:
        return None
    return _fault(why, FindingCode.BROKER_REFUSES if refused else FindingCode.BROKER_ABSENT)


def _kind(error: OSError) -> FindingCode:
    match error:
        case ssl.SSLCertVerificationError():
            return FindingCode.BROKER_UNTRUSTED
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return FindingCode.BROKER_ABSENT
        case ssl.SSLError() if "ALERT" in str(error).upper():
            return FindingCode.BROKER_REFUSES
        case ssl.SSLError():
            return FindingCode.BROKER_UNTRUSTED
        case socket.gaierror():
            return FindingCode.BROKER_NAME
        case _:
            return FindingCode.BROKER_ABSENT


def _fault(why: str, finding: FindingCode) -> Fault:
    return Fault(why, part="line", reason=Reason.BROKER_UNREACHABLE, finding=finding)
