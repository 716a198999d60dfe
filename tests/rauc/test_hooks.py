"""The scripts for images of the whole system, without a Pi: what they would tell its firmware and RAUC."""

from __future__ import annotations

import os
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "provisioning/rauc"


class Boot:
    def __init__(self, folder: Path) -> None:
        self.autoboot = folder / "autoboot.txt"
        self.autoboot.write_text("[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=2\n")
        self.running = folder / "partition"
        self.running.write_bytes(b"\0\0\0\2")

    def says(self, *words: str, code: int = 0) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "UKETSUKE_AUTOBOOT": str(self.autoboot),
            "UKETSUKE_BOOT_PARTITION": str(self.running),
        }
        done = subprocess.run([HERE / "tryboot", *words], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout.strip()

    def cold_start(self) -> str:
        return self.autoboot.read_text().partition("[tryboot]")[0].rpartition("boot_partition=")[2].strip()


@pytest.fixture
def boot(tmp_path: Path) -> Boot:
    return Boot(tmp_path)


def test_a_new_system_is_tried_and_a_cold_start_has_the_old_one_until_it_is_marked_good(boot: Boot) -> None:
    assert (boot.says("get-current"), boot.says("get-primary")) == ("2", "2")
    boot.says("set-primary", "3")
    assert (boot.says("get-primary"), boot.cold_start(), boot.says("get-state", "3")) == ("3", "2", "bad")
    boot.says("set-state", "3", "good")
    assert (boot.cold_start(), boot.says("get-state", "3"), boot.says("get-state", "2")) == ("3", "good", "bad")


def test_a_bad_system_is_not_tried_again_and_the_good_one_stays(boot: Boot) -> None:
    boot.says("set-primary", "3")
    boot.says("set-state", "3", "bad")
    assert (boot.says("get-primary"), boot.cold_start()) == ("2", "2")
    boot.says("set-state", "2", "bad")
    assert boot.cold_start() == "2"


@pytest.mark.parametrize("words", [(), ("set-primary", "1"), ("get-state", "x"), ("set-state", "2", "ugly")])
def test_what_is_no_word_of_raucs_changes_nothing(boot: Boot, words: tuple[str, ...]) -> None:
    before = boot.autoboot.read_bytes()
    boot.says(*words, code=2)
    assert boot.autoboot.read_bytes() == before


@pytest.mark.parametrize(
    ("offered", "ledger", "said"),
    [
        ("2026.12.1", "{}", ""),
        ("2026.9.1", "{}", "older"),
        ("", "{}", "does not say its version"),
        ("2026.12.1", '{"kinds":{"voice":{"under_way":{"version":"1"}}}}', "under way"),
    ],
)
def test_an_image_is_refused_where_it_would_do_harm(tmp_path: Path, offered: str, ledger: str, said: str) -> None:
    (tmp_path / "os-release").write_text('ID=debian\nIMAGE_VERSION="2026.10.2"\n')
    (tmp_path / "ledger.json").write_text(ledger)
    environment = {
        "PATH": os.environ["PATH"],
        "RAUC_MF_VERSION": offered,
        "UKETSUKE_OS_RELEASE": str(tmp_path / "os-release"),
        "UKETSUKE_LEDGER": str(tmp_path / "ledger.json"),
    }
    done = subprocess.run(
        [HERE / "hook", "install-check"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == (10 if said else 0)
    assert said in done.stderr


def test_each_system_has_its_firmware_and_a_number_that_the_backend_knows(boot: Boot) -> None:
    parsed = ConfigParser()
    parsed.read(HERE / "system.conf")
    assert parsed["handlers"]["bootloader-custom-backend"].endswith("/tryboot")
    for slot in ("rootfs.0", "rootfs.1"):
        boot.says("get-state", parsed[f"slot.{slot}"]["bootname"])
        assert parsed[f"slot.firmware.{slot[-1]}"]["parent"] == slot
