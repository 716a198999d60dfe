"""What of requirements.lock a unit needs, unpacked for a machine that may be another than this one.

pip does it as a cross installation: exact versions, digests required, wheels only, nothing of them is run. Which
requirements those are is read from the metadata of the same versions, which are installed here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deb.target import Target
from device.domain.errors import Fault
from device.domain.reasons import Reason

PROJECT = "uketsuke"
EXTRAS = frozenset({"gpio", "display", "pn532", "update", "screen"})
"""Not pcsc: pyscard has no wheels, Debian builds it (python3-pyscard). The screen, because the demonstration on a new
unit runs the clinic side, and so that a clinic's own machine takes the same package."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One archive that was unpacked."""

    name: str
    version: str
    file: str
    sha256: str


def needed(target: Target) -> set[str]:
    """Return the names of all distributions that a unit needs on `target`, without our own."""
    extras: dict[str, set[str]] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(PROJECT, frozenset())]
    while waiting:
        name, asked = waiting.pop()
        known = extras.get(name)
        if known is not None and asked <= known:
            continue
        extras[name] = (known or set()) | asked
        waiting += [
            (canonicalize_name(requirement.name), frozenset(requirement.extras))
            for requirement in map(Requirement, _ours() if name == PROJECT else distribution(name).requires or ())
            if requirement.marker is None
            or any(requirement.marker.evaluate({**target.markers, "extra": extra}) for extra in ("", *asked))
        ]
    return set(extras) - {PROJECT} - target.from_system.keys()


def locked(lock: str, names: set[str], target: Target) -> str:
    """Return what the lock file has of these names for `target`. Raise Fault for a name that it does not have.

    Conditions are judged here: pip judges them by the Python that it runs on, not by the target's.
    """
    entries: dict[str, str] = {}
    for requirement, digests in _entries(lock):
        name = canonicalize_name(requirement.name)
        if name in names and (requirement.marker is None or requirement.marker.evaluate({**target.markers})):
            entries[name] = f"{requirement.name}{requirement.specifier} {digests}\n"
    if missing := sorted(names - entries.keys()):
        raise _fault(f"requirements.lock has no {', '.join(missing)}: run `make lock`")
    return "".join(entries[name] for name in sorted(names))


def unpack(requirements: Path, target: Target, site: Path) -> list[Wheel]:
    """Install the requirements of this file into the folder `site`. Raise Fault with pip's own last word."""
    report = requirements.with_suffix(".json")
    _pip(
        "--require-hashes",
        "--report",
        str(report),
        "--requirement",
        str(requirements),
        *_fitting(target),
        "--target",
        str(site),
    )
    installed = json.loads(report.read_text())["install"]
    return sorted((_wheel(one) for one in installed), key=lambda wheel: wheel.name)


def unpack_ours(house: Path, folder: Path, site: Path, epoch: int) -> None:
    """Build our own wheel in `folder` and install it into `site`; its files carry the time `epoch`."""
    _run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        {"SOURCE_DATE_EPOCH": str(epoch)},
        cwd=house,
    )
    _pip("--no-index", "--find-links", str(folder), "--target", str(site), PROJECT)


def _ours() -> list[str]:
    # From the source: what is installed of it here may be older.
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(one for extra in sorted(EXTRAS) for one in extras[extra])]


def _fitting(target: Target) -> Iterator[str]:
    # pip would hold wheels against the Python that it runs on; the lock was resolved for the target's.
    yield from ("--implementation", "cp", "--python-version", target.python, "--ignore-requires-python")
    for platform in target.platforms:
        yield from ("--platform", platform)


def _entries(lock: str) -> Iterator[tuple[Requirement, str]]:
    for entry in re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE):
        said, *digests = re.sub(r"#.*", "", entry).replace("\\\n", " ").split("--hash=")
        if digests:
            yield Requirement(said.strip()), " ".join(f"--hash={digest.strip()}" for digest in digests)


def _wheel(installed: Mapping[str, Mapping[str, object]]) -> Wheel:
    metadata, download = installed["metadata"], installed["download_info"]
    archive = download["archive_info"]
    assert isinstance(archive, dict)  # noqa: S101  pip's report, version 1
    return Wheel(
        name=str(metadata["name"]),
        version=str(metadata["version"]),
        file=str(download["url"]).rpartition("/")[2],
        sha256=str(archive["hashes"]["sha256"]),
    )


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install"]
    # Nothing is compiled here: the target's own Python does that, when the package is installed.
    command += ["--no-deps", "--no-compile", "--only-binary", ":all:", *words]
    _run(command, {})


def _run(command: list[str], environment: Mapping[str, str], *, cwd: Path | None = None) -> None:
    done = subprocess.run(  # noqa: S603  our own words
        command, env=os.environ | environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = [line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        raise _fault(f"{' '.join(command[1:4])} failed: {last[-1]}")


def _fault(why: str) -> Fault:
    return Fault(why, part="package", reason=Reason.INTERNAL_FAULT)
