"""The installed package under systemd: our own unit files with all their bounds, from the first start to a visit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from clinic.keys import PUBLIC_NAME, make_key_pair
from device.panel.pad import PAD_4X3
from device.panel.pinout import Pinout
from provisioning.fleet.entrance import bring_in, look_at
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.private import run_private_fleet
from vm.machine import ROOT, command, following, journal, run, shown, wait_until
from vm.person import Ear, a_person
from vm.simulated_header import SimulatedLine
from vm.visit import a_visit

CONFIG = ROOT / "etc/uketsuke"
READER, ENROLMENT = "uketsuke.service", "uketsuke-enrol.service"


def test_a_machine_that_is_no_unit_comes_up_and_claims_itself_with_the_ticket_that_it_is_given(tmp_path: Path) -> None:
    # Nobody waits for the ticket but the enrolment: the machine's start came to its end, or this would not run.
    assert shown(ENROLMENT, "ActiveState") == "active", journal(ENROLMENT)
    assert shown(READER, "ActiveState") == "inactive", journal(READER)
    lamps = [SimulatedLine(number) for number in Pinout().indicators.values()]
    wait_until(lambda: any(lamp.high for lamp in lamps), ENROLMENT)
    clinic_key = make_key_pair(tmp_path / "clinic").public
    with run_private_fleet(tmp_path / "fleet", branch="production") as private:
        worker = private.fleet.worker(1)
        worker.start()
        listed = tmp_path / "units.csv"
        listed.write_text("serial,site,profile\nVM-1,clinic-1,desk\n")
        found, _ = look_at(private.fleet, listed, now=utc_now())
        (made,) = bring_in(private.fleet, found, now=utc_now(), actor="test")
        site = private.fleet.places.sites / made.unit.site
        site.mkdir(parents=True, exist_ok=True)
        shutil.copy(clinic_key, site / PUBLIC_NAME)
        shutil.copy(made.file, CONFIG / "VM-1.ticket")
        run("chown", "root:uketsuke", "/etc/uketsuke/VM-1.ticket")
        run("chmod", "640", "/etc/uketsuke/VM-1.ticket")
        wait_until(lambda: shown(READER, "ActiveState") == "active", READER)
        print(journal(ENROLMENT), journal(READER))
        worker.close()
    # The service and tmpfiles agree about the folder.
    assert "mode is different" not in journal(READER)


def test_the_installed_reader_serves_a_visit_by_pin_within_its_bounds(tmp_path: Path) -> None:
    run("systemctl", "stop", READER)
    with a_visit(tmp_path) as visit:
        text, papers = visit.unit_config, visit.site.tls
        for name, file in (
            ("authority.cert.pem", papers.authority),
            ("unit.cert.pem", papers.certificate),
            ("unit.key.pem", papers.key),
        ):
            shutil.copy(file, CONFIG / name)
            text = text.replace(str(file), name)
        shutil.copy(tmp_path / PUBLIC_NAME, CONFIG / PUBLIC_NAME)
        (CONFIG / "unit.toml").write_text(text, encoding="utf-8")
        run("sh", "-c", "chown uketsuke:uketsuke /etc/uketsuke/*.pem /etc/uketsuke/*.jwk")
        with following(READER) as words, a_person() as person:
            ear = Ear(words)
            run("systemctl", "start", READER)
            print(run("uketsuke", "status", "--config", "/etc/uketsuke/unit.toml"))
            visit.play(ear, person)
        assert shown(READER, "NRestarts") == "0"
        print(journal(READER))


def test_a_reader_that_hangs_is_killed_by_its_watchdog_and_serves_again() -> None:
    before = shown(READER, "MainPID")
    assert int(before) > 0, journal(READER)
    run("systemctl", "kill", "--kill-whom", "main", "--signal", "STOP", READER)
    wait_until(lambda: shown(READER, "NRestarts") == "1", READER)
    wait_until(lambda: shown(READER, "ActiveState") == "active", READER)
    assert shown(READER, "MainPID") != before
    assert "Watchdog timeout" in journal(READER)
    print(journal(READER))


def test_an_installer_presses_every_key_of_the_pad_and_each_is_seen() -> None:
    run("systemctl", "stop", READER)
    check = command("uketsuke", "panel", "check", "--config", "/etc/uketsuke/unit.toml")
    with a_person() as person, subprocess.Popen(check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        assert child.stdout is not None
        ear = Ear(child.stdout)
        for key in PAD_4X3.keys:
            ear.expect(f"press {key}")
            person.type_keys(key)
        child.kill()  # whether lamps are bright is a question to eyes
        ear.close()
    assert "not seen" not in ear.said
    run("systemctl", "start", READER)
