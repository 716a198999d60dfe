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

GOLDEN: Final = Path(__file__).parents[1] / "tests" / "wire" / "golden" / "v1"


@dataclass(frozen=True, slots=True)
class Examples:
    """What the golden files hold, and whom it names."""

    key: ECKey
    authority: x509.Certificate
    speaker: str
    at: datetime
    tokens: dict[str, str]
    """By name: two sealed values and one signature."""
    sealed: frozenset[bytes]
    signed: bytes


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
    }
    return Examples(
        key=key,
        authority=x509.load_pem_x509_certificate((GOLDEN / "authority.pem").read_bytes()),
        speaker="unit-07",
        at=datetime(2026, 4, 2, tzinfo=UTC),
        tokens=tokens,
        sealed=frozenset(unseal(tokens[name], key) for name in ("evidence", "qualification")),
        signed=(GOLDEN / "result.json").read_bytes(),
    )
