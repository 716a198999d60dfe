"""A broker that is killed, and faults in the middle of the work."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from clinic.changes import Changes
from clinic.config import load_config
from clinic.gateway import Gateway
from clinic.health import Health
from clinic.inquiry import Inquiry
from clinic.line import Say, ServiceLine
from clinic.parts import read_parts
from clinic.services import hear_asks
from clinic.stand_in import StandInService
from clinic.units import Units
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import encode
from device.wire.messages import (
    Begin,
    Challenge,
)
from provisioning.broker import Branch
from provisioning.mosquitto import run_mosquitto
from provisioning.pki import SiteAuthority

if TYPE_CHECKING:
    from tests.clinic.over_broker.conftest import Site

pytestmark = pytest.mark.broker

PATIENCE_S = 10.0
"""A test that waits this long has failed; none waits for time to pass."""

UNIT = UnitId("sim-0001")


def test_a_killed_broker_loses_and_doubles_nothing_that_the_unit_repeats(
    site_at: Callable[..., Site], tmp_path: Path
) -> None:
    today = datetime.now(UTC)
    authority = SiteAuthority.create("site-1", now=today)
    files = authority.write(tmp_path / "pki")
    identity = authority.issue_server(now=today).write(tmp_path / "pki", "broker")

    def broker(port: int | None = None) -> Any:  # noqa: ANN401  the context manager as it comes
        return run_mosquitto(
            tmp_path / "broker", branch=Branch.SIMULATION, authority=files.certificate, identity=identity, port=port
        )

    with ExitStack() as stack:
        with broker() as running:
            site = site_at(running, authority, stack)
            lines = site.open_clinic().lines
            unit = site.unit()
            assert unit.report(unit.result(1)).disposition == "stored"
            os.kill(running.pid, signal.SIGKILL)
        with broker(running.port):
            assert all(line.ready.wait(4 * PATIENCE_S) for line in lines)
            again = site.unit()
            assert again.report(again.result(1)).disposition == "duplicate"
            assert again.report(again.result(2)).disposition == "stored"
            assert [stored["sequence"] for stored in site.results] == [1, 2]
            stack.close()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Fault("the disk is full", part="results", reason=Reason.INTERNAL_FAULT), "fault"),
        (ZeroDivisionError("診療 太郎"), "internal"),
    ],
)
def test_a_fault_costs_one_answer_and_never_the_service(
    site_with_broker: Site, error: Exception, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = site_with_broker
    parts = read_parts(load_config(site.clinic.config), site.clinic.folder)
    assert parts.gateway is not None
    health = Health(Changes())
    service = site.stack.enter_context(StandInService(parts.gateway.people))
    inquiry = Inquiry(
        parts.gateway.policy,
        service,
        keys=parts.gateway.keys,
        consumer_key=parts.gateway.consumer_key,
        signer=parts.gateway.signer,
    )
    gateway = Gateway(inquiry, token=secrets.token_bytes)
    answer = hear_asks(gateway, Units(Changes()), parts.gateway.signer)
    good = threading.Event()

    def stumble_once(unit: UnitId, payload: bytes, now: datetime) -> Say | None:
        if good.is_set():
            return answer(unit, payload, now)
        good.set()
        raise error

    line = ServiceLine(parts.gateway.line, branch=parts.branch, hears={topics.Up.ASK: stumble_once}, health=health)
    site.stack.callback(line.close)
    line.start()
    assert line.ready.wait(PATIENCE_S)
    unit = site.unit()
    begin = Begin(ask_id=unit.ask_id(), reception="a" * 32)
    assert unit.say(topics.up(UNIT, topics.Up.ASK), encode(begin)) == "Success"

    assert isinstance(unit.ask(begin), Challenge)
    assert line.dropped == {kind: 1}
    # A fault is over once the unit was answered; a fault of the program stays on the board.
    assert [(row.source, row.trouble) for row in health.rows()] == ([] if kind == "fault" else [(UNIT, kind)])
    assert "診療" not in caplog.text
