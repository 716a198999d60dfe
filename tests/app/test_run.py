"""`uketsuke run` as a technician starts it: a process, a terminal, a reader, a broker, the clinic side."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clinic.people import load_people
from clinic.store_file import read_records
from device.app.demo.site import Site
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from device.wire.phrases import say
from device.wire.reasons import entry

if TYPE_CHECKING:
    from tests.app.conftest import Hand, Terminal

PATIENCE_S = 30.0


@pytest.fixture
def card(card_authority: CardAuthority) -> SimulatedCard:
    now = datetime.now(UTC)
    not_after = load_people()[1001].certificate_not_after(now)
    credentials = card_authority.issue(serial=1001, not_before=now - timedelta(days=100), not_after=not_after)
    return SimulatedCard(credentials, front=CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285"))


@pytest.mark.broker
def test_a_visit_by_pin_at_a_terminal_with_reader_broker_and_clinic(
    write_config: Callable[..., Path],
    start_unit: Callable[..., Terminal],
    reader: tuple[str, Hand],
    site: Site,
    card: SimulatedCard,
    tmp_path: Path,
) -> None:
    _, hand = reader
    unit = start_unit(write_config())
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
