"""What several test folders share: a site's identities, a real broker, a wire to it that can be cut, and a card."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from device.drivers.mutual_tls import TlsFiles
from device.sim.card import CardAuthority, CardCredentials, CardFrontPrint, SimulatedCard
from device.wire.sealing import Signer
from faults.proxy import TcpProxy
from provisioning.broker import Branch
from provisioning.mosquitto import RunningBroker, run_mosquitto
from provisioning.pki import SiteAuthority


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share the one pcscd in one worker: elsewhere they would only wait for each other."""
    for item in items:
        if item.get_closest_marker("pcsc"):
            item.add_marker(pytest.mark.xdist_group("pcscd"))


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="session")
def authority(site_folder: Path) -> SiteAuthority:
    """The authority of the tests' site; its certificate is `authority.cert.pem` in the site's folder."""
    # Certificates are judged by OpenSSL, which asks the real clock.
    authority = SiteAuthority.create("tests", now=datetime.now(UTC))
    authority.write(site_folder)
    return authority


@pytest.fixture(scope="session")
def identity(authority: SiteAuthority, site_folder: Path) -> Callable[[str], TlsFiles]:
    """Give a unit or a service its key and certificate by name."""

    @cache
    def issue(name: str) -> TlsFiles:
        files = authority.issue_client(name, now=datetime.now(UTC)).write(site_folder, name)
        return TlsFiles(authority=site_folder / "authority.cert.pem", certificate=files.certificate, key=files.key)

    return issue


@pytest.fixture(scope="session")
def signer_of(identity: Callable[[str], TlsFiles]) -> Callable[[str], Signer]:
    """Give what a unit or a service of the tests' site signs with, by name."""

    def load(name: str) -> Signer:
        files = identity(name)
        return Signer.load(files.key.read_bytes(), files.certificate.read_bytes())

    return load


@pytest.fixture
def start_broker(
    authority: SiteAuthority, site_folder: Path, tmp_path: Path
) -> Callable[[int | None], AbstractContextManager[RunningBroker]]:
    """Start a mosquitto for simulated units, on a free port or a given one; a later start finds the data again."""
    identity = authority.issue_server(now=datetime.now(UTC)).write(tmp_path, "broker")

    def start(port: int | None = None) -> AbstractContextManager[RunningBroker]:
        return run_mosquitto(
            tmp_path,
            branch=Branch.SIMULATION,
            authority=site_folder / "authority.cert.pem",
            identity=identity,
            port=port,
        )

    return start


@pytest.fixture
def broker(start_broker: Callable[[int | None], AbstractContextManager[RunningBroker]]) -> Iterator[RunningBroker]:
    """A mosquitto for simulated units."""
    with start_broker(None) as running:
        yield running


@pytest.fixture
def wire_to() -> Iterator[Callable[[int], TcpProxy]]:
    """Lay a wire to a port."""
    with contextlib.ExitStack() as wires:

        def lay(target: int) -> TcpProxy:
            return wires.enter_context(contextlib.closing(TcpProxy(target)))

        yield lay


@pytest.fixture(scope="session")
def card_credentials() -> CardCredentials:
    """Keys and certificates of one card, shared because RSA keys take time; their authority is `.authority`."""
    return CardAuthority().issue(
        serial=0x0123_4567, not_before=datetime(2025, 4, 1, tzinfo=UTC), not_after=datetime(2030, 4, 1, tzinfo=UTC)
    )


@pytest.fixture
def make_card(card_credentials: CardCredentials) -> Callable[..., SimulatedCard]:
    """Make a card with the shared keys; keyword arguments are those of SimulatedCard."""

    def make(**options: Any) -> SimulatedCard:  # noqa: ANN401  passed on as they are
        options.setdefault("front", CardFrontPrint(date(1980, 2, 17), date(2035, 2, 17), "2285"))
        options.setdefault("portrait", bytes.fromhex("0000000C6A5020200D0A870A") + bytes(range(256)) * 5)
        return SimulatedCard(card_credentials, **options)

    return make


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the distribution's Chromium is; not every distribution has it as a package."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium on this machine")
    return path
