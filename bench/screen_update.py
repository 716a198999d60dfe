"""How long after its receipt a visit stands on the desk's page, in a real browser."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from argon2 import PasswordHasher
from playwright.sync_api import Page

from bench.browser import enter, find_chromium, open_page, when_seen
from clinic.changes import Changes
from clinic.desk import Desk
from clinic.health import Health
from clinic.record import VisitRecord
from clinic.screen.accounts import Accounts
from clinic.screen.app import ScreenParts, build_screen
from clinic.screen.database import Database
from clinic.store import Store
from clinic.units import Units
from device.domain.reasons import Reason
from device.domain.values import Assurance, CardKind
from provisioning.web.server import serve

PASSWORD = "bench bench bench 1"  # noqa: S105  of a database that lives as long as the measurement


@dataclass(frozen=True, slots=True)
class ScreenUpdate:
    """From the visit being durable (the receipt may go out) to its row in the page."""

    visits: int
    median_ms: float
    slowest_ms: float


AIM_MS = 200


def say(visits: int) -> list[str]:
    """Measure, and tell it in lines."""
    chromium = find_chromium()
    if chromium is None:
        return ["The desk's page: not measured, there is no Chromium here\n"]
    update = measure(visits, chromium)
    return [
        f"From receipt to the desk's page in Chromium (aim: at most {AIM_MS} ms)",
        f"  {update.visits} visits: median {update.median_ms:.0f} ms, slowest {update.slowest_ms:.0f} ms\n",
    ]


def measure(visits: int, chromium: str) -> ScreenUpdate:
    """Let `visits` visits end, one after the other, before a page that is open in the browser `chromium`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        changes = Changes()
        store = stack.enter_context(Store(folder / "visits.sqlite", changes=changes))
        database = stack.enter_context(Database(folder / "screen.sqlite"))
        screen = build_screen(
            ScreenParts(
                desk=Desk(store, Units(changes), Health(changes)),
                database=database,
                log_key=bytes(32),
                hosts=["127.0.0.1"],
                secure=False,
                accounts=Accounts(database, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
            )
        )
        port = stack.enter_context(serve(screen.app, host="127.0.0.1", port=0, certificate=None, key=None))
        page = stack.enter_context(open_page(chromium))
        link = f"http://127.0.0.1:{port}{screen.first_run}"
        enter(page, link, name="desk", password=PASSWORD, home="/arrivals")
        taken_ms = [_one(page, store, number) for number in range(1, visits + 2)][1:]  # the first one warms up
    return ScreenUpdate(visits, statistics.median(taken_ms), max(taken_ms))


def _one(page: Page, store: Store, number: int) -> float:
    record = _visit(number)
    seen = when_seen(page, f"#visit-{record.reception}")
    store.keep(record)
    durable_ms = time.time() * 1000
    return seen() - durable_ms


def _visit(number: int) -> VisitRecord:
    now = datetime.now(UTC)
    return VisitRecord(
        received_at=now,
        unit="sim-0001",
        sequence=number,
        message_id=f"message-{number:06d}",
        reception=f"{number:032x}",
        reason=Reason.QUALIFIED,
        notices=[],
        card=CardKind.PLASTIC,
        assurance=Assurance.PIN_SIGNATURE,
        consents={},
        started_at=now,
        ended_at=now,
        happened_at=now,
        simulated=True,
        qualification={
            "QualificationValidity": "1",
            "ResultOfQualificationConfirmation": [
                {"Name": "診療 太郎", "NameKana": "ｼﾝﾘｮｳ ﾀﾛｳ", "Birthdate": "19740402"}
            ],
        },
    )
