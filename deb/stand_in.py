"""A stand-in for Raspberry Pi OS's stock image: its two partitions, Debian arm64 as root, a kernel that QEMU boots.

Raspberry Pi OS is not in Debian's archive. What a reader's image takes from it is here: the partitions with their names
and their table, `config.txt` and `cmdline.txt`, NetworkManager, SSH's keys, and an account somebody could log in with.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deb.fresh_system import System, fresh_system
from deb.layout import HOUSE
from deb.target import Architecture, Release, Target

PI = Target(Release.BOOKWORM, Architecture.ARM64)
MAKE_READER_IMAGE = HOUSE / "provisioning" / "image" / "make-reader-image"
DISK = "5caff01d"
BOOT, ROOT = f"{DISK}-01", f"{DISK}-02"
CMDLINE = (
    f"console=serial0,115200 console=tty1 root=PARTUUID={ROOT} rootfstype=ext4 rootwait quiet "
    "init=/usr/lib/raspberrypi-sys-mods/firstboot\n"
)
MIB = 1024 * 1024
BOOT_MIB, ROOT_MIB = 64, 900
BOOTS = ("systemd-sysv", "udev", "dbus", "kmod", "network-manager", "systemd-timesyncd", "polkitd")
"""What Raspberry Pi OS has beside a minimal Debian, as far as the reader's first boot meets it."""
FSTAB = f"""\
proc            /proc           proc    defaults          0       0
PARTUUID={BOOT}  /boot/firmware  vfat    defaults          0       2
PARTUUID={ROOT}  /               ext4    defaults,noatime  0       1
"""
SLOW = "[Service]\nTimeoutStartSec=900\nWatchdogSec=120\n"
"""Emulation is, so the reader's watchdogs wait longer; all other bounds of its service are its own."""
MODULES = ("virtio_pci", "virtio_blk", "ext4")
"""Without these the kernel finds no root; the others are loaded from there."""
INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in /modules/*; do insmod "$module"; done
until [ -b /dev/vda2 ]; do sleep 1; done
mount -t ext4 /dev/vda2 /root && mount --move /dev /root/dev && umount /proc && exec switch_root /root /sbin/init
"""


@dataclass(frozen=True, slots=True)
class Stock:
    """The image, and what QEMU starts in place of a Pi's firmware."""

    image: Path
    kernel: Path
    initramfs: Path


def make_stock(into: Path) -> Stock:
    """Make all three in the empty folder `into`. Root, because of mounts."""
    image, boot_system, root_system = into / "stock.img", into / "boot.fat", into / "root.ext4"
    with image.open("wb") as file:
        file.truncate((1 + BOOT_MIB + ROOT_MIB) * MIB)
    table = f"label: dos\nlabel-id: 0x{DISK}\nstart=2048, size={BOOT_MIB}MiB, type=c\nsize=+, type=83\n"
    _run("sfdisk", "--quiet", image, typed=table)
    (boot_start, _), (root_start, root_size) = partitions(image)
    boot, layer, seen = into / "boot", into / "layer", into / "seen"
    for folder in (boot, layer, seen):
        folder.mkdir()
    (boot / "config.txt").write_text("dtparam=audio=on\n")
    (boot / "cmdline.txt").write_text(CMDLINE)
    _run("mkfs.vfat", "-n", "bootfs", "-C", boot_system, str(BOOT_MIB * 1024))
    _run("mcopy", "-i", boot_system, *sorted(boot.iterdir()), "::")
    with fresh_system(PI, layer) as system:
        _furnish(system)
        stock = Stock(image, into / "vmlinuz", into / "initramfs.gz")
        _add_kernel(system, stock, into / "kernel")
        # A second look at the folder, which has none of what is mounted in it.
        _run("mount", "--bind", system.root, seen)
        try:
            _run("mke2fs", "-q", "-t", "ext4", "-d", seen, root_system, f"{root_size // 1024}k")
        finally:
            _run("umount", seen)
    for filled, start in ((boot_system, boot_start), (root_system, root_start)):
        place = ("bs=1M", "conv=notrunc,sparse", "oflag=seek_bytes", f"seek={start}", "status=none")
        _run("dd", f"if={filled}", f"of={image}", *place)
        filled.unlink()
    return stock


def _furnish(system: System) -> None:
    system.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *BOOTS)
    system.run("useradd", "--create-home", "--groups", "sudo", "pi")
    system.run("chpasswd", typed="pi:raspberry\n")
    patient = system.root / "etc/systemd/system/uketsuke.service.d"
    patient.mkdir()
    (patient / "emulated.conf").write_text(SLOW)
    ssh = system.root / "etc/ssh"
    ssh.mkdir(exist_ok=True)
    (ssh / "ssh_host_ed25519_key").write_text("the same in every machine that is made from this image\n")
    (system.root / "etc/fstab").write_text(FSTAB)
    (system.root / "etc/hostname").write_text("raspberrypi\n")
    (system.root / "etc/hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n")


def _add_kernel(system: System, stock: Stock, scratch: Path) -> None:
    """Take Debian's small kernel for virtual machines, its modules, and a shell for the first steps."""
    depends = system.run("apt-cache", "depends", "linux-image-cloud-arm64").said
    name = next(
        word for word in depends.split() if word.startswith("linux-image-") and word != "linux-image-cloud-arm64"
    )
    system.run("sh", "-c", f"cd /var/tmp && apt-get download -q -o APT::Sandbox::User=root {name} busybox-static")
    scratch.mkdir()
    for package in (system.root / "var/tmp").glob("*.deb"):
        _run("dpkg-deb", "--extract", package, scratch)
        package.unlink()
    version = name.removeprefix("linux-image-")
    _run("depmod", "-b", scratch, version)
    _run("cp", "--archive", scratch / "lib/modules", system.root / "usr/lib/")
    shutil.copy(scratch / f"boot/vmlinuz-{version}", stock.kernel)
    first = scratch / "first"
    for folder in ("bin", "modules", "proc", "dev", "root"):
        (first / folder).mkdir(parents=True)
    shutil.copy(scratch / "bin/busybox", first / "bin/busybox")
    (first / "init").write_text(INIT)
    (first / "init").chmod(0o755)
    files: list[str] = []
    for module in MODULES:
        # In the order in which they must be loaded; what the kernel has built in has no file.
        told = _run("modprobe", "-d", scratch, "-S", version, "--show-depends", module)
        files += [line.split()[1] for line in told.splitlines() if line.startswith("insmod")]
    for number, file in enumerate(dict.fromkeys(files), start=10):
        shutil.copy(file, first / f"modules/{number}-{Path(file).name}")
    _run("sh", "-c", f"cd {first} && find . | cpio -o -H newc --quiet | gzip -1 > {stock.initramfs}")


def copied(image: Path, to: Path) -> Path:
    """Return a copy that may be written to; holes stay holes."""
    _run("cp", "--sparse=always", image, to)
    return to


def partitions(image: Path) -> list[tuple[int, int]]:
    """Return start and size of each partition, in bytes."""
    told = json.loads(_run("sfdisk", "--json", image))
    return [(one["start"] * 512, one["size"] * 512) for one in told["partitiontable"]["partitions"]]


@contextmanager
def mounted(image: Path, number: int, at: Path) -> Iterator[Path]:
    """Mount a partition, to look at it; what a power cut left is mended first, as at the next boot."""
    start, size = partitions(image)[number - 1]
    at.mkdir()
    _run("mount", "-o", f"loop,offset={start},sizelimit={size}", image, at)
    try:
        yield at
    finally:
        _run("umount", at)


class FirstPartition:
    """The one that a technician sees on any computer; without a mount, because not every kernel mounts FAT."""

    def __init__(self, image: Path) -> None:
        self._place = f"{image}@@{partitions(image)[0][0]}"

    def names(self) -> set[str]:
        """Return what lies there."""
        return {name.removeprefix("::/") for name in _run("mdir", "-b", "-i", self._place, "::").split()}

    def read(self, name: str) -> str:
        """Return a file's text."""
        return _run("mtype", "-i", self._place, f"::{name}")

    def put(self, file: Path, name: str) -> None:
        """Copy a file there, over one that is there."""
        _run("mcopy", "-o", "-i", self._place, file, f"::{name}")


def _run(*command: str | Path, typed: str | None = None) -> str:
    done = subprocess.run(command, input=typed, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603  the system's own tools
    return done.stdout
