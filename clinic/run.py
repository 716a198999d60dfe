"""Opens a clinic side: store, lines, and what works in the background."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from clinic.again import AskAgain
from clinic.changes import Change, Changes, Subject
from clinic.desk import Desk
from clinic.disaster import DisasterSwitch
from clinic.enquiries import Enquiries
from clinic.follow import Follower
from clinic.gateway import Gateway
from clinic.health import Health, Trouble
from clinic.housekeeping import EVERY_S, Housekeeping
from clinic.inquiry import Inquiry
from clinic.intake import Consumer
from clinic.line import ServiceLine
from clinic.parts import ClinicParts, ConsumerParts, GatewayParts
from clinic.pending import PendingStore
from clinic.receipt_files import FOLLOWER
from clinic.services import hear_asks, hear_results, hear_status
from clinic.stand_in import StandInService
from clinic.store import Store
from clinic.ticker import Ticker
from clinic.units import Units
from device.wire import topics

ASK_AGAIN_S = 10.0
MODE_S = 10.0
"""How late a screen may learn that the disaster mode ran out."""

GATEWAY_WORKERS = 8
"""Units whose asks wait for the national service at the same time: a slow answer to one holds up no other."""


@dataclass(frozen=True, slots=True)
class OpenClinic:
    """The clinic side, open: what it hears on, and what a page shows."""

    lines: tuple[ServiceLine, ...]
    health: Health
    desk: Desk | None
    """None where the consumer runs elsewhere."""
    store: Store | None
    """As above."""


@contextmanager
def open_clinic(parts: ClinicParts) -> Iterator[OpenClinic]:
    """Open the store, start what works in the background, make the lines (not started); close all on leaving.

    Raise BadConfig when store or stand-in cannot be used. A gateway that runs beside a consumer keeps visits that the
    service could not answer; one that runs alone has no store, and refuses them.
    """
    changes = Changes()
    health, units = Health(changes), Units(changes)
    with ExitStack() as opened:
        store = None if parts.consumer is None else opened.enter_context(Store(parts.consumer.store, changes=changes))
        lines, desk, enquiries = [], None, None
        if (gateway := parts.gateway) is not None:
            service = opened.enter_context(StandInService(gateway.people, path=gateway.stand_in))
            inquiry = _inquiry(gateway, service)
            later = None if store is None else PendingStore(store)
            answers = Gateway(inquiry, token=secrets.token_bytes, later=later, health=health)
            hears = {topics.Up.ASK: hear_asks(answers, units, gateway.signer)}
            line = ServiceLine(gateway.line, branch=parts.branch, hears=hears, health=health, workers=GATEWAY_WORKERS)
            lines.append(line)
            if store is not None and parts.consumer is not None:
                asking = AskAgain(
                    store,
                    inquiry,
                    gateway.terminal or service,
                    keys=parts.consumer.keys,
                    authority=parts.authority,
                    health=health,
                )
                again = opened.enter_context(
                    Ticker("ask again", ASK_AGAIN_S, asking.work, health=health, trouble=Trouble.DISK)
                )
                opened.callback(changes.subscribe(lambda change: _wake_for(change, again)))
                enquiries = Enquiries(store, DisasterSwitch(store), keys=gateway.keys, wake=again.wake)
        if (consumer := parts.consumer) is not None and store is not None:
            _work_behind(opened, consumer, store, health)
            desk = Desk(store, units, health, enquiries)
            taker = Consumer(
                store,
                authority=parts.authority,
                keys=consumer.keys,
                branch=parts.branch,
                health=health,
                units=units,
            )
            hears = {topics.Up.RESULT: hear_results(taker, consumer.signer), topics.Up.STATUS: hear_status(units)}
            lines.append(ServiceLine(consumer.line, branch=parts.branch, hears=hears, health=health))
        for line in lines:
            opened.callback(line.close)
        yield OpenClinic(tuple(lines), health, desk, store)


def _inquiry(parts: GatewayParts, service: StandInService) -> Inquiry:
    return Inquiry(parts.policy, service, keys=parts.keys, consumer_key=parts.consumer_key, signer=parts.signer)


def _wake_for(change: Change, again: Ticker) -> None:
    # A result that has just come may be the one that an answer waits for.
    if change.subject is Subject.ARRIVAL:
        again.wake()


def _work_behind(opened: ExitStack, consumer: ConsumerParts, store: Store, health: Health) -> None:
    if consumer.files is not None:
        writer = Follower(FOLLOWER, store, consumer.files.write, health=health, trouble=Trouble.FOLDER)
        opened.enter_context(writer)
    mode = DisasterSwitch(store)
    opened.enter_context(Ticker("disaster mode", MODE_S, mode.notice_end, health=health, trouble=Trouble.DISK))
    keeping = Housekeeping(store, consumer.keep, consumer.files)
    opened.enter_context(Ticker("housekeeping", EVERY_S, keeping.sweep, health=health, trouble=Trouble.FOLDER))
