"""A reader's image, made from a stand-in with Raspberry Pi OS's two partitions, before anybody boots it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deb.layout import HOUSE
from deb.stand_in import BOOT, CMDLINE, MAKE_READER_IMAGE, PI, FirstPartition, Stock, copied, mounted, partitions
from deb.target import Target

Packages = Callable[[Target, int], Path]


@pytest.fixture
def made(reader_image: Path, tmp_path: Path) -> Path:
    """A copy, because looking at a file system may write to it."""
    return copied(reader_image, tmp_path / "reader.img")


def test_the_image_has_the_reader_and_its_buses(made: Path, tmp_path: Path) -> None:
    assert len(partitions(made)) == 3
    first = FirstPartition(made)
    config = first.read("config.txt")
    assert config.startswith("dtparam=audio=on\n")
    assert all(word in config for word in ("i2c_arm=on", "spi=on", "enable_uart=1", "watchdog=on"))
    assert first.read("cmdline.txt").split() == CMDLINE.split()[1:-1]
    assert "hostname=reader" in first.read("reader.conf")
    with mounted(made, 2, tmp_path / "2") as root:
        status = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
        assert "Package: uketsuke\nStatus: install ok installed\n" in status
        assert (root / "usr/lib/uketsuke/bin/python3").is_symlink()
        wanted = root / "etc/systemd/system/multi-user.target.wants"
        assert {"uketsuke.service", "uketsuke-first-boot.service"} <= {link.name for link in wanted.iterdir()}
        mounts = (root / "etc/fstab").read_text()
        assert f"PARTUUID={BOOT}" in mounts
        assert "LABEL=reader-state" in mounts
    with mounted(made, 3, tmp_path / "3") as state:
        assert (state / "lib").stat().st_mode & 0o777 == 0o700
        assert (state / "etc/unit.example.toml").exists()


def test_nobody_can_log_in_and_no_secret_is_inside(made: Path, tmp_path: Path) -> None:
    assert not [name for name in FirstPartition(made).names() if name.endswith((".pem", ".ticket", ".key"))]
    with mounted(made, 2, tmp_path / "2") as root:
        accounts = {line.split(":")[0]: line.split(":")[1] for line in (root / "etc/shadow").read_text().splitlines()}
        assert {"root", "pi", "uketsuke"} <= set(accounts)
        assert {word[:1] for word in accounts.values()} <= {"!", "*"}, "somebody can log in"
        for unit in ("ssh.service", "userconfig.service", "getty@tty1.service"):
            assert (root / "etc/systemd/system" / unit).readlink() == Path("/dev/null")
        assert (root / "etc/machine-id").read_bytes() == b""
        assert not list(root.glob("etc/ssh/ssh_host_*"))
        assert not [path for path in (root / "etc/uketsuke").iterdir() if path.suffix in {".pem", ".ticket", ".key"}]
        assert not list(root.glob("etc/NetworkManager/system-connections/*"))
    with mounted(made, 3, tmp_path / "3") as state:
        assert {path.name for path in (state / "etc").iterdir()} == {"unit.example.toml"}
        assert not list((state / "lib").iterdir())


def test_what_is_no_package_and_an_image_that_is_there_are_refused(
    stock: Stock, packages: Packages, tmp_path: Path
) -> None:
    there = tmp_path / "there.img"
    there.touch()

    def refused(package: Path, image: Path) -> str:
        done = subprocess.run(
            [MAKE_READER_IMAGE, stock.image, package, image], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        return done.stderr

    assert "is there already" in refused(packages(PI, 1), there)
    no_package = tmp_path / "package.deb"
    shutil.copy(HOUSE / "README.md", no_package)
    assert "is no Debian package" in refused(no_package, tmp_path / "new.img")
    assert not (tmp_path / "new.img").exists()
