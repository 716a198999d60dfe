"""`uketsuke run` as a technician starts it: a process, a terminal, pcscd, a broker, the clinic side."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

import pytest

from clinic.people import SHIPPED, load_people
from clinic.store_file import read_records
from device.app.demo.site import UNIT, Site, open_site
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from device.sim.pcscd import VIRTUAL_READER, run_pcscd
from device.sim.pn532 import SimulatedPn532
from device.sim.vpcd import VpcdSlot
from device.wire.phrases import say
from device.wire.reasons import entry

PATIENCE_S = 30.0


class Terminal:
    """A unit's process with a terminal of its own."""

    def __init__(self, config: Path, log: Path) -> None:
        self._ours, theirs = pty.openpty()
        with log.open("wb") as words:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "device.app.cli", "-v", "run", "--config", str(config)],
                stdin=theirs,
                stdout=theirs,
                stderr=words,
            )
        os.close(theirs)
        self._seen = ""

    def expect(self, text: str) -> None:
        """Read until `text` was printed since the last expectation."""
        end_s = monotonic() + PATIENCE_S
        while text not in self._seen:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end_s - monotonic()))
            assert ready, f"{text!r} was not printed; this was: {self._seen}"
            self._seen += os.read(self._ours, 4096).decode("utf-8", "replace")
        self._seen = self._seen.partition(text)[2]

    def type_keys(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def authority() -> CardAuthority:
    return CardAuthority()


@pytest.fixture
def site(tmp_path: Path, authority: CardAuthority) -> Iterator[Site]:
    with open_site(tmp_path, card_authority=authority.certificate_pem, people=SHIPPED, now=datetime.now(UTC)) as opened:
        yield opened


@pytest.fixture
def card(authority: CardAuthority) -> SimulatedCard:
    now = datetime.now(UTC)
    not_after = load_people()[1001].certificate_not_after(now)
    credentials = authority.issue(serial=1001, not_before=now - timedelta(days=100), not_after=not_after)
    return SimulatedCard(credentials, front=CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285"))


class Hand(Protocol):
    """Puts cards on a reader and takes them away."""

    def place(self, card: SimulatedCard) -> None: ...

    def lift(self) -> None: ...


class VirtualHand:
    def __init__(self, slot: VpcdSlot) -> None:
        self.place = slot.insert
        self.lift = slot.pull


@pytest.fixture(params=[pytest.param("pcsc", marks=pytest.mark.pcsc), "pn532"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Hand]]:
    """A reader's section in the configuration, and the hand at it: pcscd with vpcd, or a HAT on a serial line."""
    with ExitStack() as stack:
        if request.param == "pn532":
            hat = stack.enter_context(SimulatedPn532(tmp_path))
            yield f'reader = "pn532"\nbus = "uart:{hat.device}"', hat
        else:
            stack.enter_context(run_pcscd())
            slot = VpcdSlot()
            stack.callback(slot.close)
            yield f'name = "{VIRTUAL_READER}"', VirtualHand(slot)


@pytest.fixture
def config(tmp_path: Path, site: Site, reader: tuple[str, Hand]) -> Path:
    path = tmp_path / "unit.toml"
    path.write_text(
        f"""
[unit]
name = "{UNIT}"
state = "state"

[broker]
host = "127.0.0.1"
port = {site.broker.port}
authority = "{site.tls.authority}"
certificate = "{site.tls.certificate}"
key = "{site.tls.key}"

[clinic]
sealing_key = "clinic.public.jwk"

[card]
{reader[0]}
""",
        encoding="utf-8",
    )
    return path


@pytest.mark.broker
def test_a_visit_by_pin_at_a_terminal_with_reader_broker_and_clinic(
    config: Path, reader: tuple[str, Hand], site: Site, card: SimulatedCard, tmp_path: Path
) -> None:
    _, hand = reader
    with closing(Terminal(config, tmp_path / "unit.log")) as unit:
        unit.expect("lamps: ready")
        hand.place(card)
        unit.expect(say(Phrase.ENTER_PIN, "ja", tries_left=3))
        unit.type_keys("1234#")
        items = (ConsentItem.MEDICATION, ConsentItem.DIAGNOSIS, ConsentItem.CHECKUP)
        unit.expect(say(Phrase.ASK_CONSENT, "ja", items=items))
        unit.type_keys("#")
        unit.expect(entry(Reason.QUALIFIED).patient.ja)
        hand.lift()
        unit.expect("lamps: ready")
        unit.process.send_signal(signal.SIGTERM)
        assert unit.process.wait(PATIENCE_S) == 0
    (result,) = [json.loads(record) for record in read_records(site.results)]
    assert result["reason"] == "qualified"
    assert result["assurance"] == "pin_signature"
    assert result["simulated"] is True
    logged = (tmp_path / "unit.log").read_text(encoding="utf-8")
    assert "1234" not in logged
    assert "診療" not in logged
