"""A consumer with its store, and units that report to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey

from clinic.answer import SealedAnswer, seal_answer
from clinic.health import Health
from clinic.intake import Consumer
from clinic.keys import KeyRing
from clinic.store import Store
from clinic.store_file import read_records
from device.domain.reasons import Reason
from device.domain.values import Assurance, CardKind, CertificateState, ConsentItem, UnitId
from device.wire import topics
from device.wire.codec import encode
from device.wire.freshness import expiry
from device.wire.messages import Receipt, Result, SignedResult
from device.wire.sealing import Signer
from provisioning.pki import SiteAuthority

UNIT = UnitId("unit-0001")


@dataclass
class Desk:
    """A consumer with its store, and a unit that reports to it."""

    consumer: Consumer
    store: Store
    health: Health
    path: Path
    keys: tuple[ECKey, ECKey]
    now: datetime
    signer: Callable[..., Signer]
    qualification: dict[str, object] = field(
        default_factory=lambda: {
            "ArbitraryFileIdentifier": "any",
            "QualificationValidity": "1",
            "ResultOfQualificationConfirmation": [{"Name": "診療 太郎"}],
        }
    )
    _signers: dict[str, Signer] = field(default_factory=dict)

    def seal(self, sequence: int = 1, *, by: str = "clinic-gateway", at: datetime | None = None, **changes: Any) -> str:  # noqa: ANN401  any field of an answer
        answer = SealedAnswer(
            reception=f"{sequence:032x}",
            answered_at=at or self.now - timedelta(seconds=5),
            reason=Reason.QUALIFIED,
            accepted=Assurance.PIN_SIGNATURE,
            certificate=CertificateState.GOOD,
            certificate_ends=date(2030, 4, 2),
            qualification=self.qualification,
        )
        return seal_answer(msgspec.structs.replace(answer, **changes), self.signed_by(by), self.keys[1])

    def signed_by(self, name: str) -> Signer:
        if name not in self._signers:
            self._signers[name] = self.signer(name)
        return self._signers[name]

    def result(self, sequence: int = 1, **changes: Any) -> Result:  # noqa: ANN401  any field of a result
        result = Result(
            message_id=f"message-{sequence:04d}",
            sequence=sequence,
            unit=UNIT,
            reception=f"{sequence:032x}",
            reason=Reason.QUALIFIED,
            notices=[],
            card=CardKind.PLASTIC,
            assurance=Assurance.PIN_SIGNATURE,
            consents={ConsentItem.MEDICATION: True},
            started_at=self.now - timedelta(seconds=20),
            ended_at=self.now,
            expires_at=expiry(self.now),
            sealed=changes.pop("sealed") if "sealed" in changes else self.seal(sequence),
            simulated=False,
        )
        return msgspec.structs.replace(result, **changes)

    def sign(self, result: Result, *, by: str = UNIT) -> SignedResult:
        return SignedResult(jws=self.signed_by(by).sign(encode(result)))

    def report(self, result: Result, *, by: str = UNIT, on: str = UNIT) -> Receipt:
        return self.consumer.take(UnitId(on), self.sign(result, by=by), self.now)

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(record) for record in read_records(self.path)]


@pytest.fixture
def open_desk(
    site: SiteAuthority,
    sealing_keys: tuple[ECKey, ECKey],
    signer: Callable[..., Signer],
    store_path: Path,
    make_ring: Callable[..., KeyRing],
    now: datetime,
) -> Iterator[Callable[..., Desk]]:
    """Opening a desk closes the one before, as a restart does."""
    opened: list[Store] = []

    def open_one(*, branch: str = topics.PRODUCTION_ROOT, keys: tuple[ECKey, ...] = sealing_keys[1:]) -> Desk:
        for store in opened:
            store.close()
        opened.append(Store(store_path))
        store = opened[-1]
        health = Health(store.changes)
        ring = make_ring(*keys)
        consumer = Consumer(store, authority=site.certificate, keys=ring, branch=branch, health=health)
        return Desk(consumer, store, health, store_path, sealing_keys, now, signer)

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    return open_desk()
