"""A part fails, is told of once, and comes back by itself within its time; what does not come back calls for people."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from device.app.assets.place import MODELS_DIR
from device.app.care import CARES, care_for
from device.app.health_report import health_of
from device.app.journal_events import ATTRIBUTE, Event
from device.app.part_versions import versions_of
from device.app.upkeep import Upkeep
from device.app.world import World
from device.domain.certificate_window import JAPAN
from device.domain.errors import Fault
from device.domain.finding import FindingCode
from device.domain.prompts import Cue, Phrase
from device.domain.reasons import Reason
from device.ports.machine import Volume
from device.sim.card import SimulatedCard
from device.sim.machine import SimulatedMachine
from device.wire.codec import decode, encode
from device.wire.findings import Checkup
from device.wire.fleet import Health
from device.wire.phrases import say
from provisioning.pki import SiteAuthority

MakeCard = Callable[..., SimulatedCard]
Build = Callable[..., World]
LATER_S = 20.0
OFTEN_S = 0.05
"""Keys are looked at no less often."""


def heard(caplog: pytest.LogCaptureFixture, event: Event) -> list[str]:
    return [record.getMessage() for record in caplog.records if getattr(record, ATTRIBUTE, None) is event]


def take_broker_away(world: World) -> None:
    world.broker.stop()


def bring_broker_back(world: World) -> None:
    world.broker.start()


def pull_reader(world: World) -> None:
    world.reader.break_down()


def plug_reader_in(world: World) -> None:
    world.reader.repair()


def silence(world: World) -> None:
    world.voice.trouble = Fault("no such device", part="voice", reason=Reason.VOICE_FAULT)


def sound(world: World) -> None:
    world.voice.trouble = None


def take_lamps(world: World) -> None:
    world.indicators.trouble = Fault("no chip", part="panel", reason=Reason.PANEL_FAULT)


def give_lamps(world: World) -> None:
    world.indicators.trouble = None


def jam(world: World) -> None:
    world.keypad.jam("5")


def free(world: World) -> None:
    world.keypad.free("5")


def fill_disk(world: World) -> None:
    world.machine.disk = Volume(1 << 34, 1 << 20, read_only=False)


def lock_disk(world: World) -> None:
    world.machine.disk = Volume(1 << 34, 1 << 33, read_only=True)


def clear_disk(world: World) -> None:
    world.machine.disk = Volume(1 << 34, 1 << 33, read_only=False)


TROUBLES: list[tuple[str, Callable[[World], None], Callable[[World], None]]] = [
    ("reader", pull_reader, plug_reader_in),
    ("line", take_broker_away, bring_broker_back),
    ("voice", silence, sound),
    ("indicators", take_lamps, give_lamps),
    ("keypad", jam, free),
    ("disk", fill_disk, clear_disk),
    ("disk", lock_disk, clear_disk),
]


@pytest.fixture
def waiting(build_world: Build) -> World:
    """A unit without camera that has stood there for a while."""
    world = build_world(face=None)
    world.pass_time(10.0)
    return world


def live(world: World, seconds: float, *, step_s: float = 0.5) -> None:
    """Let time pass with somebody looking at keys and reader all the while, as the unit's threads do."""
    for _ in range(round(seconds / step_s)):
        world.pass_time(step_s)


@pytest.mark.parametrize(("part", "fail", "mend"), TROUBLES)
def test_a_part_that_fails_is_told_once_and_is_back_within_its_time(
    waiting: World,
    part: str,
    fail: Callable[[World], None],
    mend: Callable[[World], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    fail(waiting)
    live(waiting, LATER_S, step_s=OFTEN_S)
    assert [trouble.part for trouble in waiting.unit.health.parts] == [part]
    assert len(heard(caplog, Event.PART_FAILED)) == 1
    mend(waiting)
    back_s = care_for(part).back_s
    assert back_s is not None
    live(waiting, back_s, step_s=OFTEN_S)
    assert waiting.unit.health.troubles == ()
    assert len(heard(caplog, Event.PART_FAILED)) == 1
    assert len(heard(caplog, Event.PART_RECOVERED)) == 1


def test_what_does_not_come_back_by_itself_calls_for_somebody_once_and_says_for_what(
    waiting: World, caplog: pytest.LogCaptureFixture
) -> None:
    waiting.reader.break_down()
    live(waiting, care_for("reader").person_after_s - 2)
    assert heard(caplog, Event.PART_NEEDS_PERSON) == []
    live(waiting, 300)
    (words,) = heard(caplog, Event.PART_NEEDS_PERSON)
    assert "plug the reader's cable in again" in words
    (trouble,) = waiting.unit.health.parts
    assert waiting.unit.upkeep.needs_person(trouble)


def test_without_a_reader_lamp_and_voice_send_people_to_the_desk_until_it_is_back(waiting: World) -> None:
    waiting.reader.break_down()
    live(waiting, 3)
    assert waiting.has_said(Reason.READER_FAULT)
    assert waiting.unit.panel.telling()[0] is Cue.STAFF
    said = len(waiting.voice.said)
    live(waiting, 300)
    assert len(waiting.voice.said) == said, "once is enough for a waiting room"
    waiting.reader.repair()
    live(waiting, 3)
    assert waiting.unit.panel.telling()[0] is Cue.IDLE


def test_a_unit_that_is_put_up_says_what_it_waits_for_and_that_it_is_ready(build_world: Build) -> None:
    world = build_world(face=None)
    world.reader.break_down()
    world.broker.stop()
    live(world, 6)
    assert world.has_said(Phrase.WAITING_FOR_READER)
    assert world.unit.panel.telling()[0] is Cue.WAIT
    world.reader.repair()
    live(world, 40)
    assert world.has_said(Phrase.WAITING_FOR_BROKER)
    world.machine.files["/sys/class/net/eth0/carrier"] = "0"
    live(world, 40)
    assert world.has_said(Phrase.WAITING_FOR_CABLE)
    assert not world.has_said(Phrase.UNIT_READY)
    world.machine.files["/sys/class/net/eth0/carrier"] = "1"
    world.broker.start()
    live(world, 40)
    assert world.has_said(Phrase.UNIT_READY)
    assert world.unit.panel.telling()[0] is Cue.IDLE


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_unit_whose_camera_is_not_there_yet_says_so_by_voice_and_lamp(build_world: Build, language: str) -> None:
    fault = Fault("no such device", part="camera", reason=Reason.CAMERA_FAULT)
    world = build_world(face=None, troubles={"camera": fault}, language=language)
    live(world, 6)
    assert world.voice.said[-1].text == say(Phrase.WAITING_FOR_CAMERA, language)
    assert world.unit.panel.telling()[0] is Cue.WAIT
    seen = []
    for _ in range(30):
        world.pass_time(0.1)
        seen.append("ready" in world.indicators.levels)
    assert True in seen, "the lamp beats"
    assert False in seen
    world.unit.health.report("camera", None)
    live(world, 40)
    assert world.voice.said[-1].text == say(Phrase.UNIT_READY, language)
    assert world.unit.panel.telling()[0] is Cue.IDLE


def test_a_unit_that_wakes_up_years_ago_waits_for_the_time_and_not_for_the_broker(build_world: Build) -> None:
    world = build_world(face=None)
    world.clock.doubt()
    world.clock.set_wrong_by(-timedelta(days=4000))
    world.broker.stop()
    live(world, 6)
    assert world.has_said(Phrase.WAITING_FOR_TIME)
    assert not world.has_said(Phrase.WAITING_FOR_BROKER)
    world.clock.set_wrong_by(timedelta())
    live(world, 40)
    assert world.has_said(Phrase.WAITING_FOR_BROKER)


def test_a_unit_that_starts_well_says_nothing(waiting: World) -> None:
    assert list(waiting.voice.said) == []
    assert waiting.unit.panel.telling()[0] is Cue.IDLE


def test_a_clock_that_jumps_is_told_of_once_and_the_unit_serves_on(
    waiting: World, make_card: MakeCard, caplog: pytest.LogCaptureFixture
) -> None:
    waiting.clock.set_wrong_by(timedelta(hours=9))
    live(waiting, 10)
    assert len(heard(caplog, Event.CLOCK_JUMPED)) == 1
    waiting.clock.set_wrong_by(timedelta())
    live(waiting, 10)
    assert len(heard(caplog, Event.CLOCK_JUMPED)) == 2
    waiting.place(make_card(1001))
    waiting.type_keys("1234#")
    waiting.type_keys("#")
    assert waiting.has_ended_with(Reason.QUALIFIED)


def test_a_clock_that_nobody_has_set_is_waited_for_and_then_said(build_world: Build) -> None:
    world = build_world(face=None)
    world.clock.doubt()
    live(world, 60)
    assert not world.unit.health.troubles
    live(world, 100)
    assert [trouble.reason for trouble in world.unit.health.parts] == [Reason.CLOCK_DOUBTFUL]


def test_a_result_that_a_full_disk_refused_is_told_and_the_outbox_is_well_when_there_is_room(
    waiting: World, make_card: MakeCard
) -> None:
    waiting.outbox.break_down("the disk is full")
    fill_disk(waiting)
    waiting.place(make_card(1001))
    waiting.type_keys("1234#")
    waiting.type_keys("#")
    live(waiting, 12)
    assert {trouble.part for trouble in waiting.unit.health.parts} == {"outbox", "disk"}
    waiting.lift()
    waiting.outbox.repair()
    clear_disk(waiting)
    live(waiting, 12)
    assert waiting.unit.health.parts == ()


def test_every_part_says_what_works_without_it_and_who_has_to_look() -> None:
    assert len({care.part for care in CARES}) == len(CARES)
    for care in CARES:
        assert "reboot" not in care.person.en
        assert "再起動" not in care.person.ja
        assert care.back_s is None or care.back_s < care.person_after_s


def test_a_part_that_nobody_knows_calls_for_somebody_at_once(build_world: Build) -> None:
    fault = Fault("smoke", part="toaster", reason=Reason.INTERNAL_FAULT)
    world = build_world(face=None, troubles={"toaster": fault})
    (trouble,) = world.unit.health.parts
    assert world.unit.upkeep.needs_person(trouble)


def test_each_morning_the_unit_examines_itself_while_nobody_is_here(
    waiting: World, caplog: pytest.LogCaptureFixture
) -> None:
    days: list[datetime] = []

    def examine() -> Checkup:
        days.append(waiting.clock.utc_now().astimezone(JAPAN))
        return Checkup(at=days[-1], severity="warning", codes=[FindingCode.TOO_HOT.value], checks=34)

    unit = waiting.unit
    upkeep = Upkeep(
        health=unit.health,
        clock=waiting.clock,
        panel=unit.panel,
        mailbox=unit.mailbox,
        tries={},
        morning="07:00",
        examine=examine,
    )
    for _ in range(3 * 24 * 12):
        waiting.clock.advance(300.0)
        upkeep.look()
    assert len({day.date() for day in days}) == len(days) >= 3
    assert all(day.time() >= time(7) for day in days)
    assert all(day.time() < time(7, 10) for day in days[1:])
    assert upkeep.checkup is not None
    assert len(heard(caplog, Event.DOCTOR_FOUND)) == len(days)


def test_the_fleet_is_told_how_the_unit_is_what_it_found_and_what_it_is_made_of(
    build_world: Build, authority: SiteAuthority
) -> None:
    world = build_world(face=None)
    world.reader.break_down()
    world.pass_time(2.0)
    world.unit.upkeep.checkup = Checkup(at=world.clock.utc_now(), severity="notice", codes=[], checks=34)
    told = health_of(world.unit, certificate=authority.certificate, twin_version=3)

    assert told.troubles == [Reason.READER_FAULT]
    assert told.checkup == world.unit.upkeep.checkup
    assert told.parts["reader"] == world.reader.name
    assert (told.disk_free_mb, told.memory_free_mb, told.temperature_c) == (20 * 1024, 3027, 48.312)
    assert decode(encode(told), Health) == told


def test_a_machine_says_what_it_is_made_of() -> None:
    machine = SimulatedMachine()
    machine.files |= {
        "/etc/os-release": 'ID=raspbian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
        "/proc/sys/kernel/osrelease": "6.12.34+rpt-rpi-v8",
    }
    told = versions_of(machine, MODELS_DIR)

    assert (told["system"], told["kernel"]) == ("Debian GNU/Linux 12 (bookworm)", "6.12.34+rpt-rpi-v8")
    assert told["embedder"].startswith("SFace")
    assert "board" not in told, "it does not say"
    assert "embedder" not in versions_of(machine, Path("/nowhere"))
