from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from device.domain.errors import Fault
from provisioning.broker import Branch, SiteBroker, write_configuration
from provisioning.mosquitto import RunningBroker, find_mosquitto, run_configured, run_mosquitto
from provisioning.pki import IdentityFiles, SiteAuthority

pytestmark = pytest.mark.broker

CONNECT = bytes.fromhex("101100044d51545405020005000004756e6974")
"""An MQTT 5 CONNECT of the client `unit`, written out by hand."""


@pytest.fixture
def identity(authority: SiteAuthority, today: datetime, tmp_path: Path) -> IdentityFiles:
    authority.write(tmp_path)
    return authority.issue_server(now=today).write(tmp_path, "broker")


@pytest.fixture
def run(identity: IdentityFiles, tmp_path: Path) -> Callable[..., AbstractContextManager[RunningBroker]]:
    def start(port: int | None = None) -> AbstractContextManager[RunningBroker]:
        return run_mosquitto(
            tmp_path / "broker",
            branch=Branch.SIMULATION,
            authority=tmp_path / "authority.cert.pem",
            identity=identity,
            port=port,
        )

    return start


def knock(broker: RunningBroker, trust: Path, own: IdentityFiles | None) -> bytes:
    """Say CONNECT over TLS and return the first byte of the answer; none when the broker hangs up."""
    context = ssl.create_default_context(cafile=str(trust))
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    with socket.create_connection((broker.address, broker.port), timeout=5) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as tls:
                tls.sendall(CONNECT)
                return tls.recv(1)
        except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
            return b""


def test_it_accepts_its_own_sites_certificates_and_nobody_elses(
    run: Callable[..., AbstractContextManager[RunningBroker]],
    authority: SiteAuthority,
    today: datetime,
    tmp_path: Path,
) -> None:
    unit = authority.issue_client("unit-0001", now=today).write(tmp_path, "unit-0001")
    stranger = SiteAuthority.create("site-1", now=today).issue_client("unit-0001", now=today).write(tmp_path, "s")
    trust = tmp_path / "authority.cert.pem"

    with run() as broker:
        assert knock(broker, trust, unit) == b"\x20"  # CONNACK
        assert knock(broker, trust, None) == b""
        assert knock(broker, trust, stranger) == b""


def test_there_is_no_plain_way_in(run: Callable[..., AbstractContextManager[RunningBroker]]) -> None:
    with run() as broker, socket.create_connection((broker.address, broker.port), timeout=5) as plain:
        plain.sendall(CONNECT)
        with contextlib.suppress(ConnectionResetError):
            assert plain.recv(1) in {b"", b"\x15"}  # nothing, or a TLS alert


def test_it_is_gone_when_the_context_ends(run: Callable[..., AbstractContextManager[RunningBroker]]) -> None:
    with run() as broker:
        os.kill(broker.pid, 0)

    with pytest.raises(ProcessLookupError):
        os.kill(broker.pid, 0)
    assert broker.log.read_text()


def test_leaving_is_harmless_when_somebody_killed_it(run: Callable[..., AbstractContextManager[RunningBroker]]) -> None:
    with run() as broker:
        os.kill(broker.pid, signal.SIGKILL)


def test_it_comes_back_on_a_given_port_in_the_same_folder(
    run: Callable[..., AbstractContextManager[RunningBroker]],
) -> None:
    with run() as first:
        pass
    with run(port=first.port) as second:
        assert (second.port, second.config) == (first.port, first.config)


def test_a_taken_port_is_named(run: Callable[..., AbstractContextManager[RunningBroker]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Fault, match=f"port {port} is taken"), run(port=port):
            pass


def test_a_refused_configuration_is_told_in_the_brokers_own_words(
    site_broker: SiteBroker, identity: IdentityFiles, tmp_path: Path
) -> None:
    site = replace(site_broker, key=identity.key, certificate=identity.certificate)
    config = tmp_path / "mosquitto.conf"
    write_configuration(site, config)
    config.write_text(config.read_text() + "no_such_option true\n")

    with (
        pytest.raises(Fault, match=r"Unknown configuration variable .no_such_option"),
        run_configured(find_mosquitto(), config, tmp_path / "log", site),
    ):
        pass


def test_the_fault_tells_the_last_start_and_not_an_earlier_one(
    run: Callable[..., AbstractContextManager[RunningBroker]], identity: IdentityFiles
) -> None:
    with run():
        pass
    identity.key.write_text("no key")

    with pytest.raises(Fault, match="mosquitto ended with code") as caught, run():
        pass
    assert "did not return a certificate" not in str(caught.value)  # the first start's knock at the door


def test_a_machine_without_mosquitto_is_told_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="apt install mosquitto"):
        find_mosquitto(str(tmp_path))


def test_what_it_keeps_is_for_its_account_alone(run: Callable[..., AbstractContextManager[RunningBroker]]) -> None:
    with run() as broker:
        pass

    data = broker.config.parent / "data"
    for kept in (data, data / "mosquitto.db"):
        assert stat.S_IMODE(kept.stat().st_mode) & 0o077 == 0
