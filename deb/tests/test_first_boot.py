"""A reader's image boots for the first time, in a machine of QEMU's, from its own systemd to a unit that serves."""

from __future__ import annotations

import time
from pathlib import Path

from clinic.keys import make_key_pair
from deb.emulated_pi import HOST, booted
from deb.stand_in import FirstPartition, Stock, copied, mounted
from provisioning.fleet.entrance import bring_in, look_at
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.private import run_private_fleet
from provisioning.fleet.store.states import UnitState

PASSWORD = "rahmen und tor"  # noqa: S105  made up
HEARD_WITHIN_S = 120.0


def test_a_card_with_settings_and_a_ticket_becomes_a_unit_that_serves(
    reader_image: Path, stock: Stock, tmp_path: Path
) -> None:
    card = copied(reader_image, tmp_path / "card.img")
    first = FirstPartition(card)
    with run_private_fleet(tmp_path / "fleet", branch="production", host=HOST) as private:
        worker = private.fleet.worker(1)
        worker.start()
        try:
            name, ticket = a_ticket(private.fleet, tmp_path)
            written = tmp_path / "reader.conf"
            settings = first.read("reader.conf").replace("hostname=reader", "hostname=desk-2")
            settings = settings.replace("#wifi_name=", "wifi_name=machiai")
            written.write_text(settings.replace("#wifi_password=", f"wifi_password={PASSWORD}"))
            first.put(written, "reader.conf")
            first.put(ticket, "desk.ticket")
            with booted(card, kernel=stock.kernel, initramfs=stock.initramfs) as machine:
                machine.read_until("serving visitors")
                assert heard_of(private.fleet, name), machine.said[-6000:]
                machine.switch_off()
            first_life = machine.said
            # Once more, as after a power cut: there is nothing to take over any more, and it is the same unit.
            with booted(card, kernel=stock.kernel, initramfs=stock.initramfs) as machine:
                machine.read_until("serving visitors")
                machine.switch_off()
        finally:
            worker.close()
    assert "desk-2" in first_life
    for said in (first_life, machine.said):
        assert PASSWORD not in said
        assert "Traceback" not in said
    assert_taken_over(card, tmp_path)


def a_ticket(fleet: Fleet, folder: Path) -> tuple[str, Path]:
    sealing = fleet.places.clinic_key("clinic-1").parent
    sealing.mkdir()
    make_key_pair(sealing)
    listed = folder / "units.csv"
    listed.write_text("serial,site,profile\nR-1,clinic-1,desk\n")
    found, _ = look_at(fleet, listed, now=utc_now())
    (made,) = bring_in(fleet, found, now=utc_now(), actor="admin")
    return made.unit.name, made.file


def heard_of(fleet: Fleet, name: str) -> bool:
    """Whether the unit spoke to the fleet with its own certificate, within some time."""
    end_s = time.monotonic() + HEARD_WITHIN_S
    while time.monotonic() < end_s:
        with fleet.store.look(utc_now()) as work:
            if work.units.find(name).state is UnitState.ACTIVE:
                return True
        time.sleep(0.5)
    return False


def assert_taken_over(card: Path, scratch: Path) -> None:
    first = FirstPartition(card)
    left = first.names()
    assert not {"reader.conf", "reader-problems.txt", "desk.ticket"} & left
    assert "wifi_password was taken over and removed" in first.read("reader-done.txt")
    assert PASSWORD not in first.read("reader-done.txt")
    with mounted(card, 2, scratch / "2") as root:
        assert (root / "etc/hostname").read_text() == "desk-2\n"
        assert (root / "etc/machine-id").stat().st_size == 33, "its own, made now"
        wifi = root / "etc/NetworkManager/system-connections/reader.nmconnection"
        assert f"psk={PASSWORD}\n" in wifi.read_text()
        assert wifi.stat().st_mode & 0o077 == 0
        assert not list((root / "etc/uketsuke").glob("*.pem")), "the identity is on the partition that stays"
    with mounted(card, 3, scratch / "3") as state:
        key = (state / "etc/unit.key.pem").stat()
        assert (key.st_mode & 0o777, key.st_uid) == (0o600, (state / "lib").stat().st_uid)
        assert (state / "etc/unit.toml").exists()
