"""A technician puts a unit up on a terminal: what can be found is not asked for."""

from __future__ import annotations

import os
import pty
import pwd
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from clinic.keys import PUBLIC_NAME, make_key_pair
from device.app import setup_cli
from device.app.config import load
from device.app.setup import require_folder
from device.app.setup.here import ThisMachine
from device.app.setup.papers import copy_papers, find_papers
from device.domain.errors import BadConfig, Fault
from device.drivers.account import may_read
from device.drivers.mdns import SERVICE, FoundBroker, find_brokers
from device.drivers.mutual_tls import TlsFiles
from device.sim.clock import SimulatedClock
from device.sim.machine import SimulatedMachine

PROGRAM = Path(__file__).parent / "stand_ins" / "set_up.py"
PATIENCE_S = 30.0
READER = "ACS ACR1252 1S CL Reader [PICC] 0"
ALL_KEYS = "123456789*0#"


class Session:
    """The set-up on a terminal of its own."""

    def __init__(self, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *words], stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.seen = ""
        self._read = 0
        self.answers = 0

    def expect(self, text: str) -> None:
        end_s = monotonic() + PATIENCE_S
        while text not in self.seen[self._read :]:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end_s - monotonic()))
            assert ready, f"{text!r} was not printed; this was: {self.seen}"
            try:
                self.seen += os.read(self._ours, 4096).decode("utf-8", "replace")
            except OSError:  # the terminal's other end is closed
                raise AssertionError(f"it ended before {text!r}: {self.seen}") from None
        self._read = self.seen.index(text, self._read) + len(text)

    def answer(self, question: str, words: str) -> None:
        self.expect(question)
        self.answers += 1
        os.write(self._ours, f"{words}\n".encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def papers(tmp_path: Path, identity: Callable[[str], TlsFiles]) -> Path:
    """A folder as a site's `issue` leaves it, but for the configuration."""
    folder = tmp_path / "from-the-site"
    folder.mkdir()
    files = identity("unit-0007")
    make_key_pair(folder)
    (folder / "unit-0007.cert.pem").write_bytes(files.certificate.read_bytes())
    (folder / "unit-0007.key.pem").write_bytes(files.key.read_bytes())
    (folder / "authority.cert.pem").write_bytes(files.authority.read_bytes())
    return folder


@pytest.fixture
def put_up(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Session]:
    def start(*, readers: str = READER, cameras: str = "", brokers: str = "", keys: str = "") -> Session:
        session = Session(str(tmp_path / "unit"), readers, cameras, brokers, keys)
        request.addfinalizer(session.close)
        return session

    return start


def test_with_everything_to_be_found_nothing_is_asked_but_where_the_papers_are(
    tmp_path: Path, papers: Path, put_up: Callable[..., Session]
) -> None:
    session = put_up(cameras="picamera2:0,v4l2:/dev/video8", brokers="broker.clinic.local", keys=ALL_KEYS)
    session.answer("登録のときに渡されたフォルダー", str(papers))
    session.expect("✓ unit-0007")
    session.expect("✓ broker.clinic.local:8883")
    session.answer("Enter when it is plugged in", "")
    session.expect(f"✓ {READER}")
    session.answer("番号 / number [1]", "")
    session.expect("5/6 テンキー")
    session.expect("✓")
    session.expect("6/6 スピーカー")
    session.expect("unit.toml")
    assert session.process.wait(PATIENCE_S) == 0
    assert session.answers <= 6
    config = load(tmp_path / "unit" / "unit.toml")
    assert config.unit.name == "unit-0007"
    assert (config.broker.host, config.broker.port) == ("broker.clinic.local", 8883)
    assert config.card.name == r"ACS\ ACR1252\ 1S\ CL\ Reader\ \[PICC\]\ 0"
    assert (config.camera.source, config.card.front) == ("picamera2:0", "v4l2:/dev/video8")
    assert (config.panel.kind, config.panel.pad) == ("gpio", "4x3")
    assert config.voice.device == "default"
    assert (tmp_path / "unit" / "unit.key.pem").stat().st_mode & 0o077 == 0


def test_what_is_not_there_is_asked_for_or_left_out(
    tmp_path: Path, papers: Path, put_up: Callable[..., Session]
) -> None:
    session = put_up(readers="", cameras="picamera2:0")
    session.answer("登録のときに渡されたフォルダー", str(papers))
    session.answer("ブローカーの名前かIPアドレス", "192.0.2.7:18883")
    session.answer("Enter when it is plugged in", "-")
    session.expect("visits go by PIN")
    session.expect("this terminal takes its place")
    session.expect("unit.toml")
    assert session.process.wait(PATIENCE_S) == 0
    config = load(tmp_path / "unit" / "unit.toml")
    assert (config.broker.host, config.broker.port) == ("192.0.2.7", 18883)
    assert config.card.name == "."
    assert (config.camera.source, config.card.front) == ("none", "none")
    assert config.panel.kind == "console"


def test_a_folder_without_papers_is_told_with_what_is_missing(
    tmp_path: Path, papers: Path, put_up: Callable[..., Session]
) -> None:
    (papers / "unit-0007.key.pem").rename(papers / "another.key.pem")
    session = put_up()
    session.expect("not in this folder: *.cert.pem, *.key.pem, authority.cert.pem, clinic.public.jwk")
    session.answer("登録のときに渡されたフォルダー", str(tmp_path / "nowhere"))
    session.expect("no certificate and no key there")
    (papers / PUBLIC_NAME).unlink()
    session.answer("登録のときに渡されたフォルダー", str(papers))
    session.expect("not in this folder: clinic.public.jwk")


def test_a_key_that_is_not_seen_is_named(papers: Path, put_up: Callable[..., Session]) -> None:
    session = put_up(brokers="broker.local", keys=ALL_KEYS.replace("5", ""))
    session.answer("登録のときに渡されたフォルダー", str(papers))
    session.answer("Enter when it is plugged in", "")
    session.expect("5 を押してください")
    session.expect("not seen (docs/panel.md)")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_sets_up_belongs_to_the_account_that_the_folder_is_for(papers: Path) -> None:
    (papers / "unit.toml").write_text('[broker]\nhost = "broker.example"\n', encoding="utf-8")
    account = pwd.getpwnam("daemon")
    # Not below pytest's own folders: those are closed to every other account, each in its depth.
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.chown(folder, 0, account.pw_gid)
        folder.chmod(0o770)
        command = [sys.executable, "-m", "device.app.entry", "setup", "--to", place]
        subprocess.run(command, input=f"{papers}\n-\n", text=True, check=True, capture_output=True)
        files = {path.name: path for path in folder.iterdir()}
        assert set(files) == {"unit.toml", "unit.cert.pem", "unit.key.pem", "authority.cert.pem", PUBLIC_NAME}
        assert {path.stat().st_uid for path in files.values()} == {account.pw_uid}
        assert all(may_read(path, account.pw_uid) for path in files.values())
        assert not may_read(files["unit.key.pem"], pwd.getpwnam("bin").pw_uid)
        assert not may_read(files["authority.cert.pem"], 4242), "the folder is closed to others"


def test_while_a_service_holds_the_parts_the_set_up_says_what_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text('#!/bin/sh\n[ "$3" = uketsuke-enrol ]\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(setup_cli, "INSTALLED", tmp_path)
    with pytest.raises(BadConfig, match="sudo systemctl stop uketsuke-enrol"):
        setup_cli.setup(to=tmp_path)


def test_a_folder_that_nobody_can_write_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match="is no folder"):
        require_folder(tmp_path / "file" / "unit")
    require_folder(tmp_path / "not" / "yet")


def test_a_terminal_that_ends_ends_the_set_up(tmp_path: Path, papers: Path) -> None:
    command = [sys.executable, str(PROGRAM), str(tmp_path / "unit"), "", "", "", ""]
    done = subprocess.run(command, input=f"{papers}\n", text=True, capture_output=True, check=False)
    assert "the input ended before this was answered" in done.stderr


def test_papers_that_know_their_broker_are_believed(tmp_path: Path, papers: Path) -> None:
    (papers / "unit.toml").write_text('[broker]\nhost = "broker.example"\nport = 1883\n', encoding="utf-8")
    copy_papers(papers, tmp_path / "unit")
    found = find_papers(tmp_path / "unit")
    assert found is not None
    assert (found.name, found.stem, found.host, found.port) == ("unit-0007", "unit", "broker.example", 1883)


def test_papers_that_are_none_are_refused_by_name(tmp_path: Path, papers: Path) -> None:
    assert find_papers(tmp_path) is None
    (papers / PUBLIC_NAME).write_bytes(b"{}")
    (papers / "unit-0007.cert.pem").write_bytes(b"no certificate")
    with pytest.raises(BadConfig, match=r"unit-0007\.cert\.pem"):
        find_papers(papers)


def test_cameras_are_found_by_what_the_kernel_says_of_them() -> None:
    machine = SimulatedMachine()
    for node, name, index in (
        ("v4l-subdev0", "imx708 10-001a", ""),
        ("video0", "unicam-image", "0"),
        ("video10", "bcm2835-codec-decode", "0"),
        ("video20", "USB Camera: USB Camera", "0"),
        ("video21", "USB Camera: USB Camera", "1"),
    ):
        machine.files[f"/sys/class/video4linux/{node}/name"] = name
        machine.files[f"/sys/class/video4linux/{node}/index"] = index
    assert ThisMachine(machine, SimulatedClock()).cameras() == ["picamera2:0", "v4l2:/dev/video20"]


def test_off_a_pi_there_is_no_keypad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "RPi.GPIO", None)
    with ThisMachine(SimulatedMachine(), SimulatedClock()).keypad() as at_hand:
        assert at_hand is None


def test_a_broker_that_makes_itself_known_is_found() -> None:
    zeroconf = pytest.importorskip("zeroconf")
    service = zeroconf.ServiceInfo(
        SERVICE,
        f"uketsuke test.{SERVICE}",
        addresses=[socket.inet_aton("127.0.0.1")],
        port=8883,
        server="broker-of-a-test.local.",
    )
    with zeroconf.Zeroconf(interfaces=["127.0.0.1"]) as network:
        network.register_service(service)
        assert FoundBroker("broker-of-a-test.local", 8883) in find_brokers(1.0, interfaces=["127.0.0.1"])


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    with pytest.raises(Fault, match=r"uketsuke\[discovery\]"):
        find_brokers(0.0)
