"""The load test measures what it says, small here: how much a machine bears is asked of the command."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.fleet.load import packets
from provisioning.fleet.load.phases import Measured
from provisioning.fleet.load.report import draw, reached, words
from provisioning.fleet.load.run import Load, run


@pytest.mark.broker
def test_every_phase_deals_with_everybody(tmp_path: Path) -> None:
    load = Load(units=8, claims=5, storm=8, storm_claims=2, jitter_s=0.3, every_s=0.4, seconds=1.0, flood=40, revoke=3)
    told: list[str] = []
    found = {one.name: one for one in run(load, tmp_path / "fleet", tell=lambda one: told.append(one.name))}

    assert told == ["claims", "connect", "heartbeats", "flood", "storm", "revoke"]
    assert [one.failures for one in found.values()] == [[]] * 6
    assert found["claims"].figures["failed"] == 0
    assert found["heartbeats"].figures["dealt_with"] == found["heartbeats"].figures["sent"]
    assert found["flood"].figures["dealt_with"] == 40
    assert found["storm"].figures["came_back"] == 8
    draw(list(found.values()), tmp_path / "load.svg")
    timed = [one for one in found.values() if one.times_s]
    assert (tmp_path / "load.svg").read_text().count('id="axes_') == len(timed) == 5


def test_an_aim_is_judged_by_enough_units_only() -> None:
    figures = {"units": 200.0, "took_s": 4.0, "failed": 0.0}
    assert reached(Measured("claims", figures)) is False
    assert reached(Measured("claims", figures | {"took_s": 2.9})) is True
    assert reached(Measured("claims", figures | {"units": 20.0})) is None
    assert "NOT reached" in words(Measured("claims", figures))


@given(
    st.lists(st.tuples(st.text(max_size=40), st.binary(max_size=300), st.integers(1, 65_535)), max_size=5), st.data()
)
def test_packets_are_whole_however_they_are_cut(said: list[tuple[str, bytes, int]], data: st.DataObject) -> None:
    sent = b"".join(packets.publish(number, topic, payload, expiry_s=9) for topic, payload, number in said)
    buffer, heard = bytearray(), []
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        buffer += sent[:size]
        sent = sent[size:]
        while (packet := packets.first_packet(buffer)) is not None:
            heard.append(packets.published(packet))
    assert heard == [(topic, number, payload) for topic, payload, number in said]
