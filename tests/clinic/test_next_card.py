"""The next card's proof (ECDSA on P-384 with SHA-384), from the simulated card through our reader to the gateway."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from clinic.proof import check_signature, trusted_certificate
from device.card import MyNumberCard
from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.secrets import Pin
from device.domain.values import CardKind
from device.sim.card import Algorithm, CardAuthority, CardFrontPrint, SimulatedCard
from device.sim.card.keys import HolderKey
from device.sim.reader import SimulatedReader

NOW = datetime(2029, 4, 1, tzinfo=UTC)
CHALLENGE = bytes(range(32))


@pytest.fixture(scope="module")
def proof() -> tuple[x509.Certificate, bytes, HolderKey]:
    """Certificate and signature of one such card, and its key."""
    authority = CardAuthority(algorithm=Algorithm.ECDSA_P384)
    issued = authority.issue(
        serial=9, not_before=datetime(2028, 4, 1, tzinfo=UTC), not_after=datetime(2038, 4, 1, tzinfo=UTC)
    )
    reader = SimulatedReader()
    reader.place(
        SimulatedCard(issued, front=CardFrontPrint(date(1980, 2, 17), date(2038, 2, 17), "2285"), kind=CardKind.NEXT)
    )
    with reader.connect() as connection:
        card = MyNumberCard.identify(connection)
        card.verify_pin(Pin(b"1234"))
        certificate = trusted_certificate(card.read_certificate(), [authority.certificate], NOW)
        return certificate, card.sign(CHALLENGE), issued.auth_key


def test_the_gateway_believes_it(proof: tuple[x509.Certificate, bytes, HolderKey]) -> None:
    certificate, signature, _ = proof
    check_signature(certificate, signature, CHALLENGE)


def test_neither_another_challenge_nor_another_hash_nor_half_a_signature_will_do(
    proof: tuple[x509.Certificate, bytes, HolderKey],
) -> None:
    certificate, signature, key = proof
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    for wrong in (key.sign(CHALLENGE, ec.ECDSA(hashes.SHA256())), signature[:-1], b""):
        with pytest.raises(MessageError) as refused:
            check_signature(certificate, wrong, CHALLENGE)
        assert refused.value.reason is Reason.PROOF_REFUSED
    with pytest.raises(MessageError):
        check_signature(certificate, signature, bytes(32))
