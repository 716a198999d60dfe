"""Fresh systems to install into: debootstrap once per system, then a layer of memory for each test."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deb.layout import HOUSE
from deb.target import Target
from device.app.assets.place import MODELS_DIR

CACHE = Path(os.environ.get("DEB_CACHE", "/var/cache/uketsuke-deb"))
BINFMT = Path("/proc/sys/fs/binfmt_misc")
AARCH64 = (
    r":uketsuke-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
    r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
    ":/usr/bin/qemu-aarch64-static:F"
)
ENVIRONMENT = (
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LC_ALL=C.UTF-8",
    "DEBIAN_FRONTEND=noninteractive",
    # Where QEMU plays the processor, it shall be a Pi 4's. The one that it plays otherwise has registers of 2048 bits:
    # they cost liveness seven times the time, and now and then one comparison of a face took 106 s in place of 4.
    "QEMU_CPU=cortex-a72",
)
INTO = Path("var/tmp")
"""Of the system: where the test puts what it brings along."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command in the system ended."""

    code: int
    said: str

    @property
    def document(self) -> Any:  # noqa: ANN401  any JSON
        """The JSON document that it printed; libraries may have complained before (of a processor that is emulated)."""
        return json.loads(self.said[self.said.index("{") :])


class System:
    """An installed Debian in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *command: str, check: bool = True, typed: str = "") -> Done:
        """Run a command as root, in the system's own words only; `typed` is what somebody answers it."""
        done = subprocess.run(
            ["chroot", self.root, "env", "-i", *ENVIRONMENT, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            input=typed,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}")
        return Done(done.returncode, done.stdout)

    def bring(self, file: Path) -> str:
        """Copy a file in and return its place there."""
        shutil.copy(file, self.root / INTO / file.name)
        return f"/{INTO}/{file.name}"

    def install(self, package: Path, *, check: bool = True) -> Done:
        """`apt install ./uketsuke_*.deb`."""
        words = ("apt-get", "install", "-q", "-y", "--no-install-recommends", "--allow-downgrades")
        return self.run(*words, self.bring(package), check=check)

    def bring_models(self) -> str:
        """Bring the photos along, beside the weights of the package, and return their folder there."""
        models = self.root / INTO / "models"
        models.mkdir()
        for name in ("manifest.toml", "photos.toml"):
            shutil.copy(MODELS_DIR / name, models / name)
        shutil.copytree(MODELS_DIR / "photos", models / "photos")
        (models / "weights").symlink_to("/usr/share/uketsuke/models/weights")
        return f"/{INTO}/models"

    def has(self, path: str) -> bool:
        """Whether there is a file, a folder or a link of this name."""
        return os.path.lexists(self.root / path.lstrip("/"))


def make_package(target: Target, revision: int, into: Path) -> Path:
    """Build a package as `make deb` does, and return its place."""
    command = [sys.executable, "-m", "deb", "--arch", target.architecture, "--release", target.release]
    command += ["--revision", str(revision), "--into", str(into)]
    subprocess.run(command, cwd=HOUSE, check=True)
    return into / package_name(target, revision)


def package_name(target: Target, revision: int) -> str:
    """Return what the file is called."""
    return f"uketsuke_{target.version(version('uketsuke'), revision)}_{target.architecture}.deb"


def base_of(target: Target) -> Path:
    """Return the folder of a fresh system, made by debootstrap where it is not there yet (one to five minutes)."""
    base = CACHE / f"{target.release}-{target.architecture}"
    if not (base / "etc/os-release").exists() or (base / "debootstrap").exists():
        shutil.rmtree(base, ignore_errors=True)
        base.parent.mkdir(parents=True, exist_ok=True)
        command = ["debootstrap", f"--arch={target.architecture}", "--variant=minbase", target.release, str(base)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return base


@contextmanager
def speak_aarch64() -> Iterator[None]:
    """Let the kernel run another processor's programs through QEMU, and forget it again."""
    if not (BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT], check=True)
    known = [file for file in BINFMT.iterdir() if "aarch64" in file.name]
    if not known:
        (BINFMT / "register").write_text(AARCH64)
    yield
    if not known:
        (BINFMT / "uketsuke-aarch64").write_text("-1")


@contextmanager
def layer_of_memory(folder: Path) -> Iterator[Path]:
    """Lend a layer in the empty `folder` that takes what is changed in a system laid over others; then it is gone."""
    with ExitStack() as stack:
        _mount(stack, "-t", "tmpfs", "layer", folder)
        for part in ("upper", "work"):
            (folder / part).mkdir()
        yield folder


def _mount(stack: ExitStack, *words: str | Path) -> None:
    subprocess.run(["mount", *words], check=True)
    stack.callback(subprocess.run, ["umount", "--lazy", words[-1]], check=True)


@contextmanager
def fresh_system(
    target: Target, folder: Path, *, into: Path | None = None, over: Path | None = None
) -> Iterator[System]:
    """Make a fresh system in the empty `folder`; it is gone afterwards, as it was.

    `into`: a layer that keeps what is changed, for the next one to lie `over`, once this one is gone.
    """
    with ExitStack() as stack:
        if target.architecture.machine != platform.machine():
            stack.enter_context(speak_aarch64())
        base = base_of(target)
        root, archives = folder / "root", CACHE / "archives" / base.name
        archives.mkdir(parents=True, exist_ok=True)
        root.mkdir()
        if into is None:
            into = folder / "layer"
            into.mkdir()
            stack.enter_context(layer_of_memory(into))
        below = base if over is None else f"{over / 'upper'}:{base}"
        mount = partial(_mount, stack)
        mount(
            "-t",
            "overlay",
            "-o",
            f"lowerdir={below},upperdir={into / 'upper'},workdir={into / 'work'}",
            "overlay",
            root,
        )
        mount("-t", "proc", "proc", root / "proc")
        mount("--bind", "/dev", root / "dev")
        mount("--bind", archives, root / "var/cache/apt/archives")
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        system = System(root)
        if over is None:
            system.run("apt-get", "update", "-q")
        yield system
