"""The golden examples of sealed and signed values: what alone may open and be believed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from cryptography import x509
from joserfc.jwk import ECKey

from device.wire.sealing import unseal
from device.wire.services import CONSUMER, GATEWAY

GOLDEN: Final = Path(__file__).parents[1] / "tests" / "wire" / "golden" / "v1"


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature that alone is believed of its speaker."""

    speaker: str
    authority: x509.Certificate
    content: bytes


@dataclass(frozen=True, slots=True)
class Examples:
    """What the golden files hold, and whom it names."""

    key: ECKey
    at: datetime
    tokens: dict[str, str]
    """By name: two sealed values and three signatures."""
    sealed: frozenset[bytes]
    signed: tuple[Signed, ...]


@cache
def examples() -> Examples:
    """Return them; they are read once in each process."""

    def field(name: str, of: str) -> str:
        value: str = json.loads((GOLDEN / f"{name}.json").read_bytes())[of]
        return value

    key = ECKey.import_key(json.loads((GOLDEN / "clinic_key.json").read_bytes()))
    tokens = {
        "evidence": field("holder", "evidence"),
        "qualification": field("qualification", "sealed"),
        "result": field("signed_result", "jws"),
        "receipt": field("signed_receipt", "jws"),
        "answer": field("signed_answer", "jws"),
    }

    def signed(speaker: str, authority: str, content: str) -> Signed:
        certificate = x509.load_pem_x509_certificate((GOLDEN / f"{authority}.pem").read_bytes())
        return Signed(speaker, certificate, (GOLDEN / f"{content}.json").read_bytes())

    return Examples(
        key=key,
        at=datetime(2026, 4, 2, tzinfo=UTC),
        tokens=tokens,
        sealed=frozenset(unseal(tokens[name], key) for name in ("evidence", "qualification")),
        signed=(
            signed("unit-07", "authority", "result"),
            signed(CONSUMER, "receipt_authority", "receipt"),
            signed(GATEWAY, "answer_authority", "given_answer"),
        ),
    )
