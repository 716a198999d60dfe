"""The unit's own machine, as far as any Linux machine is one: what it cannot say it says so."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.cards import CardBox
from hw.cli import NobodyThere
from hw.contract.asking import Answer, ask
from hw.contract.suites import SUITES, Suite
from hw.errors import CannotMeasure
from hw.rig.by_hand import HandRig
from hw.unit.local import LocalUnit
from hw.unit.sntp import offset_s

CONFIG = """\
[unit]
name = "sim-bench"
state = "{state}"

[broker]
host = "127.0.0.1"
port = 1
authority = "none.pem"
certificate = "none.pem"
key = "none.pem"

[clinic]
sealing_key = "none.jwk"
"""


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[LocalUnit]:
    path = tmp_path / "unit.toml"
    path.write_text(CONFIG.format(state=tmp_path), encoding="utf-8")
    with LocalUnit(path) as unit:
        yield unit


def test_it_says_what_it_is(unit: LocalUnit) -> None:
    facts = unit.facts()
    assert facts.serial == "sim-bench"
    assert facts.simulated
    assert facts.started
    assert unit.facts() == facts


def test_a_console_has_no_keys_to_measure(unit: LocalUnit) -> None:
    for part in ("keypad", "indicators", "voice"):
        with pytest.raises(CannotMeasure, match="console"):
            getattr(unit, part)
    with pytest.raises(CannotMeasure, match="names no camera"):
        _ = unit.camera


def test_what_this_machine_cannot_say_is_not_measured(unit: LocalUnit) -> None:
    with pytest.raises(CannotMeasure, match="nothing hangs"):
        unit.system.watchdog_bite_s()
    with pytest.raises(CannotMeasure, match="time_server"):
        unit.system.clock_offset_s()
    with pytest.raises(CannotMeasure):
        unit.system.power_flags()


def test_writes_are_timed_where_the_outbox_lies(unit: LocalUnit) -> None:
    assert all(ms >= 0 for ms in unit.system.fsync_ms(3))


@contextlib.contextmanager
def time_server(ahead_s: float, *, stratum: int = 2) -> Iterator[int]:
    """A server that claims to be so far ahead of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))

        def answer() -> None:
            _, whom = line.recvfrom(512)
            now = time.time() + 2_208_988_800 + ahead_s
            stamp = (int(now), int(now % 1 * 2**32))
            line.sendto(struct.pack("!BBBb11I", 0x24, stratum, 0, 0, *([0] * 7), *stamp, *stamp), whom)

        thread = threading.Thread(target=answer)
        thread.start()
        yield line.getsockname()[1]
        thread.join()


def test_the_clock_is_compared_with_a_time_server() -> None:
    with time_server(ahead_s=100.0) as port:
        assert offset_s("127.0.0.1", port) == pytest.approx(-100.0, abs=1.0)


def test_a_server_that_does_not_know_the_time_is_not_believed() -> None:
    with time_server(ahead_s=0.0, stratum=16) as port, pytest.raises(CannotMeasure, match="does not know the time"):
        offset_s("127.0.0.1", port)


@pytest.mark.parametrize("suite", [suite for suite in SUITES if suite.name in {"line", "key"}], ids=lambda it: it.name)
def test_the_drivers_of_this_machine_keep_what_is_promised_of_them(
    unit: LocalUnit, tmp_path: Path, suite: Suite
) -> None:
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    sentences = ask(suite, unit, HandRig(NobodyThere()), CardBox(()))
    assert [each for each in sentences if each.answer is Answer.BROKEN] == []
    assert sum(each.answer is Answer.KEPT for each in sentences) >= 8
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept, (
        "nothing of the unit's own was touched"
    )
