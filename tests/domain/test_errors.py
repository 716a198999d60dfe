from __future__ import annotations

import pytest

from device.domain.errors import (
    BadConfig,
    CardError,
    CardLost,
    CardUnknown,
    CardUnreadable,
    FaceError,
    Fault,
    MessageError,
    PinBlocked,
    PinRejected,
    UketsukeError,
)
from device.domain.reasons import Reason


@pytest.mark.parametrize(
    ("error", "family", "reason", "said"),
    [
        (CardLost(), CardError, Reason.CARD_REMOVED, "left the field"),
        (CardUnknown(), CardError, Reason.CARD_UNKNOWN, "no JPKI application"),
        (CardUnreadable("no TLV", sw=0x6F00), CardError, Reason.CARD_UNREADABLE, "no TLV"),
        (
            CardUnreadable("refused", sw=0x63C7, reason=Reason.REFERENCE_NUMBER_REFUSED),
            CardError,
            Reason.REFERENCE_NUMBER_REFUSED,
            "refused",
        ),
        (PinRejected(tries_left=2), CardError, Reason.PIN_WRONG, "2 tries left"),
        (PinBlocked(), CardError, Reason.PIN_BLOCKED, "blocked"),
        (FaceError("two faces", reason=Reason.FACE_SEVERAL), FaceError, Reason.FACE_SEVERAL, "two faces"),
        (MessageError("stale", reason=Reason.SERVICE_REFUSED), MessageError, Reason.SERVICE_REFUSED, "stale"),
        (Fault("no answer", part="card", reason=Reason.READER_FAULT), Fault, Reason.READER_FAULT, "no answer"),
        (
            BadConfig("unknown option", where="unit.toml: [card]"),
            Fault,
            Reason.CONFIG_INVALID,
            "unit.toml: [card]: unknown",
        ),
    ],
)
def test_every_error_carries_the_reason_that_people_are_told(
    error: UketsukeError, family: type[UketsukeError], reason: Reason, said: str
) -> None:
    assert isinstance(error, family)
    assert error.reason is reason
    assert said in str(error)


def test_errors_carry_the_number_that_the_next_decision_needs() -> None:
    assert PinRejected(tries_left=1).tries_left == 1
    assert CardUnreadable("odd", sw=0x6A82).sw == 0x6A82
    assert CardUnreadable("mute").sw is None
    assert Fault("dark", part="camera", reason=Reason.CAMERA_FAULT).part == "camera"
    assert (BadConfig("x", where="a.toml").where, BadConfig("x", where="a.toml").part) == ("a.toml", "config")
