"""Orders of the fleet: each is done once, however often it is heard, and its end is told until the fleet knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from device.domain.updates import Refusal
from device.wire.rollout import UpdateOrder, UpdateReport, UpdateState

KEPT: Final = 20
"""Reports of so many orders are kept; the fleet asks again for days, not for years."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Do it now; the report says that it was taken on."""

    order: UpdateOrder
    report: UpdateReport


@dataclass(frozen=True, slots=True)
class Tell:
    """Nothing is to be done but to say how it is."""

    report: UpdateReport


class JobBook(Struct, frozen=True, kw_only=True):
    """The last orders and what came of them."""

    reports: tuple[UpdateReport, ...] = ()

    def about(self, job_id: str) -> UpdateReport | None:
        """Return the last report on an order."""
        return next((report for report in self.reports if report.job_id == job_id), None)

    def noted(self, report: UpdateReport) -> JobBook:
        """Return the book with this report as the last word on its order."""
        others = tuple(each for each in self.reports if each.job_id != report.job_id)
        return replace(self, reports=(*others, report)[-KEPT:])


def read_book(written: bytes) -> JobBook:
    """Return the book that was written; an unreadable one counts as empty: an order is then done once more."""
    try:
        return msgspec.json.decode(written, type=JobBook)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return JobBook()


def hear(book: JobBook, order: UpdateOrder, *, version: str, now: datetime) -> Begin | Tell:
    """Say what to do about an order; `version` is in use now."""
    if known := book.about(order.job_id):
        return Tell(known)
    told = taken_on(order, version=version, state="accepted")
    if now > order.until:
        late = replace(told, state="rejected", detail="it came too late")
        return Tell(late)
    if order.action == "go_back" and version != order.version:
        return Tell(replace(told, state="succeeded", detail="it has another version"))
    return Begin(order, told)


def taken_on(order: UpdateOrder, *, version: str, state: UpdateState) -> UpdateReport:
    """Return a report on an order that is under way."""
    return UpdateReport(job_id=order.job_id, part=order.part, state=state, version=version)


def woken(report: UpdateReport, *, version: str) -> UpdateReport:
    """Return the last word on an order that was under way when the power went."""
    return replace(
        report, state="rolled_back", version=version, refusal=Refusal.INTERRUPTED, detail="it was interrupted"
    )


def ended(order: UpdateOrder, *, version: str, refusal: Refusal | None, detail: str) -> UpdateReport:
    """Return the last report on an order."""
    state: UpdateState = "succeeded"
    if refusal is not None:
        tried = refusal in {Refusal.NOT_WELL, Refusal.INTERRUPTED} and order.action == "take"
        state = "rolled_back" if tried else "failed"
    told = taken_on(order, version=version, state=state)
    return replace(told, refusal=refusal, detail=detail[:512])
