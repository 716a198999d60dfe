"""A whole arm64 machine in software that boots a reader's image: QEMU's `virt` board with a Pi 4's processor.

It is no Pi: no firmware, no header, no cameras. From the kernel's first program on, everything is the image's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

HOST = "10.0.2.2"
"""Where the machine finds the loopback of the one that it runs on."""
GIVES_UP_S = 3600
ARGUMENTS = (
    "console=ttyAMA0 loglevel=5 root=/dev/vda2 panic=-1 systemd.show_status=0 "
    "systemd.journald.forward_to_console=1 systemd.journald.max_level_console=info"
)
_BREAK = b"\x01b"
"""QEMU's key for a break on the serial line, which makes the kernel listen to the next one."""


class EmulatedPi:
    """A machine that runs; what it says on its serial line is its journal."""

    def __init__(self, line: IO[bytes], keys: IO[bytes]) -> None:
        self._line = line
        self._keys = keys
        self.said = ""

    def read_until(self, words: str) -> None:
        """Read what it says up to these words. Raise AssertionError when it ends before."""
        for line in self._line:
            self.said += line.decode(errors="replace").replace("\r", "")
            if words in self.said.rpartition("\n")[0].rpartition("\n")[2]:
                return
        raise AssertionError(f"the machine ended and never said {words!r}; its last words:\n{self.said[-6000:]}")

    def switch_off(self) -> None:
        """Have the kernel write what it has and switch off. No program is asked: this board has no button for them."""
        self._press(b"u")
        self.read_until("Emergency Remount complete")
        self._press(b"o")
        for line in self._line:
            self.said += line.decode(errors="replace")

    def _press(self, key: bytes) -> None:
        self._keys.write(_BREAK + key)
        self._keys.flush()


@contextmanager
def booted(image: Path, *, kernel: Path, initramfs: Path) -> Iterator[EmulatedPi]:
    """Switch a machine on whose card is this image, which it writes to; it has a network cable."""
    command: list[str | Path] = ["timeout", str(GIVES_UP_S), "qemu-system-aarch64", "-machine", "virt", "-accel", "tcg"]
    command += ["-cpu", "cortex-a72", "-smp", "2", "-m", "1024", "-display", "none", "-serial", "mon:stdio"]
    command += ["-no-reboot", "-nic", "user,model=virtio-net-pci", "-kernel", kernel, "-initrd", initramfs]
    command += ["-append", ARGUMENTS, "-drive", f"file={image},format=raw,if=virtio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603  QEMU
        if child.stdin is None or child.stdout is None:
            raise AssertionError("both are pipes")
        try:
            yield EmulatedPi(child.stdout, child.stdin)
        finally:
            child.terminate()
