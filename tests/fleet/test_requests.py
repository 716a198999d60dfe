"""A certificate request that does not hold is refused for what it is, to the unit and in the audit."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from device.domain.errors import MessageError
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.fleet import ClaimAnswer, ClaimRefused, ClaimRequest, ClaimStep
from provisioning.broker import CLAIM_MOUNT
from provisioning.fleet.desk import Message
from provisioning.fleet.entrance import Ticketed
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.private import PrivateFleet
from provisioning.fleet.requests import check_request

DER = serialization.Encoding.DER


def request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return (
        x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256()).public_bytes(DER)
    )


GOOD = request(ec.generate_private_key(ec.SECP256R1()))
BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "this is no certificate request"),
    "a letter": (b"Dear friend,", "this is no certificate request"),
    "half of one": (GOOD[: len(GOOD) // 2], "this is no certificate request"),
    "signed by another key": (GOOD[:-4] + bytes(4), "request"),
    "another curve": (request(ec.generate_private_key(ec.SECP384R1())), "the key is not on the curve P-256"),
    "RSA": (request(rsa.generate_private_key(65_537, 2_048)), "the key is not on the curve P-256"),
}


@pytest.mark.parametrize("name", BAD)
def test_each_is_refused_with_its_reason(name: str) -> None:
    csr, words = BAD[name]
    with pytest.raises(MessageError, match=words):
        check_request(csr)


@pytest.mark.broker
def test_the_unit_hears_it_and_the_admin_reads_the_same(
    running: PrivateFleet, tickets: Callable[..., list[Ticketed]], audited: Callable[[str], list[str]]
) -> None:
    [made] = tickets()
    name = made.ticket.claim
    asked = ClaimRequest(
        nonce="c0ffee0012345678", csr=b"Dear friend,", hardware="5e" * 32, version="0", key_store="file"
    )
    heard = Message(f"{CLAIM_MOUNT}{topics.claim_request(name)}", encode(asked))
    [said] = running.fleet.desk("tests").handle([heard], utc_now())

    answer: ClaimAnswer = decode(said.payload, ClaimAnswer)
    assert isinstance(answer, ClaimRefused)
    assert (answer.step, answer.again) == (ClaimStep.REQUEST, False)
    assert audited(made.unit.name)[-1] == f"claim.refused request {answer.words}"
    assert msgspec.structs.asdict(answer)["words"] == "this is no certificate request"
