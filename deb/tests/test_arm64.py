"""The package for a Pi, through QEMU's user mode: Debian's arm64 programs on another processor, command by command."""

from __future__ import annotations

import pytest

from deb.fresh_system import System
from deb.target import Architecture, Release, Target

CONFIG = "/etc/uketsuke/unit.toml"
PI = Target(Release.BOOKWORM, Architecture.ARM64)

pytestmark = pytest.mark.parametrize("target", [PI], ids=["bookworm-arm64"])


def test_a_pis_package_installs_and_visits_by_face_and_by_pin_run_with_its_networks(
    installed: System, models: str
) -> None:
    assert installed.run("uname", "-m").said.strip() == "aarch64"
    assert installed.run("uketsuke", "--version").said.strip() == "uketsuke 0.1.0"
    assert "wrong digest" not in installed.run("uketsuke", "models", "check").said
    installed.run("cp", "/etc/uketsuke/unit.example.toml", CONFIG)
    examined = installed.run("uketsuke", "doctor", "--config", CONFIG, "--json", check=False)
    assert examined.code == 2, examined.said
    installed.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "mosquitto")
    command = ("uketsuke", "demo", "--visits", "2", "--patience", "40", "--models", models, "--json")
    played = installed.run(*command, check=False).document
    assert played["ok"], played
    assert [visit["clinic"]["assurance"] for visit in played["visits"]] == ["face_institution", "pin_signature"]
