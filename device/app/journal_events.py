"""What the journal can be searched for: each event has an id of its own (`journalctl MESSAGE_ID=…`), for ever.

Ids were drawn once, at random, as systemd asks for (sd_journal_print(3)). Fields carry parts, reasons and numbers,
never anything of a visitor.
"""

from __future__ import annotations

from enum import Enum


class Event(Enum):
    """Its value is the id."""

    UNIT_READY = "cfe681b8ae16464d96c41d99343ebe6a"
    UNIT_STOPS = "983c3b21de38414596cff189195a5f39"
    PART_FAILED = "f7aa881748244101853d13f7d9f4cd45"
    PART_RECOVERED = "42b2c246dd1d4431a20e682e0a90a2fb"
    PART_NEEDS_PERSON = "e495aca8402a457fae2734e5b2842bb2"
    CLOCK_JUMPED = "4f60d4665edf412a8f2cde9792a9f4d1"
    VISIT_ENDED = "bf43a0611cc64788a521199b4985b737"
    RESULT_REFUSED = "06d418647ae24e458b9443703c5d98d0"
    DOCTOR_FOUND = "f9c65544d85c49d3bee565a4565e34a5"


WORDS = {
    Event.UNIT_READY: "the unit serves visitors",
    Event.UNIT_STOPS: "the unit ends on purpose",
    Event.PART_FAILED: "a part fails (fields: part, reason)",
    Event.PART_RECOVERED: "it works again (part, seconds)",
    Event.PART_NEEDS_PERSON: "it did not come back by itself in its time: somebody has to look (part, reason, seconds)",
    Event.CLOCK_JUMPED: "the wall clock was set (seconds)",
    Event.VISIT_ENDED: "a visit ended (reason, and nothing of the visitor)",
    Event.RESULT_REFUSED: "the clinic will never take a result (sequence, reason)",
    Event.DOCTOR_FOUND: "the morning's examination found something (severity, codes)",
}

ATTRIBUTE = "uketsuke_event"
FIELDS = "uketsuke_fields"


def about(event: Event, **fields: object) -> dict[str, object]:
    """Return what a log record carries beside its words: for `extra=`."""
    return {ATTRIBUTE: event, FIELDS: fields}
