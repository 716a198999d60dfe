"""Faults are put into a unit that is well, one after the other: is each called by its name, and nothing else?"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from device.app.config import AttendantsSection, Config, VoiceSection, load
from device.app.doctor import Program, examine
from device.app.doctor.report import findings_of
from device.domain.errors import BadConfig, Fault
from device.domain.finding import FindingCode as Code
from device.domain.reasons import Reason
from device.drivers.sqlite_outbox import SqliteOutbox
from device.ports.camera import Picture
from device.ports.machine import Volume
from device.sim.camera import SCENE_PX
from device.sim.card import Misbehaviour, OtherCard, SimulatedCard
from device.wire.codec import encode
from device.wire.messages import Result
from provisioning.pki import IDENTITY_LIFETIME, Identity, SiteAuthority

if TYPE_CHECKING:
    from tests.doctor.conftest import Patient

pytestmark = pytest.mark.broker


class Scene:
    """Something stands before the camera."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def film(self, at_s: float) -> Picture:  # noqa: ARG002  it does not move
        return self._picture


def plain(grey: int) -> Picture:
    width, height = SCENE_PX
    return np.full((height, width, 3), grey, np.uint8)


def config_of(patient: Patient) -> Config:
    assert isinstance(patient.config, Config)
    return patient.config


def set_broker(patient: Patient, **options: object) -> None:
    config = config_of(patient)
    patient.config = replace(config, broker=replace(config.broker, **options))


def give(patient: Patient, identity: Identity) -> None:
    """Put another certificate and key in place of the unit's own."""
    files = identity.write(patient.folder, "other")
    set_broker(patient, certificate=files.certificate, key=files.key)
    files.key.chmod(0o600)


def fault(code: Code, reason: Reason = Reason.READER_FAULT) -> Fault:
    return Fault("as the driver says", part="card reader", reason=reason, finding=code)


def spoil_config(patient: Patient) -> None:
    (patient.folder / "unit.toml").write_text("[unit]\nnam = 1\n", encoding="utf-8")
    try:
        load(patient.folder / "unit.toml")
    except BadConfig as error:
        patient.config = error


def copy_models(patient: Patient) -> Path:
    folder = patient.folder / "models"
    config = config_of(patient)
    shutil.copytree(config.unit.models, folder)
    patient.config = replace(config, unit=replace(config.unit, models=str(folder)))
    return folder / "weights"


def spoil_sealing_key(patient: Patient) -> None:
    (patient.folder / "clinic.public.jwk").write_bytes(b"{}")


def rewrite_model(patient: Patient) -> None:
    next(copy_models(patient).iterdir()).write_bytes(b"another network")


def lose_models(patient: Patient) -> None:
    for weights in copy_models(patient).iterdir():
        weights.unlink()


def lose_voice_files(patient: Patient) -> None:
    config = config_of(patient)
    patient.config = replace(config, voice=replace(config.voice, files=patient.folder))


def keep_results(patient: Patient, count: int, age: timedelta) -> None:
    ended = patient.clock.utc_now() - age
    with SqliteOutbox(patient.folder / "state" / "outbox.sqlite") as outbox:
        for number in range(count):

            def result(sequence: int, number: int = number) -> bytes:
                return encode(
                    Result(
                        message_id=f"message-{number}",
                        sequence=sequence,
                        unit="sim-0001",
                        reception="visit-0001",
                        reason=Reason.CANCELLED,
                        notices=[],
                        card=None,
                        assurance=None,
                        consents={},
                        started_at=ended,
                        ended_at=ended,
                        expires_at=ended,
                        sealed=None,
                        simulated=True,
                    )
                )

            outbox.add(f"message-{number}", result)


def spoil_outbox(patient: Patient) -> None:
    keep_results(patient, 3, timedelta())
    with (patient.folder / "state" / "outbox.sqlite").open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 2000)


def leave_half_an_update(patient: Patient) -> None:
    (copy_models(patient) / ".network.onnx.4711.part").write_bytes(b"half")


def listen_and_hang_up(patient: Patient) -> None:
    """Somebody listens on the port who speaks no TLS."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    server.close()
    set_broker(patient, port=port)


def set_clock_back(patient: Patient) -> None:
    patient.clock.doubt()
    patient.clock.set_wrong_by(-timedelta(days=4000))


def doubt_clock(patient: Patient) -> None:
    patient.clock.doubt()


def doubt_clock_without_service(patient: Patient) -> None:
    patient.clock.doubt()
    del patient.machine.files["/run/systemd/timesync/synchronized"]


def film(picture: Picture) -> Callable[[Patient], None]:
    return lambda patient: patient.camera.perform(Scene(picture))


def film_blurred(patient: Patient) -> None:
    scene = np.random.default_rng(1).integers(60, 200, (*SCENE_PX[::-1], 3), np.uint8)
    patient.camera.perform(Scene(cv2.GaussianBlur(scene, (0, 0), 12).astype(np.uint8)))


def say(path: str, text: str) -> Callable[[Patient], None]:
    return lambda patient: patient.machine.files.__setitem__(path, text)


def disk(free: int, *, read_only: bool = False) -> Callable[[Patient], None]:
    def change(patient: Patient) -> None:
        patient.machine.disk = Volume(1 << 34, free, read_only=read_only)

    return change


def program(**changes: object) -> Callable[[Patient], None]:
    well: dict[str, object] = {"python": (3, 11), "onnxruntime": "1.22.1", "bits": 64, "machine": "aarch64"}
    return lambda patient: setattr(patient, "program", Program(**(well | changes)))  # type: ignore[arg-type]


def change(name: str, value: object) -> Callable[[Patient], None]:
    return lambda patient: setattr(patient, name, value)


def settings(**sections: object) -> Callable[[Patient], None]:
    return lambda patient: setattr(patient, "config", replace(config_of(patient), **sections))


def mode(name: str, bits: int) -> Callable[[Patient], None]:
    return lambda patient: (patient.folder / name).chmod(bits)


def issued(name: str, *, ahead: timedelta = timedelta()) -> Callable[[Patient, SiteAuthority], None]:
    def change(patient: Patient, authority: SiteAuthority) -> None:
        give(patient, authority.issue_client(name, now=datetime.now(UTC) + ahead))

    return change


def days_pass(passed: timedelta) -> Callable[[Patient, SiteAuthority], None]:
    return lambda patient, _: patient.clock.set_wrong_by(passed)


def foreign(patient: Patient, _authority: SiteAuthority) -> None:
    now = datetime.now(UTC)
    give(patient, SiteAuthority.create("elsewhere", now=now).issue_client("sim-0001", now=now))


def other_authority(patient: Patient, _authority: SiteAuthority) -> None:
    """The unit believes another site's authority: the broker here is a stranger to it."""
    elsewhere = SiteAuthority.create("elsewhere", now=datetime.now(UTC))
    set_broker(patient, authority=elsewhere.write(patient.folder / "elsewhere").certificate)


def other_key(patient: Patient, authority: SiteAuthority) -> None:
    files = authority.issue_client("sim-0001", now=datetime.now(UTC)).write(patient.folder, "second")
    set_broker(patient, key=files.key)


def place(card: Callable[..., SimulatedCard] | None) -> Callable[[Patient], None]:
    return lambda patient: patient.reader.place(OtherCard() if card is None else card())


def ground(patient: Patient) -> None:
    patient.header.grounded.add(4)


def join(patient: Patient) -> None:
    patient.header.bridges.append((4, 5))


def join_a_row_and_a_lamp(patient: Patient) -> None:
    patient.header.bridges.append((16, 12))


def stick(patient: Patient) -> None:
    patient.header.contacts.jam("5")
    patient.clock.advance(1.0)


def take_the_chip_away(patient: Patient) -> None:
    patient.gpio.gone = True


Simple = Callable[["Patient"], None]
WithAuthority = Callable[["Patient", SiteAuthority], None]
TWO = ("ACS ACR1252 1S CL Reader PICC 0", "Sony RC-S300/S 01 00")

FAULTS: list[tuple[str, Simple, set[Code]]] = [
    ("a slip of the pen in the configuration", spoil_config, {Code.CONFIG_INVALID}),
    ("a configuration that anybody may read", mode("unit.toml", 0o644), {Code.CONFIG_OPEN}),
    ("a key that others may read", mode("key.pem", 0o644), {Code.KEY_OPEN}),
    (
        "a clinic's key that is none",
        spoil_sealing_key,
        {Code.SEALING_KEY},
    ),
    ("nobody who may confirm by eye", settings(attendants=AttendantsSection()), {Code.NO_ATTENDANT}),
    ("no loudspeaker in the configuration", settings(voice=VoiceSection()), {Code.NO_VOICE}),
    ("a network that was replaced", rewrite_model, {Code.MODEL_CHANGED}),
    ("networks that were never brought", lose_models, {Code.MODEL_MISSING}),
    ("sentences without a recording", lose_voice_files, {Code.VOICE_FILES}),
    ("a state folder that others may open", mode("state", 0o755), {Code.STATE_OPEN}),
    ("a state folder of somebody else's", change("account", 4242), {Code.STATE_FOLDER}),
    ("an outbox that was written over", spoil_outbox, {Code.OUTBOX_DAMAGED}),
    ("an outbox that fills up", lambda p: keep_results(p, 201, timedelta(hours=1)), {Code.OUTBOX_FILLS}),
    ("a result of last week", lambda p: keep_results(p, 1, timedelta(days=7)), {Code.RESULTS_WAIT}),
    ("half an update", leave_half_an_update, {Code.UPDATE_LEFT}),
    ("a broker whose name nobody knows", lambda p: set_broker(p, host="broker.invalid"), {Code.BROKER_NAME}),
    ("a broker that is switched off", listen_and_hang_up, {Code.BROKER_ABSENT}),
    ("a clock in the past", set_clock_back, {Code.CLOCK_PAST}),
    ("a clock that nobody has set yet", doubt_clock, {Code.CLOCK_DOUBTFUL}),
    ("a machine without time service", doubt_clock_without_service, {Code.NO_TIME_SERVICE}),
    ("a reader that was pulled out", lambda p: p.reader.break_down(), {Code.READER_MISSING}),
    ("another reader than the configured", change("reader_fault", fault(Code.READER_OTHER)), {Code.READER_OTHER}),
    ("a dead pcscd", change("reader_fault", fault(Code.PCSCD_DOWN)), {Code.PCSCD_DOWN}),
    ("a reader in another program's hands", change("reader_fault", fault(Code.READER_HELD)), {Code.READER_HELD}),
    ("polkit says no", change("reader_fault", fault(Code.READER_FORBIDDEN)), {Code.READER_FORBIDDEN}),
    ("two readers", change("readers", TWO), {Code.READERS_SEVERAL}),
    ("a reader that is known to fail", change("readers", ("ACS ACR122U PICC 00",)), {Code.READER_UNSUPPORTED}),
    ("a bank card on the reader", place(None), {Code.CARD_MUTE}),
    ("a camera whose cable came loose", lambda p: p.camera.die(), {Code.CAMERA_SILENT}),
    ("a camera that hangs", lambda p: p.camera.freeze(), {Code.CAMERA_SILENT}),
    ("a camera that repeats itself", lambda p: p.camera.repeat(1), {Code.CAMERA_FROZEN}),
    ("frames from the future", lambda p: p.camera.mistime(5.0), {Code.CAMERA_FROZEN}),
    ("a camera at a third of its rate", lambda p: setattr(p.camera, "frame_s", 0.2), {Code.CAMERA_SLOW}),
    ("a covered lens", film(plain(2)), {Code.CAMERA_DARK}),
    ("sun in the lens", film(plain(255)), {Code.CAMERA_BRIGHT}),
    ("a lens out of focus", film_blurred, {Code.CAMERA_BLURRED}),
    ("a keypad line on ground", ground, {Code.KEYPAD_GROUNDED}),
    ("two rows that touch", join, {Code.KEYPAD_JOINED}),
    ("two columns that touch", join_a_row_and_a_lamp, {Code.KEYPAD_JOINED}),
    ("a stuck key", stick, {Code.KEY_STUCK}),
    ("a HAT that is gone", take_the_chip_away, {Code.KEYPAD_SILENT, Code.LAMPS_SILENT}),
    (
        "a silent loudspeaker",
        change("voice_fault", Fault("no such device", part="voice", reason=Reason.VOICE_FAULT)),
        {Code.SPEAKER_SILENT},
    ),
    (
        "a kernel without Landlock",
        change("sandbox", Fault("landlock", part="portrait", reason=Reason.PROTECTION_MISSING)),
        {Code.PORTRAIT_SANDBOX},
    ),
    ("a full disk", disk(10 << 20), {Code.DISK_FULL}),
    ("a disk that fills up", disk(200 << 20), {Code.DISK_FILLS}),
    ("a read-only disk", disk(1 << 33, read_only=True), {Code.DISK_READ_ONLY}),
    ("a worn disk", say("/sys/block/mmcblk0/device/life_time", "0x09 0x03"), {Code.DISK_WORN}),
    ("a machine in the sun", say("/sys/class/thermal/thermal_zone0/temp", "84100"), {Code.TOO_HOT}),
    ("under-voltage", say("/sys/devices/platform/soc/soc:firmware/get_throttled", "50005"), {Code.POWER_LOW}),
    (
        "under-voltage earlier today",
        say("/sys/devices/platform/soc/soc:firmware/get_throttled", "50000"),
        {Code.POWER_WAS_LOW},
    ),
    ("the voltage alarm of a Pi 5", say("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1"), {Code.POWER_LOW}),
    (
        "a machine with many programs",
        say("/proc/meminfo", "MemTotal: 900000 kB\nMemAvailable:  60000 kB"),
        {Code.MEMORY_SHORT},
    ),
    ("a swap file", say("/proc/swaps", "Filename\tType\n/var/swap file 102396 0 -2"), {Code.SWAP_ON}),
    (
        "core dumps",
        say("/proc/4711/limits", "Max core file size        unlimited            unlimited            bytes"),
        {Code.CORE_DUMPS},
    ),
    (
        "a unit without its sandbox",
        say("/proc/4711/status", "CapEff:\t000001ffffffffff\nNoNewPrivs:\t0\nSeccomp:\t0"),
        {Code.SANDBOX_OPEN},
    ),
    (
        "a journal without bound",
        lambda p: p.machine.files.__setitem__("/etc/systemd/journald.conf.d/uketsuke.conf", "[Journal]"),
        {Code.JOURNAL_UNBOUND},
    ),
    ("a package of 32 bits", program(bits=32, machine="armv7l"), {Code.WRONG_ARCHITECTURE}),
    ("a package for a PC on a Pi", program(machine="x86_64"), {Code.WRONG_ARCHITECTURE}),
    ("a Python of tomorrow", program(python=(3, 14)), {Code.PYTHON_UNSUPPORTED}),
    ("the onnxruntime that dies on a Pi 4", program(onnxruntime="1.21.0"), {Code.ONNXRUNTIME_OLD}),
    (
        "a package that was cut off",
        say("/var/lib/dpkg/status", "Package: uketsuke\nStatus: install ok half-configured"),
        {Code.PACKAGE_HALF},
    ),
]

PAPERS: list[tuple[str, WithAuthority, set[Code]]] = [
    # What is wrong with the papers, the broker may notice as well; it lives by the real clock.
    ("a certificate that ran out", days_pass(IDENTITY_LIFETIME + timedelta(days=1)), {Code.CERTIFICATE_EXPIRED}),
    ("a certificate for ten more days", days_pass(IDENTITY_LIFETIME - timedelta(days=10)), {Code.CERTIFICATE_ENDS}),
    (
        "a certificate of tomorrow",
        issued("sim-0001", ahead=timedelta(days=2)),
        {Code.CERTIFICATE_NOT_YET, Code.BROKER_REFUSES},
    ),
    ("another unit's certificate", issued("sim-0002"), {Code.CERTIFICATE_NAME}),
    ("a certificate of another site", foreign, {Code.CERTIFICATE_FOREIGN, Code.BROKER_REFUSES}),
    ("a key of another certificate", other_key, {Code.KEY_MISMATCH, Code.CERTIFICATE_MISSING}),
    ("another authority than the broker's", other_authority, {Code.CERTIFICATE_FOREIGN, Code.BROKER_UNTRUSTED}),
    (
        "a certificate that is gone",
        lambda p, _: p.folder.joinpath("certificate.pem").unlink(),
        {Code.CERTIFICATE_MISSING},
    ),
]


def test_a_unit_that_is_well_has_no_finding(patient: Patient, make_card: Callable[..., SimulatedCard]) -> None:
    assert findings_of(examine(patient.case())) == []
    card = make_card()
    patient.reader.place(card)
    assert findings_of(examine(patient.case())) == []
    assert card.pin_tries_left == 3


@pytest.mark.parametrize(("fault", "codes"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS])
def test_a_fault_is_called_by_its_name(patient: Patient, fault: Simple, codes: set[Code]) -> None:
    fault(patient)
    assert {one.code for one in findings_of(examine(patient.case()))} == codes


@pytest.mark.parametrize(("fault", "codes"), [each[1:] for each in PAPERS], ids=[each[0] for each in PAPERS])
def test_wrong_papers_are_called_by_their_name(
    patient: Patient, authority: SiteAuthority, fault: WithAuthority, codes: set[Code]
) -> None:
    fault(patient, authority)
    assert {one.code for one in findings_of(examine(patient.case()))} == codes


def test_a_card_that_does_not_answer_is_named_and_nothing_is_spent_on_it(
    patient: Patient, make_card: Callable[..., SimulatedCard]
) -> None:
    card = make_card(misbehaviour=Misbehaviour(mute=True))
    patient.reader.place(card)
    assert {one.code for one in findings_of(examine(patient.case()))} == {Code.CARD_MUTE}
    assert card.pin_tries_left == 3
