"""For which system a package is made: Debian's release decides Python and C library, the processor the wheels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

OLDEST_GLIBC_MINOR = 17
"""Of glibc 2: wheels are named by the oldest that they run with (PEP 600)."""


class Architecture(StrEnum):
    """As Debian calls it."""

    AMD64 = "amd64"
    ARM64 = "arm64"

    @property
    def machine(self) -> str:
        """As the kernel and the wheels call it."""
        return {"amd64": "x86_64", "arm64": "aarch64"}[self]


class Release(StrEnum):
    """Of Debian, and of Raspberry Pi OS, which takes its names and its Python from there."""

    BOOKWORM = "bookworm"
    TRIXIE = "trixie"


_PYTHON = {Release.BOOKWORM: (3, 11), Release.TRIXIE: (3, 13)}
_GLIBC_MINOR = {Release.BOOKWORM: 36, Release.TRIXIE: 41}
_SUFFIX = {Release.BOOKWORM: "deb12", Release.TRIXIE: "deb13"}


@dataclass(frozen=True, slots=True)
class Target:
    """One package is for one of these."""

    release: Release
    architecture: Architecture

    @property
    def python(self) -> str:
        """The release's Python, as `3.11`."""
        return "{}.{}".format(*_PYTHON[self.release])

    @property
    def next_python(self) -> str:
        """The first one that the compiled parts do not fit."""
        major, minor = _PYTHON[self.release]
        return f"{major}.{minor + 1}"

    @property
    def platforms(self) -> list[str]:
        """Names of the platforms whose wheels run there, the newest first."""
        machine = self.architecture.machine
        minors = range(_GLIBC_MINOR[self.release], OLDEST_GLIBC_MINOR - 1, -1)
        return [*(f"manylinux_2_{minor}_{machine}" for minor in minors), f"manylinux2014_{machine}"]

    @property
    def markers(self) -> dict[str, str]:
        """What the environment markers of requirements mean there (PEP 508)."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.architecture.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }

    @property
    def from_system(self) -> dict[str, list[str]]:
        """What the system's own packages bring, because nobody publishes wheels of it: distribution to files."""
        found = {"pyscard": ["smartcard"]}
        if self.release is Release.TRIXIE:
            # lgpio's wheels end with Python 3.12; Raspberry Pi OS has it as python3-lgpio.
            module = "_lgpio.cpython-{}{}-{}-linux-gnu.so".format(*_PYTHON[self.release], self.architecture.machine)
            found["lgpio"] = ["lgpio.py", module]
        return found

    def version(self, project: str, revision: int) -> str:
        """Return the package's version; that of a later release of Debian is the higher one, so an upgrade upgrades."""
        return f"{project}-{revision}+{_SUFFIX[self.release]}"
