from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.wire.topics import Down, Up, down, root_for, speaker, up

units = st.from_regex(r"[0-9A-Za-z_-]{1,64}", fullmatch=True).map(UnitId)


def test_a_unit_speaks_and_listens_under_its_own_name() -> None:
    unit = UnitId("unit-07")

    assert up(unit, Up.RESULT) == "reader/v1/unit/unit-07/up/result"
    assert down(unit, Down.RECEIPT) == "reader/v1/unit/unit-07/down/receipt"


def test_simulated_units_stay_in_a_branch_of_their_own() -> None:
    unit = UnitId("sim-07")

    assert up(unit, Up.STATUS) == "reader/v1/sim/sim-07/up/status"
    assert down(unit, Down.ANSWER) == "reader/v1/sim/sim-07/down/answer"
    assert root_for(UnitId("simone")) == "reader/v1/unit"


@given(units, st.sampled_from(Up))
def test_who_speaks_is_read_from_the_topic(unit: UnitId, leaf: Up) -> None:
    assert speaker(up(unit, leaf)) == (unit, leaf)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "reader/v1/unit",
        "reader/v1/unit/unit-07/up",
        "reader/v1/unit/unit-07/up/",
        "reader/v1/unit//up/result",
        "reader/v1/unit/unit-07/up/results",
        "reader/v1/unit/unit-07/up/result/",
        "reader/v1/unit/unit-07/up/result/x",
        "reader/v1/unit/unit-07/down/answer",
        "reader/v1/unit/a/b/up/result",
        "/reader/v1/unit/unit-07/up/result",
        "x/reader/v1/unit/unit-07/up/result",
        "reader/v2/unit/unit-07/up/result",
        "READER/V1/UNIT/unit-07/UP/RESULT",
        # wildcards
        "reader/v1/unit/+/up/result",
        "reader/v1/unit/#",
        "reader/v1/unit/#/up/result",
        "reader/v1/unit/unit-07/up/+",
        "reader/v1/unit/unit+07/up/result",
        "$share/g/reader/v1/unit/unit-07/up/result",
        # control characters and what looks like a letter
        "reader/v1/unit/unit-07\n/up/result",
        "reader/v1/unit/unit-07/up/result\n",
        "reader/v1/unit/unit\x0007/up/result",
        "reader/v1/unit/unit\u202e07/up/result",
        "reader/v1/unit/unit-٠٧/up/result",
        "reader/v1/unit/ünit-07/up/result",
        "reader/v1/unit/unit 07/up/result",
        "reader/v1/unit/" + "a" * 65 + "/up/result",
        # the wrong branch
        "reader/v1/sim/unit-07/up/result",
        "reader/v1/unit/sim-07/up/result",
    ],
)
def test_any_other_topic_is_refused(topic: str) -> None:
    with pytest.raises(MessageError, match="not a topic that a unit speaks on") as caught:
        speaker(topic)
    assert caught.value.reason is Reason.SERVICE_REFUSED
    assert "\n" not in str(caught.value)


def test_a_refusal_does_not_repeat_a_topic_without_end() -> None:
    with pytest.raises(MessageError) as caught:
        speaker("x" * 60_000)
    assert len(str(caught.value)) < 200


@given(st.text())
def test_any_text_is_a_known_speaker_or_a_refusal(topic: str) -> None:
    with pytest.raises(MessageError):
        speaker(topic)
