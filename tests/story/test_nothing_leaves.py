"""Canaries are planted in a visit; then everything that leaves the unit is searched for them."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from clinic.people import load_people
from device.app.metrics import UnitCollector
from device.app.snapshot import encode
from device.app.watch_view import view
from device.app.world import World
from device.domain.reasons import Reason
from device.ports.line import Line
from device.sim.card import SimulatedCard
from device.sim.line import MemoryBroker
from device.sim.portrait import Photo

MakeCard = Callable[..., SimulatedCard]
PIN, WRONG_PIN = "1234", "8146"
"""The first is what the stories' cards take."""


class Tap:
    """A line that notes what is said on it."""

    def __init__(self, line: Line, noted: list[tuple[str, bytes]]) -> None:
        self._line = line
        self._noted = noted
        self.connect = line.connect
        self.subscribe = line.subscribe
        self.close = line.close

    def publish(self, topic: str, payload: bytes, *, expiry_s: int, retain: bool = False) -> None:
        self._noted.append((topic, payload))
        self._line.publish(topic, payload, expiry_s=expiry_s, retain=retain)


@pytest.fixture
def said(broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """What the unit says on its line."""
    noted: list[tuple[str, bytes]] = []
    open_line = broker.line
    monkeypatch.setattr(broker, "line", lambda name, will: _tapped(open_line(name, will), noted))
    return noted


def _tapped(line: Line, noted: list[tuple[str, bytes]]) -> Tap:
    return Tap(line, noted)


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """Everything that is logged, however quietly, with all that records carry."""
    text = StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(Everything())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


class Everything(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return repr(record.__dict__) + super().format(record)


def in_clear(payload: bytes) -> str:
    """Return a message with the parts of its JWS opened; what is sealed to the clinic stays sealed."""
    text = payload.decode()
    for part in re.findall(r"[A-Za-z0-9_-]{40,}", text):
        opened = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        text += opened.decode("utf-8", "replace")
    return text


def test_no_canary_is_in_logs_metrics_status_or_the_clear_of_the_line(
    build_world: Callable[..., World],
    make_card: MakeCard,
    photo: Callable[[str], Photo],
    said: list[tuple[str, bytes]],
    logged: StringIO,
) -> None:
    world = build_world()
    card = make_card(1001, portrait=photo("obama"))
    number = card.reference_number()
    assert number is not None
    digits = bytes(number.reveal()).decode()
    person = load_people()[1001]
    record = dict(person.results[0])
    canaries = {
        "PIN": PIN,
        "wrong PIN": WRONG_PIN,
        "照合番号B": digits,
        "name": str(person.name),
        "kana": str(record["NameKana"]),
        "address": str(record["Address"]),
        "insured number": str(record["InsuredIdentificationNumber"]),
        "birth date": "19740402",
    }

    world.show(photo("biden"))
    world.place(card)
    assert world.has_said(Reason.FACE_MISMATCH), "the portrait was opened with the number"
    for keys in (f"{WRONG_PIN}#", f"{PIN}#", "#"):
        world.type_keys(keys)
    assert world.has_said(Reason.PIN_WRONG, tries_left=2)
    assert world.has_ended_with(Reason.QUALIFIED), "both were sent to the card, and the clinic has its answer"
    told: dict[str, str] = {"watch before": shown(world)}
    world.pass_time(30)
    world.lift()
    world.reader.break_down()
    world.pass_time(120)

    assert said, "the tap is on the line"
    assert "a visit ended" in logged.getvalue()
    told |= {
        "log": logged.getvalue(),
        "line": "\n".join(f"{topic} {in_clear(payload)}" for topic, payload in said),
        "status": encode(world.unit.snapshot()).decode(),
        "watch": shown(world),
        "metrics": repr([list(metric.samples) for metric in metrics(world)]),
    }
    for where, text in told.items():
        for name, canary in canaries.items():
            found = places(canary, text)
            assert found == [], f"{name} is in the {where}"


def places(canary: str, text: str) -> list[str]:
    """Return where it stands alone: a number of four digits is a part of something in every long text."""
    return re.findall(rf".{{0,60}}(?<![0-9A-Za-z_+/=.-]){re.escape(canary)}(?![0-9A-Za-z_+/=.-])", text)


def test_the_search_finds_what_it_looks_for() -> None:
    assert places(PIN, f"typed {PIN}#") == [f"typed {PIN}"]


def shown(world: World) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(view(world.unit.snapshot()))
    return capture.get()


def metrics(world: World) -> list[Any]:
    return list(UnitCollector(world.unit.snapshot).collect())
