"""What several test folders share: a site's identities, a real broker, a wire to it that can be cut, and a card."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import pytest

from device.app.config import KeySection
from device.drivers.gpio import Gpio
from device.drivers.mutual_tls import TlsFiles
from device.sim.card import CardAuthority, CardCredentials, CardFrontPrint, SimulatedCard
from device.sim.gpio import SimulatedGpio, SimulatedHeader
from device.wire.sealing import Signer
from faults.proxy import TcpProxy
from provisioning.broker import Branch
from provisioning.mosquitto import RunningBroker, run_mosquitto
from provisioning.pki import SiteAuthority

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share the one pcscd in one worker: elsewhere they would only wait for each other."""
    for item in items:
        if item.get_closest_marker("pcsc"):
            item.add_marker(pytest.mark.xdist_group("pcscd"))


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """Files of this process may not grow beyond so many bytes: as near to a full disk as a test gets."""

    @contextlib.contextmanager
    def fill(limit: int) -> Iterator[None]:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, before)

    return fill


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


class _LgpioOfTheModel(ModuleType):
    """The functions of lgpio that rpi-lgpio calls, on the model: one chip, as the kernel shows it."""

    SET_BIAS_PULL_UP = SET_PULL_UP = 32
    SET_BIAS_PULL_DOWN = SET_PULL_DOWN = 64
    SET_BIAS_DISABLE = SET_PULL_NONE = 128
    RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
    GPIO_BUSY = -50
    INPUT, OUTPUT, ALERT = 0x100, 0x200, 0x400

    class error(Exception):  # noqa: N801, N818  lgpio's own name
        pass

    def __init__(self, header: SimulatedHeader) -> None:
        super().__init__("lgpio")
        self._chip = SimulatedGpio(header)
        self._chip.setmode(SimulatedGpio.BCM)
        self._header = header
        self._modes: dict[int, int] = {}

    def gpiochip_open(self, number: int) -> int:
        return number

    def gpiochip_close(self, _handle: int) -> int:
        return 0

    def gpio_get_mode(self, _handle: int, line: int) -> int:
        return self._modes.get(line, 0)

    def gpio_claim_input(self, _handle: int, line: int, flags: int) -> int:
        self._chip.remove_event_detect(line)
        pull = self._chip.PUD_UP if flags & self.SET_PULL_UP else self._chip.PUD_OFF
        self._chip.setup(line, self._chip.IN, pull_up_down=pull)
        self._modes[line] = self.INPUT | flags
        return 0

    def gpio_claim_output(self, _handle: int, line: int, level: int, _flags: int) -> int:
        self._chip.setup(line, self._chip.OUT, initial=int(level))
        self._modes[line] = self.OUTPUT
        return 0

    def gpio_claim_alert(self, _handle: int, line: int, edge: int, flags: int) -> int:
        assert edge == self.FALLING_EDGE
        assert flags & self.SET_PULL_UP, "watching a line must not take its pull-up away"
        self._modes[line] = self.ALERT | flags | edge << 17
        return 0

    def gpio_free(self, _handle: int, line: int) -> int:
        if line not in self._modes:
            raise self.error("GPIO not allocated")
        del self._modes[line]
        self._chip.cleanup([line])
        return 0

    def gpio_read(self, _handle: int, line: int) -> int:
        if line not in self._modes:
            raise self.error("GPIO not allocated")
        return self._chip.input(line)

    def gpio_write(self, _handle: int, line: int, level: int) -> int:
        self._chip.output(line, level)
        return 0

    def callback(self, _handle: int, line: int, *, func: Callable[[int, int, int, int], None]) -> _Callback:
        def called(line: int) -> None:
            func(_handle, line, 0, 0)

        self._chip.add_event_detect(line, self._chip.FALLING, callback=called)
        return _Callback(lambda: self._chip.remove_event_detect(line))

    def error_text(self, number: int) -> str:
        return f"error {number}"


class _Callback:
    def __init__(self, cancel: Callable[[], None]) -> None:
        self.cancel = cancel


@pytest.fixture
def rpi_lgpio(monkeypatch: pytest.MonkeyPatch) -> Callable[[SimulatedHeader], Gpio]:
    """Load rpi-lgpio's own code on an electrical model of the header."""

    def load(header: SimulatedHeader) -> Gpio:
        monkeypatch.setenv("RPI_LGPIO_REVISION", "c04170")  # a Pi 5
        monkeypatch.setitem(sys.modules, "lgpio", _LgpioOfTheModel(header))
        monkeypatch.delitem(sys.modules, "RPi.GPIO", raising=False)
        module = importlib.import_module("RPi.GPIO")
        monkeypatch.delitem(sys.modules, "RPi.GPIO")
        return cast("Gpio", module)

    return load


@pytest.fixture
def key_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], KeySection]]:
    """Give a new place for keys: `file`, `tpm` (a swtpm of the test's own) or `pkcs11` (a SoftHSM token of its own)."""
    with contextlib.ExitStack() as places:

        def give(kind: str) -> KeySection:
            # Paths of sockets are short.
            folder = Path(places.enter_context(tempfile.TemporaryDirectory(prefix="key-")))
            if kind == "tpm":
                _need("swtpm", "swtpm")
                _need("openssl", "openssl")
                if not sorted(Path("/usr/lib").glob("*/ossl-modules/tpm2.so")):
                    pytest.skip("tpm2-openssl is not installed")
                return KeySection(store="tpm", tcti=places.enter_context(_swtpm(folder)))
            if kind == "pkcs11":
                _need("softhsm2-util", "softhsm2")
                _need("pkcs11-tool", "opensc")
                return _softhsm(folder, monkeypatch)
            return KeySection()

        yield give


def _need(program: str, package: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{package} is not installed")


@contextlib.contextmanager
def _swtpm(folder: Path) -> Iterator[str]:
    door = folder / "tpm"
    child = subprocess.Popen(
        [
            *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--flags", "not-need-init,startup-clear"),
            *("--server", f"type=unixio,path={door}", "--ctrl", f"type=unixio,path={door}.ctrl"),
            *("--pid", f"file={folder}/pid"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            # It writes this file when both doors are open.
            if (folder / "pid").exists():
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(0.05)
                raise RuntimeError(f"swtpm ended with {child.returncode}")
        yield f"swtpm:path={door}"
    finally:
        child.terminate()
        child.wait()


def _softhsm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> KeySection:
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    pins = ["--so-pin", "so-pin-of-a-test", "--pin", "pin-of-a-test"]
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "unit", *pins], check=True, capture_output=True
    )
    (folder / "pin").write_text("pin-of-a-test\n")
    (folder / "pin").chmod(0o600)
    [module] = sorted({*Path("/usr/lib/softhsm").glob("libsofthsm2.so"), *Path("/usr/lib64").glob("libsofthsm2.so")})
    return KeySection(store="pkcs11", module=str(module), token="unit", pin_file=str(folder / "pin"))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Run the distribution's Chromium."""
    # At a bench the suites of tests/contract are asked where nothing else that tests take is installed.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    # Chromium refuses to run as root inside its sandbox; these pages are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def violations() -> Callable[[Page], list[str]]:
    """Return what axe-core finds on a page."""

    def examine(page: Page) -> list[str]:
        page.evaluate((resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        found = page.evaluate("standards => axe.run({runOnly: standards})", STANDARDS)
        return [f"{one['id']}: {one['help']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]

    return examine
