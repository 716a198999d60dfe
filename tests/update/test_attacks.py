"""Somebody stands between publisher and unit, or holds some of the keys. Real metadata, each attack on its own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

from device.domain.errors import UpdateRefused
from device.domain.reasons import Reason
from device.domain.updates import Kind, Refusal
from device.wire.updates import refusals
from provisioning.updates.keys import load_key
from provisioning.updates.packing import Content

if TYPE_CHECKING:
    from tests.update.conftest import Publisher, UpdatedUnit


NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


def refused(unit: UpdatedUnit, public: Path, kind: Kind = Kind.MODELS) -> UpdateRefused:
    """Let the unit try to update from there; return what it says, having looked that it changed nothing."""
    before = unit.content()
    with pytest.raises(UpdateRefused) as refusal:
        unit.updating.apply(kind, unit.source(public))
    after = unit.content()
    for ours in ("updates/ledger.json", "updates/lock"):
        before.pop(ours, None)
        after.pop(ours, None)
    assert after == before
    assert refusal.value.reason is Reason.UPDATE_REFUSED
    assert refusals()[refusal.value.refusal].next_step.ja
    return refusal.value


def change(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_bytes())
    edit(document["signed"])
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture
def updated(publisher: Publisher, unit: UpdatedUnit) -> UpdatedUnit:
    """A unit that has models 1.0."""
    publisher.offer(Kind.MODELS, "1.0")
    unit.updating.apply(Kind.MODELS, unit.source(publisher.public))
    return unit


def test_an_older_state_of_the_repository_is_refused(publisher: Publisher, updated: UpdatedUnit) -> None:
    old = publisher.copy("old")
    publisher.offer(Kind.MODELS, "1.1")
    updated.updating.apply(Kind.MODELS, updated.source(publisher.public))

    assert refused(updated, old).refusal is Refusal.ROLLED_BACK


def test_a_repository_that_stands_still_is_refused_once_its_time_is_up(
    publisher: Publisher, updated: UpdatedUnit, later: Callable[[float], datetime]
) -> None:
    updated.clock.now = later(13)
    assert not updated.updating.apply(Kind.MODELS, updated.source(publisher.public)).changed

    updated.clock.now = later(15)
    assert refused(updated, publisher.public).refusal is Refusal.EXPIRED


def test_a_unit_without_a_clock_holds_to_the_time_that_it_knows_has_passed(
    publisher: Publisher, updated: UpdatedUnit, later: Callable[[float], datetime]
) -> None:
    updated.clock.trusted = False
    updated.clock.now = later(-20_000)
    publisher.offer(Kind.MODELS, "1.1", now=later(1))
    assert updated.updating.apply(Kind.MODELS, updated.source(publisher.public)).changed

    updated.clock.trusted, updated.clock.now = True, later(200)
    refused(updated, publisher.public)
    updated.clock.trusted, updated.clock.now = False, later(-20_000)
    assert refused(updated, publisher.public).refusal is Refusal.EXPIRED, "it knew better, and still does"


def test_the_age_of_what_was_signed_offline_tells_the_time_and_an_online_key_cannot(
    publisher: Publisher, unit: UpdatedUnit, later: Callable[[float], datetime]
) -> None:
    unit.clock.trusted = False
    publisher.offer(Kind.MODELS, "1.0", now=later(100))
    unit.updating.apply(Kind.MODELS, unit.source(publisher.public))
    assert unit.updating.look().not_before == later(100)

    publisher.publish(now=later(5000))
    unit.updating.apply(Kind.MODELS, unit.source(publisher.public))
    assert unit.updating.look().not_before == later(100)


def test_parts_of_two_states_do_not_make_one(publisher: Publisher, updated: UpdatedUnit) -> None:
    publisher.offer(Kind.MODELS, "1.1")
    mixed = publisher.copy("mixed")
    publisher.offer(Kind.MODELS, "1.2")
    shutil.copy(publisher.public / "metadata/timestamp.json", mixed / "metadata")
    snapshot = publisher.public / "metadata/4.snapshot.json"
    shutil.copy(publisher.public / "metadata/3.snapshot.json", mixed / "metadata" / snapshot.name)

    assert refused(updated, mixed).refusal is Refusal.MIXED


def test_a_list_that_is_not_the_snapshots_is_refused(publisher: Publisher, updated: UpdatedUnit) -> None:
    publisher.offer(Kind.MODELS, "1.1")
    wrong = publisher.copy("wrong")
    shutil.copy(wrong / "metadata/2.targets.json", wrong / "metadata/3.targets.json")

    assert refused(updated, wrong).refusal is Refusal.MIXED


@pytest.mark.parametrize("file", ["metadata/timestamp.json", "metadata/3.targets.json", "targets"])
def test_data_without_end_stops_at_its_signed_size(publisher: Publisher, updated: UpdatedUnit, file: str) -> None:
    publisher.offer(Kind.MODELS, "1.1")
    endless = publisher.copy("endless")
    path = endless / file
    if path.is_dir():
        (path,) = path.glob("models/*.1.1-any.zip")
    size = path.stat().st_size
    with path.open("r+b") as swollen:
        swollen.truncate(5_000_000_000)  # a hole in the file system, and five gigabytes to whoever reads it

    assert refused(updated, endless).refusal is Refusal.TOO_LARGE
    left = sum(each.stat().st_size for each in updated.updates.rglob("*") if each.is_file())
    assert left < 1_000_000
    assert size < 1_000_000


def test_another_publisher_is_refused(
    updated: UpdatedUnit, tmp_path: Path, make_publisher: Callable[[Path], Publisher]
) -> None:
    stranger = make_publisher(tmp_path / "stranger")
    for version in ("1.0", "1.1", "1.2"):
        stranger.offer(Kind.MODELS, version)

    assert refused(updated, stranger.public).refusal is Refusal.NOT_SIGNED


def test_one_key_of_two_is_not_enough(publisher: Publisher, updated: UpdatedUnit) -> None:
    publisher.offer(Kind.MODELS, "1.1")
    listed = publisher.public / "metadata/3.targets.json"
    document = json.loads(listed.read_bytes())
    document["signatures"].pop()
    listed.write_text(json.dumps(document, indent=1), encoding="utf-8")
    resign_online(publisher, listed)

    assert refused(updated, publisher.public).refusal is Refusal.NOT_SIGNED


def test_one_key_that_signs_twice_is_still_one(publisher: Publisher, updated: UpdatedUnit) -> None:
    publisher.offer(Kind.MODELS, "1.1")
    listed = publisher.public / "metadata/3.targets.json"
    document = json.loads(listed.read_bytes())
    document["signatures"][1] = document["signatures"][0]
    listed.write_text(json.dumps(document, indent=1), encoding="utf-8")
    resign_online(publisher, listed)

    assert refused(updated, publisher.public).refusal in {Refusal.NOT_SIGNED, Refusal.MIXED}


def test_whoever_has_the_online_keys_can_list_nothing(publisher: Publisher, updated: UpdatedUnit) -> None:
    publisher.offer(Kind.MODELS, "1.1")
    listed = publisher.public / "metadata/3.targets.json"
    change(
        listed, lambda signed: signed["targets"].update({"models/9.9-any.zip": signed["targets"]["models/1.1-any.zip"]})
    )
    resign_online(publisher, listed)

    assert refused(updated, publisher.public).refusal is Refusal.NOT_SIGNED


def test_an_altered_archive_is_refused_whatever_its_size(publisher: Publisher, updated: UpdatedUnit) -> None:
    publisher.offer(Kind.MODELS, "1.1")
    (archive,) = publisher.public.glob("targets/models/*.1.1-any.zip")
    data = bytearray(archive.read_bytes())
    data[40] ^= 1
    archive.write_bytes(data)
    assert refused(updated, publisher.public).refusal is Refusal.ALTERED

    archive.write_bytes(data[:-1])
    assert refused(updated, publisher.public).refusal is Refusal.ALTERED


def test_an_archive_that_is_not_there_is_told_apart(publisher: Publisher, updated: UpdatedUnit) -> None:
    publisher.offer(Kind.MODELS, "1.1")
    (archive,) = publisher.public.glob("targets/models/*.1.1-any.zip")
    archive.unlink()
    assert refused(updated, publisher.public).refusal is Refusal.UNREACHABLE


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "models/../../1.1-any.zip",
        "models/1.1-any.zip\n",
        "C:\\1.1",
        "models/1.2-any.zip",
    ],
)
def test_a_signed_name_leads_nowhere_but_where_its_content_says(
    publisher: Publisher, updated: UpdatedUnit, name: str
) -> None:
    publisher.stage(Kind.MODELS, "1.1")
    staged = publisher.folder / "staged/targets.json"
    listed: Metadata[Targets] = Metadata.from_file(str(staged))
    target: TargetFile = listed.signed.targets.pop("models/1.1-any.zip")
    listed.signed.targets[name] = TargetFile(target.length, target.hashes, name, target.unrecognized_fields)
    listed.to_file(str(staged))
    publisher.publish()

    assert refused(updated, publisher.public).refusal is Refusal.BAD_TARGET


@pytest.mark.parametrize("custom", [None, {}, {"kind": "firmware"}, "models", {"kind": "models", "version": "../1"}])
def test_a_signed_target_that_does_not_say_what_it_is_is_refused(
    publisher: Publisher, updated: UpdatedUnit, custom: object
) -> None:
    publisher.stage(Kind.MODELS, "1.1")
    staged = publisher.folder / "staged/targets.json"
    change(staged, lambda signed: signed["targets"]["models/1.1-any.zip"].update(custom=custom))
    publisher.publish()

    assert refused(updated, publisher.public).refusal is Refusal.BAD_TARGET


def test_what_lies_on_a_stick_may_be_a_link_or_a_pipe_and_is_not_followed(
    publisher: Publisher, updated: UpdatedUnit, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("{}", encoding="utf-8")
    plants: list[Callable[[Path], object]] = [lambda path: path.symlink_to(secret), os.mkfifo, Path.mkdir]
    for number, plant in enumerate(plants):
        stick = publisher.copy(f"stick-{number}")
        (stick / "metadata/timestamp.json").unlink()
        plant(stick / "metadata/timestamp.json")
        assert refused(updated, stick).refusal is Refusal.UNREACHABLE


def test_keys_can_be_changed_by_those_who_hold_the_root_and_units_follow(
    publisher: Publisher, updated: UpdatedUnit
) -> None:
    lost = publisher.targets[0]
    publisher.targets[0] = CryptoSigner.generate_ed25519()
    publisher.repository.rotate(
        Targets.type, old=lost.public_key.keyid, new=publisher.targets[0].public_key, now=updated.clock.now
    )
    publisher.publish()
    publisher.offer(Kind.MODELS, "1.1")

    assert updated.updating.apply(Kind.MODELS, updated.source(publisher.public)).version == "1.1"
    assert updated.updating.apply(Kind.MODELS, updated.source(publisher.public)).changed is False


def test_a_unit_without_its_pinned_root_trusts_nobody(publisher: Publisher, updated: UpdatedUnit) -> None:
    publisher.offer(Kind.MODELS, "1.1")
    Path(updated.root).write_text("{}", encoding="utf-8")
    assert refused(updated, publisher.public).refusal is Refusal.NO_TRUST
    Path(updated.root).unlink()
    assert refused(updated, publisher.public).refusal is Refusal.NO_TRUST


def test_content_that_was_signed_is_still_looked_at(publisher: Publisher, updated: UpdatedUnit) -> None:
    publisher.offer(Kind.MODELS, "1.1", {"../../../planted": Content(b"x")})
    assert refused(updated, publisher.public).refusal is Refusal.BAD_ARCHIVE


def resign_online(publisher: Publisher, listed: Path) -> None:
    """Do what a thief of snapshot and timestamp keys can do: vouch for another list."""
    metadata = publisher.public / "metadata"
    meta = {"targets.json": MetaFile.from_data(3, listed.read_bytes(), ["sha256"])}
    snapshot = Metadata(Snapshot(version=9, meta=meta, expires=NOW + timedelta(days=9)))
    snapshot.sign(load_key(publisher.folder / "online/snapshot.pem", None))
    snapshot.to_file(str(metadata / "9.snapshot.json"))
    vouched = MetaFile.from_data(9, (metadata / "9.snapshot.json").read_bytes(), ["sha256"])
    timestamp = Metadata(Timestamp(version=9, snapshot_meta=vouched, expires=NOW + timedelta(days=9)))
    timestamp.sign(load_key(publisher.folder / "online/timestamp.pem", None))
    timestamp.to_file(str(metadata / "timestamp.json"))
