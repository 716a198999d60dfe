"""What is wrong with the way to the broker and with the time is called by its name, and nothing else is found."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from device.domain.finding import FindingCode as Code

if TYPE_CHECKING:
    from tests.doctor.conftest import Patient

pytestmark = pytest.mark.broker
Change = Callable[["Patient"], object]


def knock_where_nobody_is(patient: Patient) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    server.close()
    patient.set_up("broker", port=port)


def set_clock_back(patient: Patient) -> None:
    patient.clock.doubt()
    patient.clock.set_wrong_by(-timedelta(days=4000))


def doubt_clock_without_service(patient: Patient) -> None:
    patient.clock.doubt()
    del patient.machine.files["/run/systemd/timesync/synchronized"]


FAULTS: list[tuple[str, Change, set[Code]]] = [
    ("a broker whose name nobody knows", lambda p: p.set_up("broker", host="broker.invalid"), {Code.BROKER_NAME}),
    ("a broker that is switched off", knock_where_nobody_is, {Code.BROKER_ABSENT}),
    ("a clock in the past", set_clock_back, {Code.CLOCK_PAST}),
    ("a clock that nobody has set yet", lambda p: p.clock.doubt(), {Code.CLOCK_DOUBTFUL}),
    ("a machine without time service", doubt_clock_without_service, {Code.NO_TIME_SERVICE}),
]


@pytest.mark.parametrize(("fault", "codes"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS])
def test_line_and_time_are_told_apart(patient: Patient, fault: Change, codes: set[Code]) -> None:
    fault(patient)
    assert patient.findings() == codes
