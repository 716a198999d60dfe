"""docs/install.md, typed word for word on a clean Debian 12; the fleet is a real one, on this machine's loopback."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from clinic.keys import make_key_pair
from deb.fresh_system import Done, System
from deb.layout import HOUSE
from deb.target import Architecture, Release, Target
from provisioning.fleet.entrance import bring_in, look_at
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.private import run_private_fleet

PAGE = HOUSE / "docs" / "install.md"
TICKET = "root/reader.ticket"

pytestmark = pytest.mark.parametrize("target", [Target(Release.BOOKWORM, Architecture.AMD64)], ids=["bookworm-amd64"])


def steps() -> dict[int, list[str]]:
    """Return the commands of each step, as they stand there in English."""
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(number): re.findall("`([^`]+)`", words) for number, words in rows}


def test_six_steps_without_yaml_make_a_unit(system: System, package: Path, tmp_path: Path) -> None:
    written = steps()
    assert list(written) == [1, 2, 3, 4, 5, 6]
    assert "yaml" not in str(written).lower()
    system.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "sudo")
    shutil.copy(package, system.root / "root" / package.name)

    def type_in(command: str, *, check: bool = True) -> Done:
        return system.run("sh", "-c", f"cd /root; {command}", typed="y\n", check=check)

    assert type_in(written[2][0]).said.split() == ["amd64", "bookworm"]
    said = type_in(written[3][0].replace("arm64", "amd64")).said
    assert "Setting up uketsuke" in said
    with run_private_fleet(tmp_path / "fleet", branch="production") as private:
        worker = private.fleet.worker(1)
        worker.start()
        try:
            listed = tmp_path / "units.csv"
            listed.write_text("serial,site,profile\nR-1,clinic-1,desk\n")
            found, _ = look_at(private.fleet, listed, now=utc_now())
            (made,) = bring_in(private.fleet, found, now=utc_now(), actor="admin")
            shutil.copy(made.file, system.root / TICKET)
            claim = written[5][0].replace("TICKET", f"/{TICKET}")
            assert "has no key of this clinic" in type_in(claim).said, "and the page says what then"
            sealing = private.fleet.places.clinic_key("clinic-1").parent
            sealing.mkdir()
            make_key_pair(sealing)
            said = type_in(claim).said
            assert f"This unit is {made.unit.name}." in said
            assert "has no key" not in said
        finally:
            worker.close()
    account = int(system.run("id", "-u", "uketsuke").said)
    key = (system.root / "etc/uketsuke/unit.key.pem").stat()
    assert (key.st_uid, oct(key.st_mode)) == (account, oct(0o100600)), "the service can read it, and nobody else"
    examined = type_in(written[6][0] + " --json", check=False)
    codes = {one["code"] for one in examined.document["findings"]}
    assert codes, "there is no reader, no keypad and no clinic in this folder"
    wrong = {"config_invalid", "config_open", "certificate_missing", "certificate_foreign", "certificate_name"}
    assert not codes & (wrong | {"sealing_key", "model_missing", "model_changed"}), examined.said
    (status,) = re.findall("At any time: `([^`]+)`", PAGE.read_text(encoding="utf-8"))
    told = type_in(status, check=False)
    assert "Traceback" not in examined.said + told.said
    assert told.code == 2, "no unit runs in a folder"
