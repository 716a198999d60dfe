"""Builds the unit that a configuration describes. The only place that picks drivers; it reads like a parts list."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from device.app.card_trust import load_trust
from device.app.config import Config
from device.app.credentials import handed_over, with_credential
from device.app.doctor.running import examine_running
from device.app.face_parts import open_face
from device.app.fleet_agent import FleetAgent
from device.app.identity_files import load_authority, load_clinic_key, load_signer
from device.app.key_parts import tls_files
from device.app.late_outbox import LateOutbox
from device.app.late_parts import open_serving_panel
from device.app.logs import log_to_journal
from device.app.mailbox import Observer
from device.app.part_versions import versions_of
from device.app.reader_parts import open_reader
from device.app.snapshot import encode
from device.app.unit import Identity, Parts, Unit
from device.app.unit_socket import socket_path
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.values import SIMULATED_UNIT_PREFIX
from device.drivers import memory
from device.drivers.lockdown import leave_no_memory_image
from device.drivers.machine import LinuxMachine
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.drivers.sdnotify import find_supervisor
from device.drivers.status_socket import StatusSocket
from device.drivers.system import SystemClock, SystemEntropy
from device.drivers.tally_file import TallyFile
from device.ports.card import CardReader


def run_unit(config: Config, *, join_fleet: Callable[[Unit], FleetAgent] | None = None) -> None:
    """Serve visitors until SIGTERM or Ctrl-C. Raise BadConfig or Fault when the unit cannot start."""
    config = with_credential(config, handed_over(os.environ))
    leave_no_memory_image()
    with ExitStack() as stack:
        if (journal := log_to_journal(os.environ, config.unit.name)) is not None:
            stack.callback(journal.close)
        unit = open_unit(config, stack, join_fleet=join_fleet)
        stack.enter_context(StatusSocket(socket_path(config), lambda: encode(unit.snapshot())))
        if config.upkeep.metrics_port:
            stack.callback(open_metrics(config.upkeep.metrics_port, unit))
        memory.settle()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: unit.stop())
        fallen: list[str] = []

        def bring_down(what: threading.ExceptHookArgs) -> None:
            # A unit with a dead thread would look alive and be deaf; whoever started it starts it again.
            fallen.append(f"{what.thread.name if what.thread else 'a thread'}: {what.exc_type.__name__}")
            unit.stop()

        threading.excepthook = bring_down
        supervisor = find_supervisor(os.environ, SystemClock())
        stack.callback(supervisor.stopping)
        unit.run(supervisor.alive)
    if fallen:
        raise Fault(f"the unit stopped: {fallen[0]}", part="unit", reason=Reason.INTERNAL_FAULT)


def open_unit(
    config: Config,
    stack: ExitStack,
    *,
    join_fleet: Callable[[Unit], FleetAgent] | None = None,
    observe: Observer | None = None,
    through: Callable[[CardReader], CardReader] = lambda reader: reader,
) -> Unit:
    """Build the unit; `stack` closes its parts in reverse order. It has what `through` makes of its reader."""
    clock = SystemClock()
    simulated = config.unit_id.startswith(SIMULATED_UNIT_PREFIX)
    files = tls_files(config)
    address = BrokerAddress(config.broker.host, config.broker.port)
    machine = LinuxMachine()
    troubles: dict[str, Fault] = {}
    panel = open_serving_panel(config.panel, config.voice, stack, clock, troubles)
    face = open_face(config, stack, clock, troubles)
    outbox = stack.enter_context(LateOutbox(config, clock, troubles.__setitem__))
    parts = Parts(
        clock=clock,
        entropy=SystemEntropy(),
        reader=through(open_reader(config, stack, simulated=simulated)),
        institution=None,
        trust=load_trust(config.card, simulated=simulated, face_alone_counts=config.policy.accept_face_only),
        portrait_floor=config.card.portrait_floor,
        face=face.parts,
        keypad=panel.keypad,
        indicators=panel.indicators,
        voice=panel.voice,
        display=panel.display,
        quiet=config.voice.quiet,
        open_line=lambda will: PahoLine(address, config.unit_id, files, will=will),
        outbox=outbox,
        signer=load_signer(config),
        authority=load_authority(config.broker.authority),
        clinic_key=load_clinic_key(config.clinic.sealing_key),
        sweep=memory.sweep,
        machine=machine,
        state=config.unit.state,
        morning=config.upkeep.morning,
        examine=partial(examine_running, config, machine),
        versions=versions_of(machine, config.models_dir, embedder=config.face.embedder or None),
        passcodes=config.attendants.passcodes,
        refusals=TallyFile(config.unit.state / "passcodes-refused"),
        join_fleet=join_fleet,
    )
    if not memory.is_overwritten():
        troubles["memory"] = Fault(
            "this system's allocator does not overwrite what is freed", part="memory", reason=Reason.PROTECTION_MISSING
        )
    identity = Identity(name=config.unit_id, language=config.unit.language, simulated=simulated)
    policy = config.policy.policy(face_available=face.parts is not None)
    unit = Unit(parts, identity, policy=policy, troubles=troubles, observe=observe)
    face.tell(unit.health)
    outbox.tell(unit.health.report_fault)
    return unit


def open_metrics(port: int, unit: Unit) -> Callable[[], None]:
    """Answer Prometheus; return what ends that. Raise BadConfig."""
    from device.app.metrics import serve_metrics  # noqa: PLC0415  loaded only where it is wanted

    return serve_metrics(port, unit.snapshot)
