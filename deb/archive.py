"""Files to a .deb that is the same each time: one time for all, sorted, owned by root, compressed by one thread.

zstd: a Pi unpacks it several times as fast as xz.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from device.domain.errors import Fault
from device.domain.reasons import Reason


def pack(root: Path, into: Path, epoch: int) -> None:
    """Write the tree `root`, which has its DEBIAN folder, as the package `into`. Raise Fault with dpkg's last word."""
    for path in sorted(root.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    os.utime(root, (epoch, epoch))
    command = ["dpkg-deb", "--root-owner-group", "--uniform-compression", "-Zzstd", "-z12", "--threads-max=1"]
    done = subprocess.run(  # noqa: S603  our own words
        [*command, "--build", str(root), str(into)],
        env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Fault(f"dpkg-deb failed: {done.stderr.strip()}", part="package", reason=Reason.INTERNAL_FAULT)
