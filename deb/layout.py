"""Where everything lies in the installed system, from this checkout, the lock and the manifest."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from string import Template

from typer._completion_shared import get_completion_script

from deb import licences, manual, parts
from deb.target import Target
from deb.wheels import Wheel, locked, needed, unpack, unpack_ours
from device.app.assets.store import Condition, condition, load_manifest, weights_path
from device.app.config import EXAMPLE
from device.app.voice_files import FILES, absent
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.face.manifest import ModelSpec

HOUSE = Path(__file__).parents[1]
OWN = "usr/lib/uketsuke"
"""The virtual environment: nothing of it is seen by other programs, and nothing of theirs by it."""
COMMANDS = {"uketsuke": "device.app.entry", "uketsuke-clinic": "clinic.cli"}
DOCUMENTS = "usr/share/doc/uketsuke"
_FILES = Path(__file__).parent / "files"

# Folders of systemd/ and where Debian's packages put such files.
_SYSTEM = {
    "system": "usr/lib/systemd/system",
    "journald.conf.d": "usr/lib/systemd/journald.conf.d",
    "system.conf.d": "usr/lib/systemd/system.conf.d",
    "sysusers": "usr/lib/sysusers.d",
    "tmpfiles": "usr/lib/tmpfiles.d",
    "udev": "usr/lib/udev/rules.d",
    "polkit": "usr/share/polkit-1/rules.d",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What shall be built."""

    target: Target
    revision: int
    epoch: int
    """Seconds since 1970: the time of everything inside."""

    @property
    def version(self) -> str:
        """Of the package."""
        return self.target.version(version("uketsuke"), self.revision)


def lay_out(order: Order, root: Path, scratch: Path) -> None:
    """Fill the empty folder `root` with what is installed and `DEBIAN`. Raise Fault saying what is missing."""
    wheels = _environment(order, root, scratch)
    models = _weights(root)
    _voice(root)
    _system(root)
    _documents(order, root, wheels, models)
    _control(order, root)


def _environment(order: Order, root: Path, scratch: Path) -> list[Wheel]:
    python = order.target.python
    site = root / OWN / "lib" / f"python{python}" / "site-packages"
    site.mkdir(parents=True)
    requirements = scratch / "requirements.txt"
    lock = (HOUSE / "requirements.lock").read_text(encoding="utf-8")
    requirements.write_text(locked(lock, needed(order.target), order.target), encoding="utf-8")
    wheels = unpack(requirements, order.target, site)
    unpack_ours(HOUSE, scratch, site, order.epoch)
    shutil.rmtree(site / "bin")  # other programs' commands
    # This is all that the environment sees of the system: other versions there are not those of our lock.
    for name in itertools.chain.from_iterable(order.target.from_system.values()):
        (site / name).symlink_to(Path("/usr/lib/python3/dist-packages", name))
    commands = root / OWN / "bin"
    commands.mkdir()
    (commands / "python3").symlink_to(f"/usr/bin/python{python}")
    (root / "usr/bin").mkdir(parents=True)
    for name in COMMANDS:
        (commands / name).write_text(launcher(name), encoding="utf-8")
        (commands / name).chmod(0o755)
        (root / "usr/bin" / name).symlink_to(f"../../{OWN}/bin/{name}")
    (root / OWN / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n"
    )
    return wheels


def _weights(root: Path) -> list[ModelSpec]:
    source = HOUSE / "models"
    into = root / "usr/share/uketsuke/models"
    (into / "weights").mkdir(parents=True)
    taken = []
    for model in load_manifest(source / "manifest.toml").model:
        weights = weights_path(source, model)
        known, _ = condition(model, weights)
        if known is Condition.OK:
            shutil.copyfile(weights, into / "weights" / weights.name)
            taken.append(model)
        elif model.required or known is Condition.WRONG_DIGEST:
            raise Fault(f"{weights}: {known}; run `make setup`", part="package", reason=Reason.MODEL_MISSING)
    shutil.copyfile(source / "manifest.toml", into / "manifest.toml")
    return taken


def _voice(root: Path) -> None:
    recorded = HOUSE / "voice" / FILES
    if missing := absent(recorded):
        raise Fault(
            f"{len(missing)} sentences have no recording; run `make setup`", part="package", reason=Reason.VOICE_FAULT
        )
    into = root / "usr/share/uketsuke/voice"
    into.mkdir()
    for file in sorted(recorded.glob("*.wav")):
        shutil.copyfile(file, into / file.name)


def _system(root: Path) -> None:
    for name, place in _SYSTEM.items():
        shutil.copytree(HOUSE / "systemd" / name, root / place)
    for shell, place in (
        ("bash", "usr/share/bash-completion/completions/uketsuke"),
        ("zsh", "usr/share/zsh/vendor-completions/_uketsuke"),
        ("fish", "usr/share/fish/vendor_completions.d/uketsuke.fish"),
    ):
        script = get_completion_script(prog_name="uketsuke", complete_var="_UKETSUKE_COMPLETE", shell=shell)
        (root / place).parent.mkdir(parents=True)
        (root / place).write_text(f"{script}\n", encoding="utf-8")
    (root / "etc/uketsuke").mkdir(parents=True)
    (root / "etc/uketsuke/unit.example.toml").write_text(EXAMPLE, encoding="utf-8")


def _documents(order: Order, root: Path, wheels: Iterable[Wheel], models: Iterable[ModelSpec]) -> None:
    documents = root / DOCUMENTS
    documents.mkdir(parents=True)
    site = root / OWN / "lib" / f"python{order.target.python}" / "site-packages"
    works = {work.name: work for work in licences.distributions(site) if work.name != "uketsuke"}
    others = [
        licences.Licensed(model.name, model.version, model.licence, "see models/README.md of the source")
        for model in models
    ]
    voice = licences.Licensed(
        "voice-recordings",
        "1",
        'CC-BY-3.0: HTS Voice "Mei", (c) 2009-2013 Nagoya Institute of Technology, Department of Computer Science, '
        "released by the MMDAgent Project Team",
        "see voice/README.md of the source",
        told_at="https://creativecommons.org/licenses/by/3.0/legalcode",
    )
    licences.collect([*works.values(), *others, voice], documents, HOUSE / "LICENSE")
    (documents / "parts.cdx.json").write_text(
        parts.listed(
            version=order.version,
            architecture=order.target.architecture,
            wheels=wheels,
            works=works,
            models=models,
            epoch=order.epoch,
        ),
        encoding="utf-8",
    )
    _compressed(documents / "changelog.gz", (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8"))
    for name, text in manual.pages(f"uketsuke {order.version}", order.epoch).items():
        _compressed(root / "usr/share/man" / f"man{name[-1]}" / f"{name}.gz", text)


def _control(order: Order, root: Path) -> None:
    folder = root / "DEBIAN"
    folder.mkdir()
    units = sorted(path.name for path in (HOUSE / "systemd/system").glob("*.*") if path.is_file())
    words = {
        "version": order.version,
        "architecture": order.target.architecture,
        "python": order.target.python,
        "next_python": order.target.next_python,
        "size_kib": str(sum(file.lstat().st_size for file in root.rglob("*") if not file.is_dir()) // 1024),
        "recommended": "".join(f", python3-{name}" for name in order.target.from_system if name != "pyscard"),
        "own": f"/{OWN}",
        "enabled": " ".join(unit for unit in units if "[Install]" in (HOUSE / "systemd/system" / unit).read_text()),
        "started": " ".join(reversed(units)),
    }
    for file in sorted(_FILES.iterdir()):
        # Shell has $ of its own, so places for words are written @{word}.
        text = _AtTemplate(file.read_text(encoding="utf-8")).substitute(words)
        (folder / file.name).write_text(text, encoding="utf-8")
        (folder / file.name).chmod(0o644 if file.name in {"control", "conffiles"} else 0o755)
    digests = [
        f"{hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()}  {file.relative_to(root)}\n"
        for file in sorted(root.rglob("*"))
        if file.is_file() and not file.is_symlink() and folder not in file.parents
    ]
    (folder / "md5sums").write_text("".join(digests), encoding="utf-8")  # dpkg --verify knows no other digest


def launcher(name: str) -> str:
    """Return the text of a command's file."""
    text = (Path(__file__).parent / "launcher").read_text(encoding="utf-8")
    return _AtTemplate(text).substitute(own=OWN, name=name, module=COMMANDS[name])


class _AtTemplate(Template):
    delimiter = "@"


def _compressed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
