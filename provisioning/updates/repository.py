"""The repository of updates: what is public, what waits for signatures, and how one becomes the other.

    public/     metadata/ and targets/: what a server or a USB stick carries, and nothing else
    staged/     root.json and targets.json while signatures are collected
    online/     keys of snapshot and timestamp

Every file is written whole, and the timestamp last: a unit that comes in between sees the state before.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from securesystemslib.signer import CryptoSigner, Key
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, T, TargetFile, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONSerializer

from device.domain.errors import BadConfig
from device.whole_file import PUBLIC
from device.wire.updates import MAX_ARCHIVE_BYTES, About
from provisioning.files import write_whole
from provisioning.updates.keys import load_key, make_key

LIFETIMES: Final[Mapping[str, timedelta]] = {
    # Two years: a ceremony with several people is no yearly habit.
    Root.type: timedelta(days=730),
    Targets.type: timedelta(days=365),
    Snapshot.type: timedelta(days=30),
    # A unit notices within two weeks that it is being kept from news; a stick is good for as long.
    Timestamp.type: timedelta(days=14),
}
OFFLINE: Final = (Root.type, Targets.type)
ONLINE: Final = (Snapshot.type, Timestamp.type)


@dataclass(frozen=True, slots=True)
class Missing:
    """A staged file that cannot be published yet."""

    role: str
    signatures: int
    """How many more are needed."""
    of: tuple[str, ...]
    """Ids of the keys that have not signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Founders:
    """Who may sign, decided once: keys of the offline roles and how many of each must agree."""

    root: Sequence[CryptoSigner] = field(repr=False)
    root_threshold: int
    targets: Sequence[CryptoSigner] = field(repr=False)
    targets_threshold: int


class Repository:
    """A repository in a folder. Times come in by the door."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds, or will hold, `public`, `staged` and `online`."""
        self.public = folder / "public"
        self._staged = folder / "staged"
        self._online = folder / "online"

    def found(self, founders: Founders, *, now: datetime) -> None:
        """Make and publish the first, empty state. Raise BadConfig where there is one, or thresholds cannot be met."""
        if (self.public / "metadata").exists():
            raise BadConfig("there is a repository already", where=str(self.public))
        for role, signers, threshold in (
            (Root.type, founders.root, founders.root_threshold),
            (Targets.type, founders.targets, founders.targets_threshold),
        ):
            if not 1 <= threshold <= len(signers):
                raise BadConfig(f"{threshold} of {len(signers)} keys cannot sign", where=f"the role {role}")
        root = Root(expires=_expiry(Root.type, now), consistent_snapshot=True)
        for role, signers, threshold in (
            (Root.type, founders.root, founders.root_threshold),
            (Targets.type, founders.targets, founders.targets_threshold),
            *((role, [make_key(self._online / f"{role}.pem", None)], 1) for role in ONLINE),
        ):
            root.roles[role].threshold = threshold
            for signer in signers:
                root.add_key(signer.public_key, role)
        self._stage(Metadata(root), founders.root)
        self._stage(Metadata(Targets(expires=_expiry(Targets.type, now))), founders.targets)
        self.publish(now=now)

    def add(self, file: Path, about: About, *, now: datetime) -> str:
        """Copy a bundle into the public targets and put it on the staged list; return its name there.

        Raise BadConfig where the name is taken by another file: a version is never published twice.
        """
        size = file.stat().st_size
        if size > MAX_ARCHIVE_BYTES:
            raise BadConfig(f"{size} bytes, the limit is {MAX_ARCHIVE_BYTES}", where=str(file))
        name = about.target
        entry = TargetFile.from_file(name, str(file), ["sha256"])
        entry.unrecognized_fields["custom"] = msgspec.to_builtins(about)
        listed = self._targets_to_be(now)
        earlier = listed.signed.targets.get(name)
        if earlier is not None and earlier.hashes != entry.hashes:
            raise BadConfig("this version was published with other content; give it a new version", where=name)
        kept = self.public / "targets" / about.kind / f"{entry.hashes['sha256']}.{name.partition('/')[2]}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_name(f".{kept.name}.draft")
        shutil.copyfile(file, draft)
        with draft.open("rb") as copied:
            if hashlib.file_digest(copied, "sha256").hexdigest() != entry.hashes["sha256"]:
                raise BadConfig("it changed while it was copied", where=str(file))
        draft.replace(kept)
        listed.signed.targets[name] = entry
        self._stage(listed, ())
        return name

    def withdraw(self, name: str, *, now: datetime) -> None:
        """Take a target off the staged list; its file stays until nobody has the old list. Raise BadConfig."""
        listed = self._targets_to_be(now)
        if listed.signed.targets.pop(name, None) is None:
            raise BadConfig(f"not listed; there are {', '.join(sorted(listed.signed.targets)) or 'none'}", where=name)
        self._stage(listed, ())

    def renew(self, role: str, *, now: datetime) -> None:
        """Stage root or targets as they are with a new expiry. Raise BadConfig for another role."""
        if role == Root.type:
            self._stage(self._root_to_be(now), ())
        elif role == Targets.type:
            self._stage(self._targets_to_be(now), ())
        else:
            raise BadConfig("`publish` renews snapshot and timestamp", where=f"the role {role}")

    def rotate(self, role: str, *, old: str, new: Key | None, now: datetime) -> None:
        """Stage a root in which `new` takes the place of the key with the id `old` (online: makes one).

        Where that leaves the published list of targets without enough signatures, the list is staged as well.
        """
        staged = self._root_to_be(now)
        root = staged.signed
        if role not in root.roles or old not in root.roles[role].keyids:
            known = ", ".join(root.roles[role].keyids) if role in root.roles else f"roles {', '.join(root.roles)}"
            raise BadConfig(f"no such key; there are {known}", where=f"the role {role}, key {old[:16]}")
        if role in ONLINE:
            path = self._online / f"{role}.pem"
            path.replace(path.with_suffix(f".{old[:8]}.old"))
            new = make_key(path, None).public_key
        if new is None:
            raise BadConfig("a new key is needed", where=f"the role {role}")
        root.revoke_key(old, role)
        root.add_key(new, role)
        self._stage(staged, ())
        if role == Targets.type:
            listed = self._targets_to_be(now)
            if not root.get_verification_result(role, listed.signed_bytes, listed.signatures).verified:
                self._stage(listed, ())

    def sign(self, signer: CryptoSigner) -> list[str]:
        """Add a signature to whatever is staged and this key may sign; return the roles. Raise BadConfig."""
        signed = []
        for staged in self._waiting():
            role = staged.signed.type
            if signer.public_key.keyid in self._signers(role):
                staged.sign(signer, append=True)
                self._write(self._staged / f"{role}.json", staged)
                signed.append(role)
        if not signed:
            raise BadConfig("nothing is staged that this key may sign", where=signer.public_key.keyid)
        return signed

    def missing(self) -> list[Missing]:
        """Return what keeps staged files from being published."""
        found = []
        for staged in self._waiting():
            role = staged.signed.type
            for judge in self._judges(role):
                result = judge.get_verification_result(role, staged.signed_bytes, staged.signatures)
                if not result.verified:
                    found.append(Missing(role, result.missing, tuple(sorted(result.unsigned))))
        return found

    def publish(self, *, now: datetime) -> list[str]:
        """Publish what is staged and signed, with a new snapshot and timestamp; return the roles that are new.

        Raise BadConfig where signatures are missing: then nothing is published.
        """
        if missing := self.missing():
            first = missing[0]
            raise BadConfig(
                f"{first.signatures} more signature(s) are needed, of {', '.join(key[:16] for key in first.of)}",
                where=f"the staged {first.role}",
            )
        published = []
        for staged in self._waiting():
            role = staged.signed.type
            self._write(self.public / "metadata" / f"{staged.signed.version}.{role}.json", staged)
            published.append(role)
        targets = self.newest(Targets.type, Targets)
        before = self._read(self.public / "metadata" / "timestamp.json", Timestamp)
        snapshot = Metadata(
            Snapshot(
                version=before.signed.snapshot_meta.version + 1 if before else 1,
                expires=_expiry(Snapshot.type, now),
                meta={"targets.json": _described(targets)},
            )
        )
        timestamp = Metadata(
            Timestamp(version=before.signed.version + 1 if before else 1, expires=_expiry(Timestamp.type, now))
        )
        self._sign_online(snapshot)
        self._write(self.public / "metadata" / f"{snapshot.signed.version}.snapshot.json", snapshot)
        timestamp.signed.snapshot_meta = _described(snapshot)
        self._sign_online(timestamp)
        self._write(self.public / "metadata" / "timestamp.json", timestamp)
        for role in OFFLINE:
            (self._staged / f"{role}.json").unlink(missing_ok=True)
        return [*published, *ONLINE]

    def newest(self, role: str, kind: type[T]) -> Metadata[T]:
        """Return the newest published root or targets, or the timestamp. Raise BadConfig where there is none."""
        path = self.public / "metadata"
        numbered = sorted(path.glob(f"*.{role}.json"), key=lambda file: int(file.name.partition(".")[0]))
        found = self._read(numbered[-1] if numbered else path / f"{role}.json", kind)
        if found is None:
            raise BadConfig("no repository; `uketsuke-fleet updates init` makes one", where=str(self.public))
        return found

    def _waiting(self) -> list[Metadata[Root] | Metadata[Targets]]:
        """Return what is staged. The list comes first: a root that no longer knows its keys is published after it."""
        both = (self._read(self._staged / "targets.json", Targets), self._read(self._staged / "root.json", Root))
        return [staged for staged in both if staged is not None]

    def _root_to_be(self, now: datetime) -> Metadata[Root]:
        return self._to_be(Root.type, Root, now)

    def _targets_to_be(self, now: datetime) -> Metadata[Targets]:
        return self._to_be(Targets.type, Targets, now)

    def _to_be(self, role: str, kind: type[T], now: datetime) -> Metadata[T]:
        """Return the staged file to be changed further, or else the published one as its next version."""
        if staged := self._read(self._staged / f"{role}.json", kind):
            return staged
        current = self.newest(role, kind)
        current.signed.version += 1
        current.signed.expires = _expiry(role, now)
        return current

    def _stage(self, metadata: Metadata[T], signers: Iterable[CryptoSigner]) -> None:
        metadata.signatures.clear()  # of the content before
        for signer in signers:
            metadata.sign(signer, append=True)
        self._write(self._staged / f"{metadata.signed.type}.json", metadata)

    def _judges(self, role: str) -> list[Root]:
        """Return the roots whose thresholds a staged file has to meet: a root's successor has to meet both."""
        coming = self._read(self._staged / "root.json", Root)
        published = [] if not (self.public / "metadata").exists() else [self.newest(Root.type, Root).signed]
        if role == Root.type:
            return [*published, *([coming.signed] if coming else [])]
        return [coming.signed] if coming else published

    def _signers(self, role: str) -> set[str]:
        return {keyid for judge in self._judges(role) for keyid in judge.roles[role].keyids}

    def _sign_online(self, metadata: Metadata[T]) -> None:
        signer = load_key(self._online / f"{metadata.signed.type}.pem", None)
        if signer.public_key.keyid not in self.newest(Root.type, Root).signed.roles[metadata.signed.type].keyids:
            raise BadConfig("the published root does not name this key", where=f"online/{metadata.signed.type}.pem")
        metadata.sign(signer)

    @staticmethod
    def _read(path: Path, kind: type[T]) -> Metadata[T] | None:
        if not path.exists():
            return None
        try:
            metadata: Metadata[T] = Metadata.from_file(str(path))
        except (DeserializationError, RepositoryError) as error:
            raise BadConfig("is no metadata", where=str(path)) from error
        if not isinstance(metadata.signed, kind):
            raise BadConfig(f"is not {kind.__name__}", where=str(path))
        return metadata

    @staticmethod
    def _write(
        path: Path, metadata: Metadata[Root] | Metadata[Targets] | Metadata[Snapshot] | Metadata[Timestamp]
    ) -> None:
        write_whole(path, metadata.to_bytes(_PLAIN), mode=PUBLIC)


_PLAIN = JSONSerializer(compact=False)


def _expiry(role: str, now: datetime) -> datetime:
    # The format has whole seconds.
    return now.replace(microsecond=0) + LIFETIMES[role]


def _described(metadata: Metadata[T]) -> MetaFile:
    data = metadata.to_bytes(_PLAIN)
    return MetaFile(metadata.signed.version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})
