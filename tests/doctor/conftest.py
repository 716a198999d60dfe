"""A unit that is well, on a machine that is well: a patient to whom things can happen."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace as with_fields

from clinic.keys import PUBLIC_NAME, make_key_pair
from device.app.camera_told import look_through
from device.app.config import AttendantsSection, CameraSection, Config, load
from device.app.doctor import Case, Program, examine
from device.app.doctor.by_config import openers_of
from device.app.doctor.case import CameraSeen
from device.app.doctor.opened import OpenedSenses
from device.app.doctor.report import findings_of
from device.domain.errors import BadConfig, Fault
from device.domain.finding import FindingCode
from device.drivers.mutual_tls import TlsFiles
from device.panel.speech import file_name
from device.ports.camera import Frame
from device.ports.card import CardReader
from device.sim.camera import RecordedCamera
from device.sim.clock import SimulatedClock
from device.sim.contacts import SimulatedContacts
from device.sim.gpio import SimulatedGpio, SimulatedHeader
from device.sim.machine import SimulatedMachine
from device.sim.portrait import load_photo
from device.sim.reader import SimulatedReader
from device.wire.sayings import sayings
from provisioning.broker import Branch
from provisioning.mosquitto import RunningBroker, run_mosquitto
from provisioning.pki import SiteAuthority

MODELS = Path(__file__).parents[2] / "models"
UNIT = "sim-0001"
FPS = 15.0
WELL = Program(python=(3, 11), onnxruntime="1.22.1", bits=64, machine="aarch64")


class Filming(RecordedCamera):
    """Takes its time from frame to frame."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self._clock_hand = clock
        self.frame_s = 1 / FPS

    def next_frame(self, timeout_s: float) -> Frame:
        self._clock_hand.advance(self.frame_s)
        return super().next_frame(timeout_s)


@dataclass(slots=True)
class Patient:
    """A unit whose parts are in a tester's hands."""

    folder: Path
    config: Config | BadConfig
    clock: SimulatedClock
    header: SimulatedHeader
    gpio: SimulatedGpio
    camera: Filming
    machine: SimulatedMachine = field(default_factory=SimulatedMachine)
    reader: SimulatedReader = field(default_factory=lambda: SimulatedReader("ACS ACR1252 1S CL Reader PICC 0"))
    readers: tuple[str, ...] = ("ACS ACR1252 1S CL Reader PICC 0",)
    reader_fault: Fault | None = None
    voice_fault: Fault | None = None
    sandbox: Fault | None = None
    program: Program = WELL
    account: int = field(default_factory=os.geteuid)

    @property
    def settings(self) -> Config:
        """The configuration, which is well."""
        assert isinstance(self.config, Config)
        return self.config

    def set_up(self, section: str, **options: object) -> None:
        """Change options of one section of the configuration."""
        changed = with_fields(getattr(self.settings, section), **options)
        self.config = with_fields(self.settings, **{section: changed})

    def say(self, path: str, text: str) -> None:
        """Have the machine say this in one of its files."""
        self.machine.files[path] = text

    def findings(self) -> set[FindingCode]:
        """What the doctor finds."""
        return {one.code for one in findings_of(examine(self.case()))}

    def case(self) -> Case:
        """The unit as the doctor meets it."""
        file = self.folder / "unit.toml"
        if isinstance(self.config, BadConfig):
            return self._case(file, None)
        openers = replace(
            openers_of(self.config, self.clock),
            reader=self._reader,
            fitting=lambda _: self.readers,
            cameras=(self._look,),
            sandbox=lambda: self.sandbox,
            voice=lambda: self.voice_fault,
        )
        return self._case(file, OpenedSenses(openers))

    def _case(self, file: Path, parts: OpenedSenses | None) -> Case:
        return Case(
            file=file,
            config=self.config,
            clock=self.clock,
            machine=self.machine,
            parts=parts,
            program=self.program,
            account=self.account,
            process=4711,
        )

    def _reader(self, _stack: ExitStack) -> CardReader:
        if self.reader_fault is not None:
            raise self.reader_fault
        return self.reader

    def _look(self) -> CameraSeen:
        try:
            return CameraSeen("camera", FPS, look_through(self.camera, 6, self.clock.monotonic_s))
        except Fault as fault:
            return CameraSeen("camera", FPS, fault=fault)


@pytest.fixture(scope="session")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of every sentence, and networks small enough to be looked at often; all of them empty inside."""
    folder = tmp_path_factory.mktemp("carried")
    (folder / "voice").mkdir()
    for saying in sayings():
        (folder / "voice" / file_name(saying.language, saying.text)).touch()
    (folder / "models" / "weights").mkdir(parents=True)
    manifest = (MODELS / "manifest.toml").read_text(encoding="utf-8")
    for name in re.findall(r'^file = "(.+)"$', manifest, re.MULTILINE):
        (folder / "models" / "weights" / name).write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        manifest = re.sub(rf'(file = "{re.escape(name)}"\nsha256 = ")\w+', rf"\g<1>{digest}", manifest)
    (folder / "models" / "manifest.toml").write_text(manifest, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def shared_broker(
    authority: SiteAuthority, site_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningBroker]:
    """One broker for all patients: they only knock at it."""
    folder = tmp_path_factory.mktemp("broker")
    identity = authority.issue_server(now=datetime.now(UTC)).write(folder, "broker")
    with run_mosquitto(
        folder, branch=Branch.SIMULATION, authority=site_folder / "authority.cert.pem", identity=identity
    ) as running:
        yield running


@pytest.fixture
def patient(
    tmp_path: Path,
    identity: Callable[[str], TlsFiles],
    shared_broker: RunningBroker,
    carried: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Patient:
    files = identity(UNIT)
    make_key_pair(tmp_path)
    clock = SimulatedClock(datetime.now(UTC))
    header = SimulatedHeader(clock, SimulatedContacts(clock))
    gpio = SimulatedGpio(header)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", gpio)
    for name in ("key", "certificate", "authority"):
        (tmp_path / f"{name}.pem").write_bytes(getattr(files, name).read_bytes())
    (tmp_path / "key.pem").chmod(0o600)
    (tmp_path / "state").mkdir(mode=0o700)
    path = tmp_path / "unit.toml"
    path.write_text(
        f"""
[unit]
name = "{UNIT}"
state = "state"
models = "{carried / "models"}"
[broker]
host = "127.0.0.1"
port = {shared_broker.port}
authority = "authority.pem"
certificate = "certificate.pem"
key = "key.pem"
[clinic]
sealing_key = "{PUBLIC_NAME}"
[panel]
kind = "gpio"
[voice]
device = "default"
files = "{carried / "voice"}"
""",
        encoding="utf-8",
    )
    path.chmod(0o640)
    # The cameras are the patient's own: a camera's process with pictures from a folder would be another test.
    config = load(path)
    config = with_fields(
        config, camera=CameraSection(source="folder:nowhere"), attendants=AttendantsSection(passcodes={"desk": "$"})
    )
    camera = Filming(clock)
    camera.show(load_photo(MODELS, "obama"))
    return Patient(tmp_path, config, clock, header, gpio, camera)
