"""The examination of a unit that runs: by itself, each morning, or by somebody who asks it through its socket."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from device.app.config import Config
from device.app.doctor.by_config import fitting, go_to_broker, openers_of
from device.app.doctor.case import Case
from device.app.doctor.live import LiveSenses
from device.app.doctor.opened import OpenedSenses, look_into
from device.app.doctor.report import findings_of
from device.app.doctor.rounds import examine
from device.app.snapshot import Snapshot
from device.domain.errors import Fault
from device.drivers.system import SystemClock
from device.ports.machine import Machine
from device.wire.findings import Checkup, summary

if TYPE_CHECKING:
    from device.app.unit import Unit


def examine_running(config: Config, machine: Machine, unit: Unit) -> Checkup:
    """Examine a unit from within."""
    parts = unit.parts
    senses = LiveSenses(
        {one.part: one.as_fault() for one in unit.health.parts},
        readers=partial(fitting, parts.reader),
        outbox=lambda: look_into(parts.outbox),
        way=partial(go_to_broker, config, log_in=False),
    )
    case = Case(
        file=None,
        config=config,
        clock=parts.clock,
        machine=machine,
        parts=senses,
        account=os.geteuid(),
        process=os.getpid(),
    )
    told = examine(case)
    return summary(findings_of(told), checks=len(told), at=parts.clock.utc_now())


def senses_by(snapshot: Snapshot, config: Config) -> LiveSenses:
    """Return senses for a unit that has told how it is."""
    faults = {
        one.part: Fault(one.why or str(one.reason), part=one.part, reason=one.reason, finding=one.finding)
        for one in snapshot.troubles
    }
    return LiveSenses(
        faults,
        outbox=OpenedSenses(openers_of(config, SystemClock())).outbox,
        way=partial(go_to_broker, config, log_in=False),
    )
