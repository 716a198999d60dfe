"""A reader's image, made from a stand-in with Raspberry Pi OS's two partitions: Debian arm64 in place of its root."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deb.fresh_system import base_of, speak_aarch64
from deb.layout import HOUSE
from deb.target import Architecture, Release, Target

MAKE = HOUSE / "provisioning" / "image" / "make-reader-image"
PI = Target(Release.BOOKWORM, Architecture.ARM64)
MIB = 1024 * 1024
BOOT_MIB, ROOT_MIB = 64, 700
CMDLINE = (
    "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootfstype=ext4 rootwait quiet "
    "init=/usr/lib/raspberrypi-sys-mods/firstboot\n"
)

pytestmark = pytest.mark.parametrize("target", [PI], ids=["bookworm-arm64"])


def partitions(image: Path) -> list[tuple[int, int]]:
    """Return start and size of each partition, in bytes."""
    told = subprocess.run(["sfdisk", "--json", image], capture_output=True, text=True, check=True).stdout
    return [(one["start"] * 512, one["size"] * 512) for one in json.loads(told)["partitiontable"]["partitions"]]


@contextmanager
def mounted(image: Path, number: int, at: Path) -> Iterator[Path]:
    """Mount a partition, to look at it."""
    start, size = partitions(image)[number - 1]
    at.mkdir()
    subprocess.run(["mount", "-o", f"loop,ro,offset={start},sizelimit={size}", image, at], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


def on_the_first_partition(image: Path, name: str) -> str:
    """Return a file's text; not every kernel mounts FAT."""
    command = ["mtype", "-i", f"{image}@@{partitions(image)[0][0]}", f"::{name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    image, boot = tmp_path / "stock.img", tmp_path / "boot"
    with image.open("wb") as file:
        file.truncate((1 + BOOT_MIB + ROOT_MIB) * MIB)
    table = f"label: dos\nstart=2048, size={BOOT_MIB}MiB, type=c\nsize=+, type=83\n"
    subprocess.run(["sfdisk", "--quiet", image], input=table, text=True, check=True)
    (boot_start, _), (root_start, root_size) = partitions(image)
    boot.mkdir()
    (boot / "config.txt").write_text("dtparam=audio=on\n")
    (boot / "cmdline.txt").write_text(CMDLINE)
    boot_system, root_system = tmp_path / "boot.fat", tmp_path / "root.ext4"
    subprocess.run(
        ["mkfs.vfat", "-n", "bootfs", "-C", boot_system, str(BOOT_MIB * 1024)], check=True, stdout=subprocess.DEVNULL
    )
    subprocess.run(["mcopy", "-i", boot_system, *sorted(boot.iterdir()), "::"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-d", base_of(PI), root_system, f"{root_size // 1024}k"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for system, start in ((boot_system, boot_start), (root_system, root_start)):
        place = ["bs=1M", "conv=notrunc,sparse", "oflag=seek_bytes", f"seek={start}", "status=none"]
        subprocess.run(["dd", f"if={system}", f"of={image}", *place], check=True, stdout=subprocess.DEVNULL)
        system.unlink()
    return image


def test_the_image_has_the_reader_and_no_login_and_no_secret(stock: Path, package: Path, tmp_path: Path) -> None:
    made = tmp_path / "reader.img"
    with speak_aarch64():
        subprocess.run([MAKE, stock, package, made], check=True)
    assert len(partitions(made)) == 3
    config = on_the_first_partition(made, "config.txt")
    assert config.startswith("dtparam=audio=on\n")
    assert all(word in config for word in ("i2c_arm=on", "spi=on", "enable_uart=1", "watchdog=on"))
    assert on_the_first_partition(made, "cmdline.txt").split() == CMDLINE.split()[1:-1]
    assert "hostname=reader" in on_the_first_partition(made, "reader.conf")
    with mounted(made, 2, tmp_path / "2") as root:
        status = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
        assert "Package: uketsuke\nStatus: install ok installed\n" in status
        assert (root / "usr/lib/uketsuke/bin/python3").is_symlink()
        wanted = root / "etc/systemd/system/multi-user.target.wants"
        assert {"uketsuke.service", "uketsuke-first-boot.service"} <= {link.name for link in wanted.iterdir()}
        for line in (root / "etc/shadow").read_text().splitlines():
            assert line.split(":")[1][:1] in {"!", "*"}, "somebody can log in"
        assert (root / "etc/systemd/system/ssh.service").readlink() == Path("/dev/null")
        assert (root / "etc/machine-id").read_bytes() == b""
        assert not list(root.glob("etc/ssh/ssh_host_*"))
        assert not [path for path in (root / "etc/uketsuke").iterdir() if path.suffix in {".pem", ".ticket", ".key"}]
        assert "LABEL=reader-state" in (root / "etc/fstab").read_text()
        first_boot_takes_what_the_technician_wrote(made, root, tmp_path)
    with mounted(made, 3, tmp_path / "3") as state:
        assert (state / "lib").stat().st_mode & 0o777 == 0o700
        assert (state / "etc/unit.example.toml").exists()


def first_boot_takes_what_the_technician_wrote(made: Path, root: Path, scratch: Path) -> None:
    """Run the image's own first-boot program on a layer of memory over the image; the shell is the host's."""
    layer, merged = scratch / "layer", scratch / "merged"
    layer.mkdir()
    merged.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "layer", layer], check=True)
    for folder in ("upper", "work"):
        (layer / folder).mkdir()
    options = f"lowerdir={root},upperdir={layer / 'upper'},workdir={layer / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", merged], check=True)
    try:
        boot = merged / "boot/firmware"
        shipped = on_the_first_partition(made, "reader.conf")
        written = shipped.replace("hostname=reader", "hostname=desk-2").replace("#wifi_name=", "wifi_name=machiai")
        (boot / "reader.conf").write_text(written.replace("#wifi_password=", "wifi_password=rahmen und tor"))
        (boot / "cmdline.txt").write_text(CMDLINE)
        (boot / "desk.ticket").write_text("ticket of an invented fleet")
        subprocess.run([merged / "usr/lib/uketsuke/bin/first-boot", merged], check=True)
        assert (merged / "etc/hostname").read_text() == "desk-2\n"
        connection = merged / "etc/NetworkManager/system-connections/reader.nmconnection"
        assert "psk=rahmen und tor\n" in connection.read_text()
        assert connection.stat().st_mode & 0o077 == 0
        assert (merged / "etc/uketsuke/desk.ticket").exists()
        assert not (boot / "reader-problems.txt").exists()
        assert "rahmen" not in "".join(file.read_text() for file in boot.iterdir())
    finally:
        subprocess.run(["umount", merged], check=True)
        subprocess.run(["umount", layer], check=True)


def test_a_package_for_another_processor_and_an_image_that_is_there_are_refused(
    stock: Path, package: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there.img"
    there.touch()
    done = subprocess.run([MAKE, stock, package, there], capture_output=True, text=True, check=False)
    assert (done.returncode, "is there already" in done.stderr) == (1, True)
    no_package = shutil.copy(stock.parent / "boot/config.txt", tmp_path / "package.deb")
    done = subprocess.run([MAKE, stock, no_package, tmp_path / "new.img"], capture_output=True, text=True, check=False)
    assert (done.returncode, "is no Debian package" in done.stderr) == (1, True)
    assert not (tmp_path / "new.img").exists()
