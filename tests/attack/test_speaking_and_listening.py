"""What one who was let in may not say and does not hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device.domain.errors import MessageError
from device.wire import topics
from device.wire.codec import MAX_BYTES
from device.wire.services import CONSUMER, GATEWAY
from provisioning.broker import PACKET_HEADROOM

if TYPE_CHECKING:
    from tests.attack.conftest import Enter

pytestmark = pytest.mark.broker

ROOT = topics.PRODUCTION_ROOT
OWN = f"{ROOT}/unit-0001"
OTHER = f"{ROOT}/unit-0002"

FORBIDDEN_TO_SAY = [
    f"{OTHER}/up/result",
    f"{OTHER}/up/status",
    f"{OTHER}/down/receipt",
    f"{OWN}/down/receipt",
    f"{OWN}/down/answer",
    f"{OWN}/else/result",
    "reader/v1/sim/unit-0001/up/result",
    "reader/v1/claim/unit-0001/req",
    "reader/v1/fleet/announce",
    "reader/v2/unit/unit-0001/up/result",
    "$CONTROL/dynamic-security/v1",
    "somewhere",
]


@pytest.mark.parametrize("topic", FORBIDDEN_TO_SAY)
def test_a_unit_speaks_in_its_own_place_only(enter: Enter, topic: str) -> None:
    assert enter("unit-0001").say(topic) == "Not authorized"


def test_a_unit_does_speak_in_its_own_place(enter: Enter) -> None:
    unit = enter("unit-0001")
    for leaf in topics.Up:
        assert unit.say(f"{OWN}/up/{leaf}") in {"Success", "No matching subscribers"}


@pytest.mark.parametrize(
    "wish", ["#", "+/#", f"{ROOT}/#", f"{ROOT}/+/down/#", f"{ROOT}/+/up/result", f"{OTHER}/down/#"]
)
def test_a_wildcard_lets_a_unit_hear_nothing_of_others(enter: Enter, wish: str) -> None:
    # mosquitto accepts the subscription and judges each message: what counts is what arrives.
    eavesdropper, victim, consumer = enter("unit-0001"), enter("unit-0002"), enter(CONSUMER)
    eavesdropper.listen(wish)
    eavesdropper.listen(f"{OWN}/down/receipt")
    victim.say(f"{OTHER}/up/result", b"sealed")
    victim.say(f"{OTHER}/up/status", b"ready")
    consumer.say(f"{OTHER}/down/receipt", b"not for you")
    assert eavesdropper.hears_until(f"{OWN}/down/receipt", b"for you", consumer) == {b"for you"}


@pytest.mark.parametrize("wish", ["$SYS/#", "$SYS/broker/clients/connected"])
def test_the_broker_s_own_figures_are_nobody_s_business(enter: Enter, wish: str) -> None:
    curious, consumer = enter("unit-0001"), enter(CONSUMER)
    curious.listen(wish)
    curious.listen(f"{OWN}/down/receipt")
    assert curious.hears_until(f"{OWN}/down/receipt", b"for you", consumer) == {b"for you"}


@pytest.mark.parametrize(
    ("service", "topic"),
    [
        (GATEWAY, f"{OWN}/down/receipt"),
        (GATEWAY, f"{OWN}/up/result"),
        (CONSUMER, f"{OWN}/down/answer"),
        (CONSUMER, f"{OWN}/up/ask"),
        (CONSUMER, "reader/v1/sim/sim-0001/down/receipt"),
    ],
)
def test_a_service_that_was_taken_over_does_not_speak_for_the_other(enter: Enter, service: str, topic: str) -> None:
    assert enter(service).say(topic) == "Not authorized"


def test_the_gateway_hears_the_state_of_units_and_no_results(enter: Enter) -> None:
    gateway, unit = enter(GATEWAY), enter("unit-0001")
    gateway.listen(f"{ROOT}/+/up/#")
    unit.say(f"{OWN}/up/result", b"not for the gateway")
    assert gateway.hears_until(f"{OWN}/up/status", b"ready", unit) == {b"ready"}


def test_a_simulated_unit_is_heard_by_nobody_on_a_production_broker(enter: Enter) -> None:
    simulated, consumer, unit = enter("sim-0001"), enter(CONSUMER), enter("unit-0001")
    consumer.listen(f"{ROOT}/+/up/result")
    assert simulated.say("reader/v1/sim/sim-0001/up/result") == "Not authorized"
    assert simulated.say(f"{OWN}/up/result") == "Not authorized"
    # In its own name the broker cannot tell; whoever listens asks `speaker`, which refuses the name in this branch.
    simulated.say(f"{ROOT}/sim-0001/up/result", b"invented")
    assert consumer.hears_until(f"{OWN}/up/result", b"real", unit) == {b"invented", b"real"}
    assert [payload for topic, payload, _ in consumer.heard if is_believed(topic)] == [b"real"]


def is_believed(topic: str) -> bool:
    try:
        topics.speaker(topic)
    except MessageError:
        return False
    return True


def test_a_retained_result_is_told_as_retained_to_whoever_comes_later(enter: Enter) -> None:
    # The broker cannot forbid it; the consumer drops what is retained (`clinic.line`) and the unit does too.
    unit, consumer = enter("unit-0003"), enter(CONSUMER)
    topic = f"{ROOT}/unit-0003/up/result"
    unit.say(topic, b"old", retain=True)
    consumer.listen(topic)
    consumer.wait_for("message")
    assert consumer.heard == [(topic, b"old", True)]


@pytest.mark.parametrize("topic", [f"{OWN}/up/+", f"{OWN}/up/#", "", f"{OWN}/up/a\0b", f"{OWN}/up/ask\x1b[2J"])
def test_a_topic_that_is_none_ends_the_connection_or_never_leaves(enter: Enter, topic: str) -> None:
    other = enter("unit-0002")
    with pytest.raises((ConnectionError, ValueError)):
        enter("unit-0001").say(topic)
    assert other.say(f"{OTHER}/up/status") in {"Success", "No matching subscribers"}


def test_a_message_that_is_too_large_ends_its_connection_and_no_other(enter: Enter) -> None:
    other = enter("unit-0002")
    # Whether the broker's reason arrives before its end of the connection is a race that nobody decides.
    with pytest.raises(ConnectionError, match=r"too large|Unspecified error"):
        enter("unit-0001").say(f"{OWN}/up/result", bytes(MAX_BYTES + 2 * PACKET_HEADROOM))
    assert other.say(f"{OTHER}/up/status") in {"Success", "No matching subscribers"}
