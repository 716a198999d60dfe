"""A damaged outbox keeps nobody from being served: it is set aside, whole, and told of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from device.app.config import EXAMPLE, Config, load
from device.app.late_outbox import LateOutbox
from device.app.late_parts import AGAIN_S
from device.domain.errors import Fault
from device.domain.finding import FindingCode
from device.drivers.system import SystemClock
from device.ports.line import Kept
from device.sim.clock import SimulatedClock


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "unit.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    config = load(path)
    return replace(config, unit=replace(config.unit, state=tmp_path / "state"))


@pytest.fixture
def outbox(config: Config) -> Path:
    """One that holds a result."""
    with LateOutbox(config, SystemClock(), nobody) as outbox:
        outbox.add("message-1", lambda _: b"a result")
    return config.unit.state / "outbox.sqlite"


def nobody(part: str, fault: Fault) -> None:
    del part, fault


def believed(kept: Kept) -> None:
    del kept


def spoil(outbox: Path) -> None:
    with outbox.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 2000)


def replace_by_another(outbox: Path) -> None:
    outbox.write_bytes(b"no database at all, and long enough to be looked at" * 20)


def lose_key(outbox: Path) -> None:
    outbox.with_name("outbox.sqlite.key").unlink()


@pytest.mark.parametrize("harm", [spoil, replace_by_another, lose_key])
def test_a_damaged_outbox_is_set_aside_and_an_empty_one_begun(config: Config, outbox: Path, harm: object) -> None:
    assert callable(harm)
    harm(outbox)
    before = outbox.read_bytes()
    troubles: dict[str, Fault] = {}
    with LateOutbox(config, SystemClock(), troubles.__setitem__) as fresh:
        assert fresh.waiting(10) == []
        fresh.add("message-2", lambda _: b"another")
        assert fresh.settle("message-2", believed)
    assert troubles["old outbox"].finding is FindingCode.OUTBOX_DAMAGED
    assert "kept as outbox.sqlite.damaged-1" in str(troubles["old outbox"])
    assert outbox.with_name("outbox.sqlite.damaged-1").read_bytes() == before


def test_a_second_one_does_not_write_over_the_first(config: Config, outbox: Path) -> None:
    for _ in range(2):
        replace_by_another(outbox)
        LateOutbox(config, SystemClock(), nobody).close()
    assert outbox.with_name("outbox.sqlite.damaged-2").exists()


def test_a_whole_outbox_stays_where_it_is(config: Config, outbox: Path) -> None:
    troubles: dict[str, Fault] = {}
    with LateOutbox(config, SystemClock(), troubles.__setitem__) as again:
        assert [kept.message_id for kept in again.waiting(10)] == ["message-1"]
    assert troubles == {}
    assert outbox.exists()


def test_a_unit_whose_state_folder_cannot_be_made_tries_again_until_it_can(config: Config, tmp_path: Path) -> None:
    clock, troubles = SimulatedClock(), dict[str, Fault]()
    in_the_way = tmp_path / "state"
    in_the_way.write_bytes(b"a file where the folder should be")
    with LateOutbox(config, clock, troubles.__setitem__) as late:
        assert troubles["outbox"].finding is FindingCode.STATE_FOLDER
        for refused in (lambda: late.add("message-1", lambda _: b""), lambda: late.waiting(1), lambda: late.depth):
            with pytest.raises(Fault, match="cannot be made"):
                refused()
        in_the_way.unlink()
        clock.advance(AGAIN_S)
        assert late.add("message-1", lambda _: b"a result").sequence == 1
        assert late.depth == 1


def test_an_outbox_of_another_version_is_nobodys_to_set_aside(config: Config, outbox: Path) -> None:

    with closing(sqlite3.connect(outbox)) as other:
        other.execute("PRAGMA user_version = 99")
    troubles: dict[str, Fault] = {}
    with LateOutbox(config, SystemClock(), troubles.__setitem__) as late:
        with pytest.raises(Fault, match="another version"):
            late.waiting(1)
        assert "another version" in str(troubles["outbox"])
