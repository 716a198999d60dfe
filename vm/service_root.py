"""The disk of the machine that boots systemd: a fresh Debian with the package, and a program that runs the tests.

`python -m vm.service_root DISK`, as root in a name space of its own for mounts. DEB_PACKAGES names a folder with a
package that was built before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deb.fresh_system import System, fresh_system, make_package, package_name
from deb.target import Architecture, Release, Target

TARGET = Target(Release.BOOKWORM, Architecture.AMD64)
MORE = ("systemd-sysv", "udev", "dbus", "polkitd", "vsmartcard-vpcd", "kmod")
"""What a Debian that boots has beside the package, and the virtual reader."""
SIZE_MIB = 2048
NO_PI = "Environment=RPI_LGPIO_REVISION=c04170\n"
"""rpi-lgpio asks a device tree which Pi this is, and a PC has none."""
HERE = Path(__file__).parent


def main() -> None:
    """Make the disk anew: two minutes, three where the package has to be built."""
    disk = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="uketsuke-vm-") as scratch:
        built = os.environ.get("DEB_PACKAGES")
        known = Path(built or scratch, package_name(TARGET, 1))
        package = known if known.exists() else make_package(TARGET, 1, Path(scratch))
        layer = Path(scratch, "system")
        layer.mkdir()
        with fresh_system(TARGET, layer) as system:
            _furnish(system, package)
            _write(system, Path(scratch, "seen"), disk)


def _furnish(system: System, package: Path) -> None:
    system.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *MORE)
    system.install(package)
    shutil.copy(HERE / "service/vm-tests.service", system.root / "etc/systemd/system")
    shutil.copy(HERE / "service/vm-tests", system.root / "usr/local/bin")
    system.run("systemctl", "enable", "vm-tests.service")
    # The serial line is the tests'; the kernel's modules are on the host.
    system.run("systemctl", "mask", "getty@tty1.service", "serial-getty@ttyS0.service", "systemd-binfmt.service")
    for unit in ("uketsuke.service", "uketsuke-enrol.service"):
        drop_in = system.root / f"etc/systemd/system/{unit}.d"
        drop_in.mkdir()
        (drop_in / "emulated-pc.conf").write_text(f"[Service]\n{NO_PI}")
    (system.root / "host").mkdir()
    (system.root / "etc/hostname").write_text("reader\n")


def _write(system: System, seen: Path, disk: Path) -> None:
    # A second look at the folder, which has none of what is mounted in it.
    seen.mkdir()
    subprocess.run(["mount", "--bind", system.root, seen], check=True)
    try:
        disk.unlink(missing_ok=True)
        command = ["mke2fs", "-q", "-t", "ext4", "-d", str(seen), str(disk), f"{SIZE_MIB}M"]
        subprocess.run(command, check=True)
    finally:
        subprocess.run(["umount", seen], check=True)


if __name__ == "__main__":
    main()
