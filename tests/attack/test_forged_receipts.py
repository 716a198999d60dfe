"""Whoever holds the broker says that the clinic has a result: the unit keeps it, and counts what it heard by its kind.

The unit is the real link with the real outbox; the broker is in memory, so that it can say whatever it likes.
"""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from device.domain.errors import Drop
from device.sim.clock import STORY_START
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import Receipt, SignedReceipt, SignedResult
from device.wire.receipts import acknowledge
from device.wire.said import sign_receipt
from device.wire.sealing import Signer
from device.wire.services import CONSUMER, GATEWAY
from faults.world import UNIT, Parts, World, keys, told_in
from provisioning.pki import SiteAuthority

RECEIPT = topics.down(UNIT, topics.Down.RECEIPT)


class Hostage:
    """A unit with results that wait, and the broker in the wrong hands."""

    def __init__(self, world: World) -> None:
        self.world = world

    def say(self, message: msgspec.Struct) -> None:
        self.world.broker.publish(RECEIPT, encode(message))
        self.world.pass_time(0.1)

    def honest(self, number: int = 0) -> Receipt:
        """Return what the clinic would say of a copy; everything in it is known to whoever reads the line."""
        copy = encode(told_in(self.world.recorded[number][1]))
        return acknowledge(copy, UNIT, "stored", at=STORY_START, reason=None)

    @property
    def waiting(self) -> list[str]:
        return [kept.message_id for kept in self.world.outbox.waiting(9)]

    @property
    def dropped(self) -> dict[Drop, int]:
        return dict(self.world.link.dropped)


@pytest.fixture
def hostage(tmp_path: Path) -> Iterator[Hostage]:
    with closing(World(random.Random(1), tmp_path, Parts())) as world:  # noqa: S311  no secrecy
        world.clinic.is_open = False
        world.pass_time(1)
        world.visit_ends()
        world.visit_ends()
        assert len(world.recorded) == 2
        yield Hostage(world)


def issued(name: str, *, by: SiteAuthority | None = None, **lifetime: timedelta) -> Signer:
    authority = by or keys().authority
    identity = authority.issue_client(name, now=STORY_START, **lifetime)
    return Signer.load(identity.key_pem, identity.certificate_pem)


def with_content(signed: SignedReceipt, receipt: Receipt) -> SignedReceipt:
    head, _, signature = signed.jws.split(".")
    return SignedReceipt(jws=".".join([head, urlsafe_b64encode(encode(receipt)).decode().rstrip("="), signature]))


def test_the_consumer_s_own_receipt_is_believed(hostage: Hostage) -> None:
    hostage.say(sign_receipt(hostage.honest(), keys().consumer))
    assert hostage.waiting == ["message-00002"]


def test_a_receipt_without_a_signature_deletes_nothing(hostage: Hostage) -> None:
    hostage.say(hostage.honest())
    assert len(hostage.waiting) == 2
    assert hostage.dropped == {Drop.MALFORMED: 1}


@pytest.mark.parametrize(
    "signer",
    [
        lambda: keys().signer,
        lambda: issued(GATEWAY),
        lambda: issued("clinic-consumer-2"),
        lambda: issued(CONSUMER, by=SiteAuthority.create("faults", now=STORY_START)),
        lambda: Signer(keys().signer.key, keys().consumer.certificate),
    ],
    ids=["the unit itself", "the gateway", "a like name", "another authority of that name", "another key"],
)
def test_a_receipt_that_another_signed_deletes_nothing(hostage: Hostage, signer: Callable[[], Signer]) -> None:
    hostage.say(sign_receipt(hostage.honest(), signer()))
    assert len(hostage.waiting) == 2
    assert hostage.dropped == {Drop.FORGED: 1}


@pytest.mark.parametrize(
    "change", [{"sequence": 2}, {"disposition": "refused"}, {"message_id": "message-00002"}], ids=str
)
def test_a_receipt_that_was_changed_on_its_way_deletes_nothing(hostage: Hostage, change: dict[str, object]) -> None:
    true = sign_receipt(hostage.honest(), keys().consumer)
    hostage.say(with_content(true, replace(hostage.honest(), **change)))
    assert len(hostage.waiting) == 2
    assert hostage.dropped == {Drop.FORGED: 1}


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "sim-0002"},
        {"digest": bytes(32)},
        {"expires_at": STORY_START},
        {"message_id": "message-00002"},
    ],
    ids=["another unit", "another content", "another copy", "another result"],
)
def test_what_the_consumer_said_of_something_else_deletes_nothing(hostage: Hostage, change: dict[str, object]) -> None:
    hostage.say(sign_receipt(replace(hostage.honest(), **change), keys().consumer))
    assert len(hostage.waiting) == 2
    assert hostage.dropped == {Drop.FORGED: 1}


def test_a_receipt_that_is_played_again_finds_nothing_to_delete(hostage: Hostage) -> None:
    true = sign_receipt(hostage.honest(), keys().consumer)
    for _ in range(3):
        hostage.say(true)
    assert hostage.waiting == ["message-00002"]
    assert hostage.dropped == {Drop.UNSOLICITED: 2}


@pytest.mark.parametrize("days", [-4000, 4000])
def test_a_unit_that_doubts_the_consumer_s_certificate_for_its_date_keeps_its_results(
    hostage: Hostage, days: int
) -> None:
    hostage.world.clock.set_wrong_by(timedelta(days=days))
    hostage.say(sign_receipt(hostage.honest(), keys().consumer))
    assert len(hostage.waiting) == 2
    assert hostage.dropped == {Drop.STALE: 1}


def test_a_renewed_consumer_is_believed_without_a_word_to_the_unit(hostage: Hostage) -> None:
    renewed = issued(CONSUMER)
    hostage.say(sign_receipt(hostage.honest(0), renewed))
    hostage.say(sign_receipt(hostage.honest(1), keys().consumer))
    assert hostage.waiting == []
    assert hostage.dropped == {}


def test_a_result_that_the_broker_made_up_brings_it_no_receipt_to_use(hostage: Hostage) -> None:
    # The content of a real copy under a broken signature: a clinic that refused it would sign its deletion.
    world = hostage.world
    world.clinic.is_open = True
    topic, said = world.recorded[0]
    whole: SignedResult = decode(said, SignedResult)
    other: SignedResult = decode(world.recorded[1][1], SignedResult)
    head, content, _ = whole.jws.split(".")
    forged = SignedResult(jws=f"{head}.{content}.{other.jws.split('.')[2]}")
    world.broker.publish(topic, encode(forged))
    assert not world.clinic.said
    assert len(hostage.waiting) == 2


def test_a_flood_of_lies_does_not_keep_the_truth_out(hostage: Hostage) -> None:
    lie = sign_receipt(hostage.honest(), issued(CONSUMER, by=SiteAuthority.create("elsewhere", now=STORY_START)))
    for _ in range(200):
        hostage.world.broker.publish(RECEIPT, encode(lie))
    hostage.say(sign_receipt(hostage.honest(), keys().consumer))
    assert hostage.waiting == ["message-00002"]
    assert hostage.dropped == {Drop.FORGED: 200}
