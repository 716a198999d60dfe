"""Who is not let in, and who cannot stay: tried on a real mosquitto with the generated configuration."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from device.domain.errors import Fault
from device.drivers.mutual_tls import TlsFiles
from device.wire.services import CONSUMER
from provisioning.broker import ADMIN
from provisioning.knock import Door, knock
from provisioning.mosquitto import RunningBroker
from provisioning.pki import SiteAuthority
from provisioning.revocation import BrokerHandle, enforce, withdraw

if TYPE_CHECKING:
    from tests.attack.conftest import Enter

pytestmark = pytest.mark.broker

NOW = datetime.now(UTC)
CONNECT = bytes.fromhex("101500044d5154540502000a000008") + b"unit-001"


def door(port: int, files: TlsFiles | None, authority: Path) -> Door:
    return Door(
        host="127.0.0.1",
        port=port,
        authority=authority,
        certificate=files.certificate if files else None,
        key=files.key if files else None,
    )


@pytest.fixture
def try_door(production: RunningBroker, site_folder: Path) -> Callable[[TlsFiles | None], str]:
    """Knock at the units' door; return why one is not let in, or nothing."""

    def attempt(files: TlsFiles | None) -> str:
        try:
            knock(door(production.port, files, site_folder / "authority.cert.pem"), client_id="unit-0001")
        except Fault as fault:
            return str(fault)
        return ""

    return attempt


@pytest.fixture
def files_of(tmp_path: Path, site_folder: Path) -> Callable[[SiteAuthority, str], TlsFiles]:
    """Issue by any authority, also a strange one."""

    def issue(authority: SiteAuthority, name: str, **options: timedelta) -> TlsFiles:
        issued = NOW - timedelta(days=2)
        files = authority.issue_client(name, now=issued, **options).write(tmp_path, name)
        return TlsFiles(authority=site_folder / "authority.cert.pem", certificate=files.certificate, key=files.key)

    return issue


def test_a_unit_of_the_site_is_let_in(
    try_door: Callable[[TlsFiles | None], str], identity: Callable[[str], TlsFiles]
) -> None:
    assert try_door(identity("unit-0001")) == ""


def test_without_a_certificate_nobody_is_let_in(try_door: Callable[[TlsFiles | None], str]) -> None:
    assert try_door(None) != ""


def test_without_tls_nobody_is_even_answered(production: RunningBroker) -> None:
    with socket.create_connection(("127.0.0.1", production.port), timeout=5) as plain:
        plain.sendall(CONNECT)
        # Hung up, or an alert in TLS's own words: no CONNACK.
        with contextlib.suppress(ConnectionResetError):
            assert plain.recv(64)[:1] != b"\x20"


def test_with_an_old_tls_version_nobody_is_let_in(
    production: RunningBroker, identity: Callable[[str], TlsFiles]
) -> None:
    files = identity("unit-0001")
    context = ssl.create_default_context(cafile=files.authority)
    context.load_cert_chain(files.certificate, files.key)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", production.port), timeout=5) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize("name", ["claim-0001", "unit-0001"])
def test_a_claim_certificate_does_not_open_the_units_door_whatever_it_calls_itself(
    name: str,
    try_door: Callable[[TlsFiles | None], str],
    files_of: Callable[[SiteAuthority, str], TlsFiles],
) -> None:
    # Claims are issued by an authority of their own, so that one cannot be taken for a unit.
    claims = SiteAuthority.create("claims", now=NOW - timedelta(days=3))
    assert try_door(files_of(claims, name)) != ""


def test_a_strange_authority_with_the_site_s_own_name_is_not_believed(
    try_door: Callable[[TlsFiles | None], str], files_of: Callable[[SiteAuthority, str], TlsFiles]
) -> None:
    twin = SiteAuthority.create("tests", now=NOW - timedelta(days=3))
    assert try_door(files_of(twin, "unit-0001")) != ""


def test_an_expired_certificate_is_refused(
    try_door: Callable[[TlsFiles | None], str],
    authority: SiteAuthority,
    tmp_path: Path,
    identity: Callable[[str], TlsFiles],
) -> None:
    short = authority.issue_client("unit-0001", now=NOW, lifetime=timedelta(microseconds=1)).write(tmp_path, "short")
    site = identity("unit-0001").authority
    files = TlsFiles(authority=site, certificate=short.certificate, key=short.key)
    assert try_door(files) != ""


def test_a_revoked_unit_is_thrown_out_and_does_not_come_back(
    production: RunningBroker,
    authority: SiteAuthority,
    revoked: Path,
    identity: Callable[[str], TlsFiles],
    enter: Enter,
    try_door: Callable[[TlsFiles | None], str],
) -> None:
    files = identity("unit-stolen")
    stolen = enter("unit-stolen")
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    withdraw(authority, revoked, certificate, now=datetime.now(UTC))
    enforce(BrokerHandle(production.pid, door(production.admin_port, identity(ADMIN), files.authority)), "unit-stolen")
    with pytest.raises(ConnectionError):
        stolen.wait_for("never")
    assert try_door(files) != ""
    assert try_door(identity("unit-0001")) == ""


def test_another_s_client_id_does_not_take_over_its_session(
    enter: Enter, identity: Callable[[str], TlsFiles], production: RunningBroker
) -> None:
    victim, consumer = enter("unit-0001"), enter(CONSUMER)
    victim.listen("reader/v1/unit/unit-0001/down/receipt")
    thief = identity("unit-0002")
    knock(door(production.port, thief, thief.authority), client_id="unit-0001")
    heard = victim.hears_until("reader/v1/unit/unit-0001/down/receipt", b"still here", consumer)
    assert heard == {b"still here"}


def test_the_admin_s_door_is_open_to_this_machine_alone(
    production: RunningBroker, identity: Callable[[str], TlsFiles]
) -> None:
    files = identity(ADMIN)
    knock(door(production.admin_port, files, files.authority), client_id="anything")
    with pytest.raises(ConnectionRefusedError):
        # Another address of the loopback interface stands for the clinic's network: nobody listens there.
        socket.create_connection(("127.0.0.2", production.admin_port), timeout=5)
