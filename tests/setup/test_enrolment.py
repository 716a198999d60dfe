"""A machine that is no unit yet says what it waits for, and parts may come later than the unit."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device.app.claim_cli import tickets
from device.app.claiming import FleetSaysNo
from device.app.cli import app
from device.app.config import EXAMPLE, PanelSection, VoiceSection
from device.app.enrolment import Enrolment
from device.app.late_parts import open_serving_panel
from device.app.panel_parts import PanelParts
from device.domain.errors import Fault
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.link.claim import ClaimWaits
from device.sim.clock import SimulatedClock
from device.sim.contacts import SimulatedContacts
from device.sim.gpio import SimulatedGpio, SimulatedHeader
from device.sim.panel import RecordingIndicators, RecordingVoice, SimulatedKeypad
from device.wire.phrases import say


def test_a_machine_without_ticket_says_so_now_and_then_and_claims_when_one_comes() -> None:
    clock = SimulatedClock()
    voice, lamps = RecordingVoice(clock), RecordingIndicators(clock)
    found: list[str] = []
    used: list[str] = []
    fleet_answers = False

    def claim(ticket: str, _tell: object) -> None:
        if not fleet_answers:
            raise Fault("no answer within 60 s", part="claim", reason=Reason.BROKER_UNREACHABLE)
        used.append(ticket)

    enrolment = Enrolment(
        find=lambda: found[0] if found else None,
        claim=claim,
        panel=PanelParts(keypad=SimulatedKeypad(clock), indicators=lamps, voice=voice),
        clock=clock,
        language="en",
    )
    for _ in range(45):
        assert not enrolment.look()
        clock.advance(1.0)
    assert [said.text for said in voice.said] == [say(Phrase.WAITING_FOR_CLAIM, "en")] * 2
    found.append("ticket")
    assert not enrolment.look()
    assert voice.said[-1].text == say(Phrase.WAITING_FOR_BROKER, "en")
    fleet_answers = True
    assert enrolment.look()
    assert used == ["ticket"]
    assert voice.said[-1].text == say(Phrase.UNIT_READY, "en")


def test_a_fleet_that_says_no_is_heard_by_voice_and_asked_again_after_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = SimulatedClock()
    voice = RecordingVoice(clock)
    asked: list[float] = []

    def claim(_ticket: str, tell: Callable[[ClaimWaits], None]) -> None:
        asked.append(clock.monotonic_s())
        tell(ClaimWaits("the bench has no functional record of this unit", refused=True))
        raise FleetSaysNo("the fleet says no at step claim: this ticket was used")

    enrolment = Enrolment(
        find=lambda: "ticket",
        claim=claim,
        panel=PanelParts(keypad=SimulatedKeypad(clock), indicators=RecordingIndicators(clock), voice=voice),
        clock=clock,
        language="ja",
    )
    for _ in range(100):
        assert not enrolment.look()
        clock.advance(1.0)
    assert asked == [0.0, 60.0], "a no is not asked for every second"
    assert say(Phrase.CLAIM_REFUSED, "ja") in {said.text for said in voice.said}
    told = [record.message for record in caplog.records]
    assert told[0] == "not claimed yet: the bench has no functional record of this unit"
    assert told[1] == "not claimed yet: the fleet says no at step claim: this ticket was used"


def test_who_is_a_unit_already_is_not_enrolled_again(tmp_path: Path) -> None:
    for name in ("unit.cert.pem", "unit.toml"):
        (tmp_path / name).touch()
    done = CliRunner().invoke(app, ["enrol", "--to", str(tmp_path)])
    assert done.exit_code == 0
    assert "already enrolled" in done.stdout
    for_machines = CliRunner().invoke(app, ["enrol", "--to", str(tmp_path), "--json"])
    assert json.loads(for_machines.stdout) == {"ok": True, "before": True, "config": str(tmp_path / "unit.toml")}


def test_a_machine_with_the_files_of_a_unit_without_a_fleet_is_one_whatever_their_names(tmp_path: Path) -> None:
    (tmp_path / "unit.toml").write_text(EXAMPLE, encoding="utf-8")
    wait = ["enrol", "--to", str(tmp_path), "--panel", "console", "--voice", "", "--seconds", "0.001"]
    assert isinstance(CliRunner().invoke(app, wait).exception, Fault), "its certificate is not there yet"
    (tmp_path / "unit.pem").touch()
    assert "already enrolled" in CliRunner().invoke(app, wait).stdout


def test_a_configuration_with_a_mistake_is_the_readers_to_tell(tmp_path: Path) -> None:
    (tmp_path / "unit.toml").write_text("[unit]\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["enrol", "--to", str(tmp_path)]).exit_code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give itself up")
def test_what_root_claims_belongs_to_the_account_that_the_folder_is_for() -> None:
    account = pwd.getpwnam("daemon")
    script = (
        "import sys, pathlib; from device.drivers.account import become_the_reader as become;"
        "folder = pathlib.Path(sys.argv[1]); become(folder); (folder / 'unit.key.pem').touch(mode=0o600)"
    )
    # Not below pytest's own folders: those are closed to every other account, each in its depth.
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.chown(folder, 0, account.pw_gid)
        folder.chmod(0o770)
        subprocess.run([sys.executable, "-c", script, folder], check=True)
        assert (folder / "unit.key.pem").stat().st_uid == account.pw_uid


def test_without_a_ticket_the_enrolment_gives_up_when_told_to(tmp_path: Path) -> None:
    words = ["enrol", "--to", str(tmp_path), "--panel", "console", "--voice", "", "--seconds", "0.001"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, Fault)
    assert say(Phrase.WAITING_FOR_CLAIM, "ja") in done.stdout


def test_a_ticket_in_the_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "reader.ticket").touch()
    assert tmp_path / "reader.ticket" in tickets(tmp_path)


# --- parts that come later -------------------------------------------------------------------------------------------


@pytest.fixture
def gpio(monkeypatch: pytest.MonkeyPatch) -> SimulatedGpio:
    clock = SimulatedClock()
    header = SimulatedHeader(clock, SimulatedContacts(clock))
    gpio = SimulatedGpio(header)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", gpio)
    return gpio


def test_a_unit_without_its_hat_starts_and_takes_it_when_it_comes(gpio: SimulatedGpio) -> None:
    clock, troubles = SimulatedClock(), dict[str, Fault]()
    gpio.gone = True
    with ExitStack() as stack:
        parts = open_serving_panel(PanelSection(kind="gpio"), VoiceSection(), stack, clock, troubles)
        parts.indicators.show({"ready": True})
        assert parts.keypad.scan().closed == frozenset()
        assert parts.keypad.rest(lambda: None) > 0
        assert parts.keypad.trouble is not None
        assert parts.indicators.trouble is not None
        gpio.gone = False
        clock.advance(10.0)
        parts.keypad.scan()
        assert parts.keypad.trouble is None
        assert parts.indicators.trouble is None
        assert gpio.input(17) == 1, "the lamp that was to be on is on"


def test_a_unit_without_voice_files_starts_and_says_what_it_lacks(gpio: SimulatedGpio, tmp_path: Path) -> None:
    assert not gpio.gone
    with ExitStack() as stack:
        voice = VoiceSection(device="default", files=tmp_path)
        troubles: dict[str, Fault] = {}
        parts = open_serving_panel(PanelSection(kind="gpio"), voice, stack, SimulatedClock(), troubles)
        assert [fault.reason for fault in troubles.values()] == [Reason.VOICE_FAULT]
        assert parts.voice.say(("x",), language="ja") == 0.0
        parts.voice.stop()
