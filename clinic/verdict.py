"""One plain word for each visit: does the insurance hold? Said only of what the national service's answer proves."""

from __future__ import annotations

from enum import StrEnum

from clinic.record import text_of
from clinic.store import KeptVisit
from device.domain.reasons import Reason
from device.wire.texts import Text


class Verdict(StrEnum):
    """What the desk sees at a glance."""

    VALID = "valid"
    ENDED = "ended"
    REPLACED = "replaced"
    NOT_FOUND = "not_found"
    SEVERAL = "several"
    VALID_UNREGISTERED = "valid_unregistered"
    LATE = "late"
    """An answer has come late and waits for somebody to accept it."""
    PROVISIONAL = "provisional"
    """The service could not be asked; it is asked again."""
    NOT_CONFIRMED = "not_confirmed"
    """Nothing was proven: the visit ended before, or the answer cannot be opened."""


class Tone(StrEnum):
    """How a verdict looks, beside its word and icon."""

    GOOD = "good"
    ATTENTION = "attention"
    STOP = "stop"


VERDICT_WORDS = {
    Verdict.VALID: Text(ja="有効", en="Valid"),
    Verdict.ENDED: Text(ja="無効", en="Not valid"),
    Verdict.REPLACED: Text(ja="無効(新しい資格あり)", en="Replaced by a newer one"),
    Verdict.NOT_FOUND: Text(ja="資格情報なし", en="Not on record"),
    Verdict.SEVERAL: Text(ja="複数該当", en="Several fit"),
    Verdict.VALID_UNREGISTERED: Text(ja="有効(未登録)", en="Valid (unregistered)"),
    Verdict.LATE: Text(ja="回答が届きました", en="Late answer"),
    Verdict.PROVISIONAL: Text(ja="仮受付", en="Provisional"),
    Verdict.NOT_CONFIRMED: Text(ja="未確認", en="Not confirmed"),
}
TONES = {
    Verdict.VALID: Tone.GOOD,
    Verdict.VALID_UNREGISTERED: Tone.GOOD,
    Verdict.ENDED: Tone.STOP,
    Verdict.NOT_FOUND: Tone.STOP,
    Verdict.REPLACED: Tone.STOP,
    Verdict.SEVERAL: Tone.ATTENTION,
    Verdict.LATE: Tone.ATTENTION,
    Verdict.PROVISIONAL: Tone.ATTENTION,
    Verdict.NOT_CONFIRMED: Tone.ATTENTION,
}
PROVISIONAL_REASONS = frozenset({Reason.ANSWER_PENDING, Reason.SERVICE_UNREACHABLE, Reason.BROKER_UNREACHABLE})
"""A visit that ended so can still get its answer."""

_BY_VALIDITY = {
    "1": Verdict.VALID,
    "2": Verdict.ENDED,
    "3": Verdict.REPLACED,
    "4": Verdict.NOT_FOUND,
    "5": Verdict.SEVERAL,
    "6": Verdict.VALID_UNREGISTERED,
}


def verdict_of(visit: KeptVisit) -> Verdict:
    """Return the verdict. What the unit says of the ending is not asked: it cannot prove an insurance."""
    if (qualification := visit.qualification) is not None:
        return _BY_VALIDITY.get(text_of(qualification, "QualificationValidity") or "", Verdict.NOT_CONFIRMED)
    if visit.late is not None:
        return Verdict.LATE if visit.accepted_at is None else Verdict.NOT_CONFIRMED
    if visit.record.reason in PROVISIONAL_REASONS:
        return Verdict.PROVISIONAL
    return Verdict.NOT_CONFIRMED
