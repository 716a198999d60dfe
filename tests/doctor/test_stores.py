"""What is wrong with what the unit carries on its disk is called by its name, and nothing else is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.domain.finding import FindingCode as Code
from device.domain.values import UnitId
from device.drivers.sqlite_outbox import SqliteOutbox
from device.ports.machine import Volume
from device.wire.codec import encode
from faults.links import make_result

if TYPE_CHECKING:
    from tests.doctor.conftest import Patient

pytestmark = pytest.mark.broker
Change = Callable[["Patient"], object]


def copy_models(patient: Patient) -> Path:
    folder = patient.folder / "models"
    shutil.copytree(patient.settings.unit.models, folder)
    patient.set_up("unit", models=str(folder))
    return folder / "weights"


def rewrite_model(patient: Patient) -> None:
    next(copy_models(patient).iterdir()).write_bytes(b"another network")


def lose_models(patient: Patient) -> None:
    for weights in copy_models(patient).iterdir():
        weights.unlink()


def leave_half_an_update(patient: Patient) -> None:
    (copy_models(patient) / ".network.onnx.4711.part").write_bytes(b"half")


def keep_results(patient: Patient, count: int, age: timedelta) -> None:
    ended = patient.clock.utc_now() - age
    with SqliteOutbox(patient.folder / "state" / "outbox.sqlite") as outbox:
        for name in (f"message-{number}" for number in range(count)):
            outbox.add(name, partial(result, name, ended))


def result(name: str, ended: datetime, sequence: int) -> bytes:
    return encode(make_result(UnitId("sim-0001"), name, sequence, ended))


def spoil_outbox(patient: Patient) -> None:
    keep_results(patient, 3, timedelta())
    with (patient.folder / "state" / "outbox.sqlite").open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 2000)


def disk(free: int, *, read_only: bool = False) -> Change:
    return lambda patient: setattr(patient.machine, "disk", Volume(1 << 34, free, read_only=read_only))


FAULTS: list[tuple[str, Change, set[Code]]] = [
    ("a network that was replaced", rewrite_model, {Code.MODEL_CHANGED}),
    ("networks that were never brought", lose_models, {Code.MODEL_MISSING}),
    ("sentences without a recording", lambda p: p.set_up("voice", files=p.folder), {Code.VOICE_FILES}),
    ("a state folder that others may open", lambda p: (p.folder / "state").chmod(0o755), {Code.STATE_OPEN}),
    ("files of somebody else's", lambda p: setattr(p, "account", 4242), {Code.FILES_CLOSED, Code.STATE_FOLDER}),
    ("an outbox that was written over", spoil_outbox, {Code.OUTBOX_DAMAGED}),
    ("an outbox that fills up", lambda p: keep_results(p, 201, timedelta(hours=1)), {Code.OUTBOX_FILLS}),
    ("a result of last week", lambda p: keep_results(p, 1, timedelta(days=7)), {Code.RESULTS_WAIT}),
    ("half an update", leave_half_an_update, {Code.UPDATE_LEFT}),
    ("a full disk", disk(10 << 20), {Code.DISK_FULL}),
    ("a disk that fills up", disk(200 << 20), {Code.DISK_FILLS}),
    ("a read-only disk", disk(1 << 33, read_only=True), {Code.DISK_READ_ONLY}),
]


@pytest.mark.parametrize(("fault", "codes"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS])
def test_what_is_wrong_on_the_disk_is_called_by_its_name(patient: Patient, fault: Change, codes: set[Code]) -> None:
    fault(patient)
    assert patient.findings() == codes
