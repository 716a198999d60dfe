"""A claim goes on until the fleet has answered, and believes nobody but the ticket's fleet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.link import events
from device.link.actions import Connect, Publish, Subscribe
from device.link.claim import ClaimAction, ClaimMachine, ClaimPolicy, ClaimSettled, ClaimWaits, Expected
from device.ports.line import Incoming
from device.wire import topics
from device.wire.codec import encode
from device.wire.fleet import ClaimGranted, ClaimRefused, ClaimRequest, ClaimStep
from provisioning.pki import SiteAuthority

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
DER = serialization.Encoding.DER
CLAIM, NONCE = "c-abc", "c0ffee0012345678"


@pytest.fixture(scope="module")
def fleet() -> SiteAuthority:
    return SiteAuthority.create("site-1", now=NOW)


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def machine(fleet: SiteAuthority, key: ec.EllipticCurvePrivateKey) -> ClaimMachine:
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    request = ClaimRequest(nonce=NONCE, csr=csr.public_bytes(DER), hardware="5e" * 32, version="0.1", key_store="file")
    machine = ClaimMachine(CLAIM, request, Expected(key.public_key(), fleet.certificate), random=lambda: 0.5)
    assert machine.handle(events.Start(), 0.0) == [Connect()]
    return machine


def granted(fleet: SiteAuthority, key: ec.EllipticCurvePublicKey, *, nonce: str = NONCE) -> ClaimGranted:
    certificate = fleet.certify(key, "unit-07", now=NOW, lifetime=timedelta(days=90))
    return ClaimGranted(
        nonce=nonce,
        unit="unit-07",
        certificate=certificate.public_bytes(DER),
        authority=fleet.certificate.public_bytes(DER),
        host="h.example",
        port=8883,
    )


def answer(machine: ClaimMachine, said: ClaimGranted | ClaimRefused, *, now_s: float = 1.0) -> list[ClaimAction]:
    message = Incoming(topics.claim_answer(CLAIM), encode(said), retained=False)
    return machine.handle(events.Received(message), now_s)


def test_it_asks_as_soon_as_there_is_a_line_and_listens_first(machine: ClaimMachine) -> None:
    subscribe, publish = machine.handle(events.Connected(), 0.0)
    assert subscribe == Subscribe(topics.claim_answer(CLAIM))
    assert isinstance(publish, Publish)


def test_an_identity_for_its_key_from_its_fleet_ends_it(
    machine: ClaimMachine, fleet: SiteAuthority, key: ec.EllipticCurvePrivateKey
) -> None:
    machine.handle(events.Connected(), 0.0)
    said = granted(fleet, key.public_key())
    assert answer(machine, said)[-1] == ClaimSettled(said)
    assert machine.is_over


def test_silence_is_asked_again_and_a_lost_line_tried_again(machine: ClaimMachine) -> None:
    machine.handle(events.Connected(), 0.0)
    again = machine.handle(events.TimePassed(), machine.wake_at_s)
    assert isinstance(again[0], Publish)
    machine.handle(events.Disconnected("gone"), 20.0)
    assert machine.handle(events.TimePassed(), machine.wake_at_s) == [Connect()]


def test_a_broker_that_never_answers_is_given_up_for_a_while(machine: ClaimMachine) -> None:
    actions = machine.handle(events.TimePassed(), ClaimPolicy().connect_timeout_s)
    assert isinstance(actions[-1], ClaimWaits)


def test_a_no_that_may_pass_is_asked_again_later_and_a_no_for_good_ends_it(machine: ClaimMachine) -> None:
    machine.handle(events.Connected(), 0.0)
    for again in (True, False):
        said = ClaimRefused(nonce=NONCE, step=ClaimStep.APPROVAL, words="not yet", again=again)
        actions = answer(machine, said)
        assert isinstance(actions[-1], ClaimWaits if again else ClaimSettled)
    assert machine.is_over


def test_an_identity_of_another_fleet_key_or_attempt_is_not_believed(
    machine: ClaimMachine, fleet: SiteAuthority, key: ec.EllipticCurvePrivateKey
) -> None:
    machine.handle(events.Connected(), 0.0)
    stranger = SiteAuthority.create("site-1", now=NOW)
    other = ec.generate_private_key(ec.SECP256R1())
    for said in (
        granted(stranger, key.public_key()),
        granted(fleet, other.public_key()),
        granted(fleet, key.public_key(), nonce="an0ther000000000"),
    ):
        assert not any(isinstance(action, ClaimSettled) for action in answer(machine, said))
    assert not machine.is_over
