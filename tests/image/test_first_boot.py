"""The first boot with what technicians write: taken over, refused with a sentence, and never run as a command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "provisioning" / "image" / "first-boot"
EXAMPLE = SCRIPT.with_name("reader.conf")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("boot/firmware", "etc/uketsuke"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n")
    (tmp_path / "etc/hostname").write_text("raspberrypi\n")
    (tmp_path / "boot/firmware/cmdline.txt").write_text("root=PARTUUID=1-02 rootwait\n")
    return tmp_path


def boot(root: Path, settings: str) -> str:
    """Boot with these settings; return what the technician finds to read."""
    (root / "boot/firmware/reader.conf").write_text(settings, encoding="utf-8")
    subprocess.run([SCRIPT, root], check=True, capture_output=True)
    problems = root / "boot/firmware/reader-problems.txt"
    return problems.read_text() if problems.exists() else ""


def wifi(root: Path) -> Path:
    return root / "etc/NetworkManager/system-connections/reader.nmconnection"


def everything_on_the_first_partition(root: Path) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in (root / "boot/firmware").iterdir())


def test_the_settings_as_they_are_shipped_are_good_and_ask_for_ethernet(root: Path) -> None:
    assert boot(root, EXAMPLE.read_text(encoding="utf-8")) == ""
    assert (root / "etc/hostname").read_text() == "reader\n"
    assert "127.0.1.1\treader\n" in (root / "etc/hosts").read_text()
    assert "raspberrypi" not in (root / "etc/hosts").read_text()
    assert not wifi(root).exists()
    assert "overlayroot" not in (root / "boot/firmware/cmdline.txt").read_text()


def test_wifi_and_ticket_are_taken_over_and_leave_the_first_partition(root: Path) -> None:
    (root / "boot/firmware/unit.ticket").write_text("ticket of an invented fleet")
    said = boot(root, "hostname=desk-2\r\nwifi_name=待合室 1\r\nwifi_password=secret; \\ word\r\nwifi_country=JP\r\n")
    assert said == ""
    written = wifi(root).read_text(encoding="utf-8")
    assert "ssid=待合室 1\n" in written
    assert "psk=secret\\; \\\\ word\n" in written
    assert wifi(root).stat().st_mode & 0o077 == 0
    assert (root / "etc/uketsuke/unit.ticket").read_text() == "ticket of an invented fleet"
    assert (root / "etc/uketsuke/unit.ticket").stat().st_mode & 0o007 == 0
    left = everything_on_the_first_partition(root)
    assert "secret" not in left
    assert "invented fleet" not in left
    assert not (root / "boot/firmware/reader.conf").exists()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ("hostname=Desk 2\n", "hostname: only small letters"),
        ("hostname=-desk\n", "hostname: only small letters"),
        (f"hostname={'x' * 64}\n", "hostname: only small letters"),
        ("wifi_name=a\nwifi_password=short\n", "wifi_password: 8 to 63 characters, these are 5"),
        ("wifi_name=a\nwifi_password=long enough\nwifi_country=Japan\n", "wifi_country: two capital letters"),
        ("read_only=yes\n", "the package overlayroot is not in this image"),
    ],
)
def test_what_cannot_be_used_is_told_beside_the_settings_and_the_rest_goes_on(
    root: Path, settings: str, complaint: str
) -> None:
    said = boot(root, settings)
    assert complaint in said
    assert not said.isascii(), "in Japanese, too"
    assert (root / "boot/firmware/reader-done.txt").exists()


@pytest.mark.parametrize("evil", ["$(touch made)", "`touch made`", "x; touch made", "x' && touch made #"])
def test_no_value_is_run(root: Path, evil: str) -> None:
    boot(root, f"hostname={evil}\nwifi_name={evil}\nwifi_password={evil} and longer\nread_only={evil}\n")
    assert not list(root.rglob("made"))
    assert (root / "etc/hostname").read_text() == "raspberrypi\n"


def test_read_only_lays_a_layer_over_root_once(root: Path) -> None:
    script = root / "usr/share/initramfs-tools/scripts/init-bottom/overlayroot"
    script.parent.mkdir(parents=True)
    script.touch()
    for _ in range(2):
        assert boot(root, "read_only=yes\n") == ""
    assert (root / "boot/firmware/cmdline.txt").read_text().count("overlayroot=tmpfs:recurse=0") == 1
