"""A mosquitto of one's own as a child process: for tests, the demonstration and a first look at a configuration."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from device.domain.errors import Fault
from device.domain.reasons import Reason
from provisioning.broker import Branch, ClaimListener, SiteBroker, write_configuration
from provisioning.pki import IdentityFiles

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
_LOOK_AGAIN_S = 0.02
_ATTEMPTS = 5
"""A free port that the OS named may be taken by somebody else before mosquitto gets it."""

_LOG_TAIL_LINES = 12


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A mosquitto that accepts TLS connections."""

    address: str
    port: int
    admin_port: int
    claim_port: int | None
    """None where no units are claimed."""
    pid: int
    config: Path
    log: Path


class _PortTaken(Exception):  # noqa: N818  not an error yet: another port is tried
    pass


def find_mosquitto(places: str | None = None) -> Path:
    """Return the program, looked for in `places` (like PATH). Raise Fault (part `broker`) saying how to install it."""
    if places is None:
        # Debian puts it into /usr/sbin, which is not on everybody's path.
        places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    found = shutil.which("mosquitto", path=places)
    if found is None:
        raise Fault(
            "mosquitto is not installed; on Debian: apt install mosquitto",
            part="broker",
            reason=Reason.BROKER_UNREACHABLE,
        )
    return Path(found)


@contextlib.contextmanager
def run_mosquitto(
    folder: Path,
    *,
    branch: Branch,
    authority: Path,
    identity: IdentityFiles,
    port: int | None = None,
    revoked: Path | None = None,
    claims: Path | None = None,
    save_s: int | None = None,
    change: Callable[[str], str] | None = None,
) -> Iterator[RunningBroker]:
    """Run a broker for `branch` on 127.0.0.1 with all its files in `folder`; stop it on leaving.

    Without `port` a free one is used. Started again with the same folder it has its sessions and queues back.
    `claims` is the certificate of the claims' authority, if units shall be claimed here; `save_s` as in `SiteBroker`.
    `change` may alter the text of the configuration, to see what a line of it is good for.
    Raise Fault (part `broker`) with the broker's own words when it is missing, refuses its configuration or does not
    answer in time.
    """
    program = find_mosquitto()
    for attempt in range(1, _ATTEMPTS + 1):
        chosen = free_port() if port is None else port
        site = SiteBroker(
            branch=branch,
            port=chosen,
            authority=authority.resolve(),
            certificate=identity.certificate.resolve(),
            key=identity.key.resolve(),
            data=(folder / "data").resolve(),
            access_list=(folder / "access.list").resolve(),
            revoked=revoked and revoked.resolve(),
            admin_port=free_port(),
            claims=None if claims is None else ClaimListener(port=free_port(), authority=claims.resolve()),
            save_s=save_s,
            # The child keeps the account that owns the key; started by root it would change to `mosquitto`.
            run_as=pwd.getpwuid(os.geteuid()).pw_name,
        )
        site.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = folder / "mosquitto.conf"
        write_configuration(site, config)
        if change is not None:
            config.write_text(change(config.read_text(encoding="utf-8")), encoding="utf-8")
        try:
            with run_configured(program, config, folder / "mosquitto.log", site) as broker:
                yield broker
        except _PortTaken as error:
            if port is None and attempt < _ATTEMPTS:
                continue
            raise _fault(f"port {chosen} is taken", folder / "mosquitto.log") from error
        return


@contextlib.contextmanager
def run_configured(program: Path, config: Path, log: Path, site: SiteBroker) -> Iterator[RunningBroker]:
    """Run `program` on a configuration that is already written; the log is appended to `log`."""
    offset = log.stat().st_size if log.exists() else 0
    with log.open("ab") as sink:
        # The program is mosquitto and the only argument is a path that we wrote.
        child = subprocess.Popen(  # noqa: S603
            [program, "-c", config.resolve()],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C at a terminal is for the parent, which stops its child in order
        )
        try:
            _wait_until_ready(child, site, log, offset)
            yield RunningBroker(
                address=site.address,
                port=site.port,
                admin_port=site.admin_port,
                claim_port=None if site.claims is None else site.claims.port,
                pid=child.pid,
                config=config,
                log=log,
            )
        finally:
            _stop(child)


def _wait_until_ready(child: subprocess.Popen[bytes], site: SiteBroker, log: Path, offset: int) -> None:
    trust = ssl.create_default_context(cafile=str(site.authority))
    deadline = monotonic() + START_TIMEOUT_S
    while monotonic() < deadline:
        # The handshake proves that the port belongs to this broker and not to a stranger who was faster.
        with contextlib.suppress(OSError), socket.create_connection((site.address, site.port), timeout=1) as plain:
            with trust.wrap_socket(plain, server_hostname=site.address):
                pass
            if child.poll() is None:
                return
        try:
            child.wait(timeout=_LOOK_AGAIN_S)
        except subprocess.TimeoutExpired:
            continue
        words = _tail(log, offset)
        if "Address already in use" in words:
            raise _PortTaken(words)
        raise _fault(f"mosquitto ended with code {child.returncode}: {words or 'without a word'}", log)
    raise _fault(f"mosquitto did not answer within {START_TIMEOUT_S:.0f} s: {_tail(log, offset)}", log)


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(timeout=STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(log: Path, offset: int) -> str:
    lines = log.read_bytes()[offset:].decode(errors="replace").split("\n")
    return " | ".join([line.strip() for line in lines if line.strip()][-_LOG_TAIL_LINES:])


def _fault(message: str, log: Path) -> Fault:
    return Fault(f"{message} (log: {log})", part="broker", reason=Reason.BROKER_UNREACHABLE)
