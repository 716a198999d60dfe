"""A unit takes a version, goes on with it, or goes back, and always knows which."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Refusal
from device.update import ledger
from device.update.ledger import IMAGE, Entry
from provisioning.updates.packing import Content

if TYPE_CHECKING:
    from tests.update.conftest import Publisher, UpdatedUnit

MODELS = Kind.MODELS


def take(unit: UpdatedUnit, publisher: Publisher, **options: str | bool) -> str:
    return unit.updating.apply(MODELS, unit.source(publisher.public), **options).version  # type: ignore[arg-type]  # any option of a source


def refusal_of(unit: UpdatedUnit, publisher: Publisher, **options: str | bool) -> Refusal:
    with pytest.raises(UpdateRefused) as refused:
        take(unit, publisher, **options)
    return refused.value.refusal


def linked(unit: UpdatedUnit, kind: Kind = MODELS) -> str:
    return (unit.updates / kind / "current" / f"{kind}.txt").read_text(encoding="utf-8")


def test_the_newest_version_is_taken_and_the_one_before_is_kept_beside_it(
    publisher: Publisher, unit: UpdatedUnit
) -> None:
    for version in ("1.0", "1.1", "1.2"):
        publisher.offer(MODELS, version)
        assert take(unit, publisher) == version
        assert linked(unit) == version

    assert unit.shelf.present(MODELS) == ["1.1", "1.2"]
    entry = unit.updating.look().of(MODELS)
    assert (entry.current, entry.previous, entry.under_way) == ("1.2", "1.1", None)
    assert entry.last is not None
    assert entry.last.refusal is None


def test_taking_what_one_has_changes_nothing(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.0")
    take(unit, publisher)
    before = unit.content()

    assert not unit.updating.apply(MODELS, unit.source(publisher.public)).changed
    assert unit.content() == before


def test_versions_are_compared_as_numbers(publisher: Publisher, unit: UpdatedUnit) -> None:
    for version in ("1.9", "1.10", "1.2"):
        publisher.offer(MODELS, version)
    assert take(unit, publisher) == "1.10"
    assert refusal_of(unit, publisher, wanted="1.9") is Refusal.OLDER
    assert refusal_of(unit, publisher, wanted="3.0") is Refusal.NOT_OFFERED


def test_a_version_in_between_is_taken_first(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.0")
    take(unit, publisher)
    publisher.offer(MODELS, "1.5")
    publisher.offer(MODELS, "2.0", minimum="1.5")

    assert refusal_of(unit, publisher, wanted="2.0") is Refusal.STEP_BETWEEN
    assert take(unit, publisher) == "1.5"
    assert take(unit, publisher) == "2.0"


def test_what_runs_on_another_machine_is_no_offer(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.1", platform="linux_aarch64_cp313")
    assert refusal_of(unit, publisher, wanted="1.1") is Refusal.NOT_OFFERED
    assert not unit.updating.apply(MODELS, unit.source(publisher.public)).changed
    assert unit.updating.offers(unit.source(publisher.public)) == []


def test_a_version_that_looks_wrong_is_never_switched_to(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.0")
    take(unit, publisher)
    publisher.offer(MODELS, "1.1")
    unit.trial.before = "the detector is missing"

    assert refusal_of(unit, publisher) is Refusal.NOT_WELL
    assert linked(unit) == "1.0"
    assert unit.shelf.present(MODELS) == ["1.0"]
    assert unit.updating.look().of(MODELS).failed == ("1.1",)


def test_a_version_that_does_not_run_well_is_switched_back_from_and_not_taken_again_by_itself(
    publisher: Publisher, unit: UpdatedUnit
) -> None:
    publisher.offer(MODELS, "1.0")
    take(unit, publisher)
    publisher.offer(MODELS, "1.1")
    unit.trial.after = ["no camera", None]

    assert refusal_of(unit, publisher) is Refusal.NOT_WELL
    assert linked(unit) == "1.0"
    entry = unit.updating.look().of(MODELS)
    assert entry.last is not None
    assert (entry.last.refusal, entry.last.detail, entry.current) == (Refusal.NOT_WELL, "no camera", "1.0")

    assert refusal_of(unit, publisher) is Refusal.FAILED_BEFORE
    assert take(unit, publisher, again=True) == "1.1"


def test_going_back_takes_the_version_before_and_goes_no_further(publisher: Publisher, unit: UpdatedUnit) -> None:
    for version in ("1.0", "1.1"):
        publisher.offer(MODELS, version)
        take(unit, publisher)

    assert unit.updating.rollback(MODELS).version == "1.0"
    assert linked(unit) == "1.0"
    with pytest.raises(UpdateRefused) as nothing:
        unit.updating.rollback(MODELS)
    assert nothing.value.refusal is Refusal.NOTHING_BEFORE
    assert take(unit, publisher) == "1.1"


def test_before_the_first_version_is_what_the_image_brought(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.0")
    take(unit, publisher)

    assert unit.updating.rollback(MODELS).version == IMAGE
    assert not (unit.updates / MODELS / "current").exists()


def test_going_back_to_a_version_that_is_ill_too_says_so_and_stays_there(
    publisher: Publisher, unit: UpdatedUnit
) -> None:
    publisher.offer(MODELS, "1.0")
    take(unit, publisher)
    publisher.offer(MODELS, "1.1")
    take(unit, publisher)
    unit.trial.after = ["dead"]

    with pytest.raises(UpdateRefused, match="dead"):
        unit.updating.rollback(MODELS)
    assert linked(unit) == "1.0"


def test_a_new_image_counts_more_than_an_older_version_taken_before(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(Kind.SOFTWARE, "0.2")
    unit.image = {Kind.SOFTWARE: "0.1"}
    unit.updating.apply(Kind.SOFTWARE, unit.source(publisher.public))
    assert unit.updating.installed(Kind.SOFTWARE) == "0.2"

    unit.image = {Kind.SOFTWARE: "0.3"}
    unit.updating.settle()
    assert unit.updating.installed(Kind.SOFTWARE) == "0.3"
    assert not (unit.updates / "software/current").exists()


def test_a_ledger_that_was_lost_is_written_anew_from_what_is_linked(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.0")
    take(unit, publisher)
    for broken in (b"", b"{", b'{"v":2}', b"\xff"):
        (unit.updates / "ledger.json").write_bytes(broken)
        assert unit.updating.installed(MODELS) == "1.0"
        assert unit.updating.settle().of(MODELS).current == "1.0"


def test_two_updates_at_once_are_one_too_many(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.0")
    with unit.shelf.held():
        assert refusal_of(unit, publisher) is Refusal.BUSY
    assert take(unit, publisher) == "1.0"


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    publisher: Publisher, unit: UpdatedUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.offer(MODELS, "1.0")
    usage = shutil.disk_usage(unit.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))

    assert refusal_of(unit, publisher) is Refusal.NO_ROOM
    assert unit.shelf.present(MODELS) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.0")
    unit.folder.chmod(0o500)
    assert refusal_of(unit, publisher) is Refusal.DISK


def test_only_what_must_run_may_run(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.0", {"bin/tool": Content(b"#!/bin/sh\n", executable=True), "data": Content(b"1")})
    take(unit, publisher)
    folder = unit.updates / "models/current"
    assert stat.S_IMODE((folder / "bin/tool").stat().st_mode) & 0o111
    assert not stat.S_IMODE((folder / "data").stat().st_mode) & 0o111


def test_a_version_that_lies_there_whole_is_not_fetched_again(publisher: Publisher, unit: UpdatedUnit) -> None:
    publisher.offer(MODELS, "1.0")
    unit.trial.after = ["not now", None]
    assert refusal_of(unit, publisher) is Refusal.NOT_WELL
    shutil.rmtree(publisher.public / "targets")

    assert take(unit, publisher, again=True) == "1.0"


def test_what_was_interrupted_is_written_off_and_can_be_tried_again() -> None:
    begun = ledger.begun(Entry(current="1.0"), "1.1")
    assert ledger.unfinished(begun) == "1.0"
    ended = ledger.finished(begun, datetime(2026, 6, 1, tzinfo=UTC))
    assert (ended.current, ended.under_way, ended.failed) == ("1.0", None, ())


def test_the_programs_of_a_repository_are_plain_files(publisher: Publisher) -> None:
    publisher.offer(MODELS, "1.0")
    public = publisher.public
    assert all(path.is_file() or path.is_dir() for path in public.rglob("*"))
    assert not any("key" in path.name or path.suffix == ".pem" for path in Path(public).rglob("*"))
