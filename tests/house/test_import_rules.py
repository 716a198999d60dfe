"""Rules are worth nothing if a violation stays green: each kind is planted once and must turn the check red."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PACKAGES = ("device", "clinic", "provisioning")


@pytest.fixture(scope="module")
def copied_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(HOUSE / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOUSE / "pyproject.toml", copy)
    return copy


def check(house: Path) -> subprocess.CompletedProcess[str]:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(lint_imports), "--no-cache"],
        cwd=house,
        env={"PYTHONPATH": str(house), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_house_as_it_is_keeps_its_rules(copied_house: Path) -> None:
    checked = check(copied_house)
    assert checked.returncode == 0, checked.stdout
    assert "0 broken" in checked.stdout


@pytest.mark.parametrize(
    ("file", "violation"),
    [
        ("device/domain/values.py", "import device.wire.codec"),
        ("device/reception/machine.py", "import device.drivers.system"),
        ("device/card/tlv.py", "import device.face.align"),
        ("device/link/twin.py", "import device.whole_file"),
        ("device/sim/clock.py", "import device.drivers.system"),
        ("device/card/apdu.py", "import smartcard"),
        ("device/app/mailbox.py", "import paho.mqtt.client"),
        ("device/sim/outbox.py", "import sqlite3"),
        ("clinic/gateway.py", "import device.reception"),
        ("provisioning/pki.py", "import device.app.config"),
        ("device/app/unit.py", "import clinic.gateway"),
        ("provisioning/fleet/fleet.py", "import clinic.gateway"),
        ("provisioning/console/unit_pages.py", "import provisioning.fleet.acting"),
        ("provisioning/web/gate.py", "import provisioning.fleet.fleet"),
    ],
)
def test_a_planted_violation_turns_the_check_red(copied_house: Path, file: str, violation: str) -> None:
    path = copied_house / file
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound + f"\n{violation}\n", encoding="utf-8")
    try:
        checked = check(copied_house)
    finally:
        path.write_text(sound, encoding="utf-8")
    assert checked.returncode == 1, checked.stdout
    assert "1 broken" in checked.stdout or "2 broken" in checked.stdout
