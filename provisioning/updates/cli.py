"""`uketsuke-fleet updates`: found a repository, list bundles, collect signatures, publish, change keys."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from device.domain.errors import BadConfig
from device.domain.updates import ANY_PLATFORM, VERSION_PATTERN, Kind
from device.wire.texts import Text
from provisioning.updates import packing
from provisioning.updates.keys import is_locked, load_key, make_key
from provisioning.updates.packing import describe, write_bundle
from provisioning.updates.repository import ONLINE, Founders, Repository
from provisioning.updates.standing import standing

EXIT_UNWELL = 1

app = typer.Typer(help="Signed updates: a repository of plain files (docs/updates.md).", no_args_is_help=True)

FolderArgument = Annotated[Path, typer.Argument(help="The repository's folder; only `public` in it is for others.")]
KeyOption = Annotated[list[Path], typer.Option("--key", help="An offline key; more than one may be named.")]
PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file with the keys' passphrase; else it is asked for.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
KindOption = Annotated[Kind, typer.Option("--kind", help="What it updates.")]
RoleArgument = Annotated[Literal["root", "targets", "snapshot", "timestamp"], typer.Argument(help="The role.")]


@app.command()
def init(
    folder: FolderArgument,
    *,
    keys: Annotated[Path, typer.Option("--keys", help="Where the offline keys go: a stick, later several.")],
    root_keys: Annotated[int, typer.Option(min=1, max=9, help="How many people hold a root key.")] = 3,
    root_threshold: Annotated[int, typer.Option(min=1, max=9, help="How many of them must sign.")] = 2,
    targets_keys: Annotated[int, typer.Option(min=1, max=9, help="How many people may release.")] = 3,
    targets_threshold: Annotated[int, typer.Option(min=1, max=9, help="How many of them must sign.")] = 2,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Found a repository: make all keys, publish the first, empty state. Units get `public/metadata/1.root.json`."""

    def made(role: str, count: int) -> list[Any]:
        return [
            make_key(path, _passphrase(path, passphrase_file, new=True))
            for path in (keys / f"{role}-{number}.pem" for number in range(1, count + 1))
        ]

    repository = Repository(folder)
    founders = Founders(
        root=made("root", root_keys),
        root_threshold=root_threshold,
        targets=made("targets", targets_keys),
        targets_threshold=targets_threshold,
    )
    repository.found(founders, now=_now())
    _say(
        f"{repository.public}: founded. Pin metadata/1.root.json on the units, take {keys} away from here.",
        {"public": str(repository.public), "root": str(repository.public / "metadata/1.root.json")},
        as_json=as_json,
    )


@app.command()
def pack(
    output: Annotated[Path, typer.Argument(help="The bundle to write.")],
    kind: KindOption,
    source: Annotated[list[Path], typer.Argument(help="Wheels (software), or one folder (models, voice).")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Make a bundle, the same to the last byte from the same files."""
    version = ""
    if kind is Kind.SOFTWARE:
        version, content = packing.software(source)
    elif len(source) != 1:
        raise BadConfig("one folder is packed", where=str(kind))
    else:
        content = packing.models(source[0]) if kind is Kind.MODELS else packing.voice(source[0])
    write_bundle(output, content)
    fields = {"bundle": str(output), "files": len(content), "bytes": output.stat().st_size, "version": version or None}
    _say(f"{output}: {len(content)} files, {output.stat().st_size / 1e6:.1f} MB {version}", fields, as_json=as_json)


@app.command()
def add(
    folder: FolderArgument,
    bundle: Annotated[Path, typer.Argument(help="What `pack` made.")],
    *,
    kind: KindOption,
    version: Annotated[str, typer.Option(help="Two to four numbers, e.g. 0.2.0.")],
    reason_ja: Annotated[str, typer.Option(help="What changes and why, in Japanese.")],
    reason_en: Annotated[str, typer.Option(help="The same in English.")],
    platform: Annotated[str, typer.Option(help="E.g. linux_aarch64_cp311; `uketsuke update check` says it.")] = (
        ANY_PLATFORM
    ),
    minimum: Annotated[str | None, typer.Option(help="The oldest version from which it can be taken.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put a bundle on the list that is to be signed. It counts once enough people have signed and it is published."""
    for said in (version, minimum):
        if said is not None and not re.match(VERSION_PATTERN, said):
            raise BadConfig(f"{said!r} is no version: two to four numbers", where="--version, --minimum")
    now = _now()
    about = describe(
        bundle,
        kind=kind,
        version=version,
        reason=Text(ja=reason_ja, en=reason_en),
        released_at=now,
        platform=platform,
        minimum=minimum,
    )
    repository = Repository(folder)
    name = repository.add(bundle, about, now=now)
    _say(f"{name} is staged; {_still(repository)}", {"target": name, **_missing(repository)}, as_json=as_json)


@app.command()
def withdraw(
    folder: FolderArgument,
    target: Annotated[str, typer.Argument(help="Its name, as `status` says it.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Take a version off the list. Units that have it keep it; a rollout takes them back."""
    repository = Repository(folder)
    repository.withdraw(target, now=_now())
    _say(f"{target} is off the staged list; {_still(repository)}", _missing(repository), as_json=as_json)


@app.command()
def sign(
    folder: FolderArgument,
    key: KeyOption,
    passphrase_file: PassphraseOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Sign whatever is staged. Each holder of a key does this; the folder may travel on a stick between them."""
    repository = Repository(folder)
    for path in key:
        repository.sign(load_key(path, _passphrase(path, passphrase_file)))
    _say(f"signed; {_still(repository)}", _missing(repository), as_json=as_json)


@app.command()
def publish(folder: FolderArgument, *, as_json: JsonOption = False) -> None:
    """Publish what is staged and signed, and renew snapshot and timestamp: once a day, by itself."""
    published = Repository(folder).publish(now=_now())
    _say(f"published: {', '.join(published)}", {"published": published}, as_json=as_json)


@app.command()
def renew(
    folder: FolderArgument,
    role: Annotated[Literal["root", "targets"], typer.Argument(help="The role.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Stage root or targets once more with a later expiry, to be signed."""
    repository = Repository(folder)
    repository.renew(role, now=_now())
    _say(f"{role} is staged; {_still(repository)}", _missing(repository), as_json=as_json)


@app.command()
def rotate(
    folder: FolderArgument,
    role: RoleArgument,
    old: Annotated[str, typer.Option("--old", help="The id of the key that goes, or its beginning (`status`).")],
    new: Annotated[Path | None, typer.Option("--new", help="Where the new offline key goes; made here.")] = None,
    passphrase_file: PassphraseOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Put a new key in a lost or stolen one's place: a new root is staged, to be signed by those who hold the root."""
    repository = Repository(folder)
    now = _now()
    known = [key for each in standing(repository, now=now).roles if each.role == role for key in each.keys]
    found = [key for key in known if key.startswith(old)]
    if len(found) != 1:
        raise BadConfig(f"{len(found)} keys begin so; there are {', '.join(key[:16] for key in known)}", where=old)
    key = None
    if role not in ONLINE:
        if new is None:
            raise BadConfig("say where the new key goes", where="--new")
        key = make_key(new, _passphrase(new, passphrase_file, new=True)).public_key
    repository.rotate(role, old=found[0], new=key, now=now)
    _say(f"a new root is staged; {_still(repository)}", _missing(repository), as_json=as_json)


@app.command()
def status(folder: FolderArgument, *, as_json: JsonOption = False) -> None:
    """Say what is offered, who has to sign, what runs out. Exit code 1: something waits or runs out soon."""
    now = _now()
    found = standing(Repository(folder), now=now)
    lines = [
        f"{role.role:9} {role.version:4}  until {role.expires:%Y-%m-%d}{' (soon!)' if role.due else ''}"
        f"  {role.threshold} of {', '.join(key[:16] for key in role.keys)}"
        for role in found.roles
    ]
    lines += [f"offered: {name}" for name in found.targets]
    lines += [
        f"staged {lack.role}: {lack.signatures} more of {', '.join(k[:16] for k in lack.of)}" for lack in found.missing
    ]
    _say("\n".join(lines), {"ok": found.is_well, **asdict(found)}, as_json=as_json)
    if not found.is_well:
        raise typer.Exit(EXIT_UNWELL)


def _now() -> datetime:
    return datetime.now(UTC)


def _passphrase(path: Path, file: Path | None, *, new: bool = False) -> str | None:
    if not new and not is_locked(path):
        return None
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            raise BadConfig(f"cannot be read: {error.strerror}", where=str(file)) from error
    if not sys.stdin.isatty():
        raise BadConfig("its passphrase is needed: --passphrase-file, or a terminal to ask on", where=str(path))
    said: str = typer.prompt(f"Passphrase of {path}", hide_input=True, confirmation_prompt=new)
    return said


def _missing(repository: Repository) -> dict[str, object]:
    return {"missing": [asdict(lack) for lack in repository.missing()]}


def _still(repository: Repository) -> str:
    lacking = repository.missing()
    if not lacking:
        return "`publish` it"
    return "; ".join(f"{lack.role} needs {lack.signatures} more signature(s)" for lack in lacking)


def _say(text: str, fields: dict[str, object], *, as_json: bool) -> None:
    typer.echo(json.dumps(fields, ensure_ascii=False, default=str) if as_json else text)
