"""A unit's link as a process, to be killed: the real machine, outbox and line, told on stdin what to report.

`python -m faults.unit FOLDER PORT`, then lines `report NAME`. It begins with a line `waiting NAME` for each result in
its outbox and a line `on`, and answers with lines `up`, `down WHY`, `promised NAME NUMBER`, `refused NAME` and
`receipt NAME DISPOSITION`.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from cryptography import x509

from device.app.link_worker import Link, LinkOwner
from device.domain.errors import Fault
from device.domain.values import UnitId
from device.drivers.mutual_tls import TlsFiles
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.drivers.sqlite_outbox import DEFAULT_LIMIT, SqliteOutbox
from device.drivers.system import SystemClock
from device.link.machine import LinkMachine
from device.wire.messages import Result, Status
from device.wire.sealing import Signer
from faults.links import make_result
from faults.world import UNIT


def files_in(folder: Path) -> TlsFiles:
    """Return the unit's identity in a site's folder."""
    return TlsFiles(
        authority=folder / "authority.cert.pem",
        certificate=folder / f"{UNIT}.cert.pem",
        key=folder / f"{UNIT}.key.pem",
    )


def main(arguments: list[str]) -> None:
    """Serve until stdin ends."""
    folder, port = Path(arguments[0]), int(arguments[1])
    files = files_in(folder)
    clock = SystemClock()
    status = Status(unit=UNIT, state="ready", birth_id=secrets.token_hex(8), version="1", troubles=[], simulated=True)
    machine = LinkMachine(status, random=lambda: secrets.randbits(52) / 2**52)
    with SqliteOutbox(folder / "outbox.db") as outbox:
        link = Link(
            machine,
            line=PahoLine(BrokerAddress("127.0.0.1", port), UnitId(UNIT), files, will=machine.last_will),
            outbox=outbox,
            clock=clock,
            signer=Signer.load(files.key.read_bytes(), files.certificate.read_bytes()),
            authority=x509.load_pem_x509_certificate(files.authority.read_bytes()),
            owner=LinkOwner(
                on_answer=lambda _: None,
                on_ask_lost=lambda _ask, _reason: None,
                on_line=lambda up, why: _say("up" if up else f"down {why}"),
                on_receipt=lambda receipt: _say(f"receipt {receipt.message_id} {receipt.disposition}"),
                on_fault=lambda fault: _say(f"fault {fault}"),
            ),
            own_thread=True,
        )
        for kept in outbox.waiting(DEFAULT_LIMIT):
            _say(f"waiting {kept.message_id}")
        _say("on")
        with link:
            for line in sys.stdin:
                _report(link, clock, line.split()[1])


def _report(link: Link, clock: SystemClock, name: str) -> None:
    numbers: list[int] = []

    def build(sequence: int) -> Result:
        numbers.append(sequence)
        return make_result(UNIT, name, sequence, clock.utc_now())

    try:
        link.report(name, build)
    except Fault as fault:
        _say(f"refused {name} {fault}")
    else:
        _say(f"promised {name} {numbers[0]}")


def _say(words: str) -> None:
    # One call of the system, so that two threads do not mix their lines.
    os.write(sys.stdout.fileno(), f"{words}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1:])
