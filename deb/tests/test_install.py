"""A technician installs, upgrades, removes and purges, on Debian 12 and 13."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deb.fresh_system import INTO, System
from deb.target import Architecture, Release, Target

Packages = Callable[[Target, int], Path]
CONFIG = "/etc/uketsuke/unit.toml"
OUTBOX = "/var/lib/uketsuke/outbox.sqlite"
FLEETS_DEMONSTRATION = ("device.app.demo.fleet", "device.app.demo.rollouts")
"""Needs the fleet's service, which no unit has."""


def test_the_installed_unit_is_whole(installed: System) -> None:
    assert installed.has("/etc/systemd/system/multi-user.target.wants/uketsuke.service")
    assert installed.run("uketsuke", "--version").said.strip() == "uketsuke 0.1.0"
    assert "good; this is unit" in installed.run("uketsuke", "config", "check", "/etc/uketsuke/unit.example.toml").said
    assert "wrong digest" not in installed.run("uketsuke", "models", "check").said
    assert "every sentence has its file" in installed.run("uketsuke", "voice", "check").said
    assert installed.run("dpkg", "--verify", "uketsuke").said == ""
    # Nothing but what dpkg put there and what Python made of it.
    known = set(installed.run("dpkg", "--listfiles", "uketsuke").said.split())
    for folder, _, files in os.walk(installed.root / "usr/lib/uketsuke"):
        strangers = {f"/{Path(folder, file).relative_to(installed.root)}" for file in files} - known
        assert all("/__pycache__/" in stranger for stranger in strangers), strangers
    state = (installed.root / "var/lib/uketsuke").stat()
    config = (installed.root / "etc/uketsuke").stat()
    account = int(installed.run("id", "-u", "uketsuke").said)
    assert (state.st_uid, oct(state.st_mode)) == (account, oct(0o40700))
    assert (config.st_uid, config.st_mode & 0o007) == (0, 0)
    assert {"gpio", "i2c", "spi"} <= set(installed.run("id", "-Gn", "uketsuke").said.split())


def test_every_module_of_the_unit_loads_there_and_sees_the_systems_pyscard_and_no_other_package_of_it(
    installed: System,
) -> None:
    script = installed.root / INTO / "load.py"
    script.write_text(
        "import importlib, pkgutil, sys, device\n"
        f"others = {FLEETS_DEMONSTRATION}\n"
        "for found in pkgutil.walk_packages(device.__path__, 'device.'):\n"
        "    if not found.name.endswith(('__main__', *others)): importlib.import_module(found.name)\n"
        "assert not [path for path in sys.path if 'dist-packages' in path], sys.path\n"
        "import smartcard.scard; print('all loaded')\n"
    )
    assert installed.run("/usr/lib/uketsuke/bin/python3", f"/{INTO}/load.py").said == "all loaded\n"
    asked = installed.run("uketsuke", "fleet-demo", check=False)
    assert (asked.code, "uketsuke[fleet]" in asked.said, "Traceback" in asked.said) == (2, True, False), asked.said


def test_visits_run_there_with_the_packages_own_networks(installed: System, models: str) -> None:
    installed.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "mosquitto")
    played = installed.run("uketsuke", "demo", "--patience", "3", "--models", models, "--json").document
    assert played["ok"] is True, played
    assert "face_institution" in {visit["clinic"]["assurance"] for visit in played["visits"]}


def test_the_doctor_says_in_order_what_a_new_unit_lacks(installed: System) -> None:
    shutil.copy(installed.root / "etc/uketsuke/unit.example.toml", installed.root / CONFIG.lstrip("/"))
    done = installed.run("uketsuke", "doctor", "--config", CONFIG, "--json", check=False)
    assert done.code == 2, done.said
    assert "broker" in done.said
    assert "Traceback" not in done.said


def test_an_upgrade_keeps_configuration_and_results_and_leaves_nothing_of_the_old_program(
    installed: System, target: Target, packages: Packages
) -> None:
    example = installed.root / "etc/uketsuke/unit.example.toml"
    example.write_text("# changed by hand\n")
    (installed.root / CONFIG.lstrip("/")).write_text("# ours\n")
    (installed.root / OUTBOX.lstrip("/")).write_bytes(b"results")
    said = installed.install(packages(target, 2)).said
    assert f"({target.version('0.1.0', 2)})" in said
    assert example.read_text() == "# changed by hand\n"
    assert (installed.root / CONFIG.lstrip("/")).read_text() == "# ours\n"
    assert (installed.root / OUTBOX.lstrip("/")).read_bytes() == b"results"
    assert installed.run("uketsuke", "--version").said.strip() == "uketsuke 0.1.0"


def test_removed_it_leaves_state_and_configuration_and_purged_nothing(installed: System, package: Path) -> None:
    (installed.root / CONFIG.lstrip("/")).write_text("# ours\n")
    (installed.root / OUTBOX.lstrip("/")).write_bytes(b"results")
    installed.run("apt-get", "remove", "-q", "-y", "uketsuke")
    assert not installed.has("/usr/lib/uketsuke")
    assert not installed.has("/usr/share/uketsuke")
    assert not installed.has("/usr/bin/uketsuke")
    assert installed.has(CONFIG)
    assert installed.has("/etc/uketsuke/unit.example.toml")
    assert installed.has(OUTBOX)
    installed.install(package)
    assert (installed.root / OUTBOX.lstrip("/")).read_bytes() == b"results"
    installed.run("apt-get", "purge", "-q", "-y", "uketsuke")
    for path in ("/etc/uketsuke", "/var/lib/uketsuke", "/usr/lib/uketsuke", "/usr/share/doc/uketsuke"):
        assert not installed.has(path), path
    assert not installed.has("/etc/systemd/system/multi-user.target.wants/uketsuke.service")


@pytest.mark.parametrize("target", [Target(Release.TRIXIE, Architecture.AMD64)], ids=["bookworm's on trixie"])
def test_a_package_for_another_release_is_refused_with_the_reason(system: System, packages: Packages) -> None:
    wrong = packages(Target(Release.BOOKWORM, Architecture.AMD64), 1)
    done = system.install(wrong, check=False)
    assert done.code != 0
    assert "Depends: python3 (< 3.12) but 3.13" in done.said
    assert not system.has("/usr/lib/uketsuke")


@pytest.mark.parametrize("target", [Target(Release.BOOKWORM, Architecture.AMD64)], ids=["arm64 on amd64"])
def test_a_package_for_another_processor_is_refused_with_the_reason(system: System, packages: Packages) -> None:
    wrong = packages(Target(Release.BOOKWORM, Architecture.ARM64), 1)
    done = system.run("dpkg", "--install", system.bring(wrong), check=False)
    assert done.code != 0
    assert "package architecture (arm64) does not match system (amd64)" in done.said
    asked = system.install(wrong, check=False)
    assert asked.code != 0
    assert "uketsuke:arm64 : Depends:" in asked.said
    assert not system.has("/usr/lib/uketsuke")
