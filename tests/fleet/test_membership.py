"""A real unit's papers: which settings it starts with, and what a trial's end leaves on the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from device.app import fleet_unit
from device.app.config import Config, load
from device.app.config_cli import app
from device.app.config_origin import origin_of
from device.app.fleet_unit import Membership, run_member
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.drivers.twin_file import TwinFile
from device.link.twin import TwinBook, Version, overlaid

CONFIG = """\
[unit]
name = "sim-0001"
state = "state"
[broker]
host = "h.example"
authority = "a.pem"
certificate = "unit.cert.pem"
key = "unit.key.pem"
[clinic]
sealing_key = "c.jwk"
[voice]
volume = 30
[fleet]
member = true
"""
GOOD = Version(version=1, settings={"voice": {"volume": 90, "quiet": True}})
TRIAL = Version(version=2, settings={"policy": {"pin_s": 60}})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    path = tmp_path / "unit.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def book(path: Path) -> TwinFile:
    return TwinFile(path.parent / "state/fleet-twin.json")


@pytest.fixture
def started(path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Config]]:
    """Start the unit, and again for as long as it wants; return with what it ran."""

    def start(run: Callable[[Config, Membership], None] = lambda _config, _papers: None) -> list[Config]:
        ran: list[Config] = []
        again: list[bool] = [True]
        monkeypatch.setattr(fleet_unit, "start_again", lambda: again.append(True))

        def note(config: Config, papers: Membership) -> None:
            ran.append(config)
            run(config, papers)

        while again:
            again.clear()
            run_member(path, load(path), note)
        return ran

    return start


def test_the_file_wins_over_the_fleet_and_the_fleet_over_the_default(
    book: TwinFile, started: Callable[..., list[Config]]
) -> None:
    book.keep(TwinBook(good=GOOD))
    [config] = started()

    assert config.voice.volume == 30, "what stands in the unit's own file"
    assert config.voice.quiet, "what the fleet sets"


def test_what_the_file_overrides_is_named() -> None:
    merged, overridden = overlaid(GOOD.settings, {"voice": {"volume": 30}, "unit": {"name": "x"}})
    assert overridden == ("voice.volume",)
    assert merged == {"voice": {"volume": 30, "quiet": True}, "unit": {"name": "x"}}


def test_a_trial_runs_with_the_new_settings(book: TwinFile, started: Callable[..., list[Config]]) -> None:
    book.keep(TwinBook(good=GOOD, trial=TRIAL))
    [config] = started()

    assert config.policy.pin_s == 60
    assert book.read().trial == TRIAL, "it has not ended yet"


def test_a_power_cut_in_the_trial_brings_the_settings_before_back(
    book: TwinFile, started: Callable[..., list[Config]]
) -> None:
    book.keep(TwinBook(good=GOOD, trial=TRIAL))
    started()
    [config] = started()

    assert config.policy.pin_s != 60
    read = book.read()
    assert (read.status, read.about, read.errors) == ("rolled_back", 2, ("the unit stopped during the trial",))


def test_settings_that_keep_the_unit_from_starting_are_taken_back_at_once(
    book: TwinFile, started: Callable[..., list[Config]]
) -> None:
    book.keep(TwinBook(good=GOOD, trial=TRIAL))

    def run(config: Config, _papers: Membership) -> None:
        if config.policy.pin_s == 60:
            raise Fault("no such camera", part="camera", reason=Reason.CAMERA_FAULT)

    first, second = started(run)
    assert (first.policy.pin_s, second.policy.pin_s == 60) == (60, False)
    assert book.read().errors == ("no such camera",)


def test_a_unit_that_cannot_start_with_good_settings_says_why(
    book: TwinFile, started: Callable[..., list[Config]]
) -> None:
    book.keep(TwinBook(good=GOOD))

    def run(_config: Config, _papers: Membership) -> None:
        raise BadConfig("no key", where="x")

    with pytest.raises(BadConfig, match="no key"):
        started(run)


def test_a_broken_book_is_begun_anew(path: Path, book: TwinFile, started: Callable[..., list[Any]]) -> None:
    (path.parent / "state/fleet-twin.json").write_bytes(b'{"good":')
    assert len(started()) == 1
    assert book.read() == TwinBook()


def test_config_explain_says_who_set_an_option(path: Path, book: TwinFile) -> None:
    book.keep(TwinBook(good=GOOD))

    volume, quiet, device = (origin_of(path, key) for key in ("voice.volume", "voice.quiet", "voice.device"))
    assert (volume.value, volume.by) == (30, f"the unit's own file, {path}")
    assert volume.also == "the fleet, version 1: 90, which the file overrides"
    assert (quiet.value, quiet.by) == (True, "the fleet, version 1")
    assert device.by == "nobody: the default"
    result = CliRunner().invoke(app, ["explain", "voice.quiet", "--config", str(path)])
    assert result.output == "voice.quiet = true: set by the fleet, version 1\n"
