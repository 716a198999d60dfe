"""The clinic around the unit: a throw-away CA, a mosquitto of its own, and the clinic side as a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from joserfc.jwk import ECKey

from clinic.keys import load_key, make_key_pair
from clinic.site.loopback import loopback_config
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.drivers.mutual_tls import TlsFiles
from device.drivers.paho_line import BrokerAddress
from device.wire.sealing import Signer
from device.wire.services import CONSUMER, GATEWAY
from provisioning.broker import Branch
from provisioning.mosquitto import run_mosquitto
from provisioning.pki import IdentityFiles, SiteAuthority

UNIT = UnitId("sim-0001")
STOP_TIMEOUT_S = 5.0

_QUESTIONS = """\
accept = ["pin_signature", "phone_signature", "face_institution"]
ask_consent = ["YZK", "SRJ", "TKK"]
"""
_SCREEN_CONFIG = """
[screen]
host = "127.0.0.1"
port = 0
"""


@dataclass(frozen=True, slots=True)
class Site:
    """What a unit needs to know of the clinic, and what a spectator may look at."""

    broker: BrokerAddress
    tls: TlsFiles
    signer: Signer
    authority: x509.Certificate
    clinic_key: ECKey
    broker_pid: int
    results: Path
    screen: str | None
    """Where a spectator makes an account on the reception screen; None without one."""

    def unit_config(self, *, card: str, sections: str = "") -> str:
        """Return a unit.toml for this site: `card` are the options of its reader, `sections` come after them."""
        return f"""\
[unit]
name = "{UNIT}"
state = "state"

[broker]
host = "127.0.0.1"
port = {self.broker.port}
authority = "{self.tls.authority}"
certificate = "{self.tls.certificate}"
key = "{self.tls.key}"

[clinic]
sealing_key = "clinic.public.jwk"

[card]
{card}
{sections}
"""


@contextlib.contextmanager
def open_site(
    folder: Path, *, card_authority: bytes, people: Path, now: datetime, screen: bool = False
) -> Iterator[Site]:
    """Set up everything in `folder` and take it down again. Raise Fault when broker or clinic side do not start."""
    authority = SiteAuthority.create("uketsuke-demonstration", now=now)
    authority_files = authority.write(folder)
    server = authority.issue_server(now=now).write(folder, "broker")
    for service in (GATEWAY, CONSUMER):
        authority.issue_client(service, now=now).write(folder, service)
    unit = authority.issue_client(UNIT, now=now).write(folder, "unit")
    sealing = make_key_pair(folder)
    (folder / "cards.pem").write_bytes(card_authority)
    with run_mosquitto(
        folder / "broker", branch=Branch.SIMULATION, authority=authority_files.certificate, identity=server
    ) as broker:
        config = folder / "clinic.toml"
        more = _QUESTIONS + (_SCREEN_CONFIG if screen else "")
        config.write_text(loopback_config(broker.port, people=people, more=more), encoding="utf-8")
        with _run_clinic(config, folder / "clinic.log") as first_run:
            yield Site(
                broker=BrokerAddress("127.0.0.1", broker.port),
                tls=_tls(authority_files, unit),
                signer=Signer.load(unit.key.read_bytes(), unit.certificate.read_bytes()),
                authority=authority.certificate,
                clinic_key=load_key(sealing.public, private=False),
                broker_pid=broker.pid,
                results=folder / "clinic.sqlite",
                screen=first_run,
            )


@contextlib.contextmanager
def _run_clinic(config: Path, log: Path) -> Iterator[str | None]:
    """Run the clinic side; give where the screen's first account is made, if there is a screen."""
    command = [sys.executable, "-m", "clinic.cli", "run", "--json", "--config", str(config)]
    with (
        log.open("wb") as words,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, stdin=subprocess.DEVNULL) as child,  # noqa: S603  our own program
    ):
        try:
            yield _first_run(child, log)
        finally:
            child.terminate()
            try:
                child.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()


def _first_run(child: subprocess.Popen[bytes], log: Path) -> str | None:
    first_run: str | None = None
    for line in child.stdout or ():
        event = json.loads(line)
        if event["event"] == "screen":
            first_run = event["first_run"]
        if event["event"] == "ready":
            return first_run
    raise Fault(
        f"the clinic side did not start: {log.read_text(encoding='utf-8', errors='replace')[-800:]}",
        part="clinic",
        reason=Reason.SERVICE_UNREACHABLE,
    )


def _tls(authority: IdentityFiles, unit: IdentityFiles) -> TlsFiles:
    return TlsFiles(authority=authority.certificate, certificate=unit.certificate, key=unit.key)
