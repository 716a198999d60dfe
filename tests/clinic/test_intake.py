from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey

from clinic.answer import SealedAnswer, seal_answer
from clinic.health import Health, Trouble
from clinic.intake import ANSWER_LIFETIME, Consumer
from clinic.keys import KeyRing
from clinic.store import Store
from clinic.store_file import read_records
from device.domain.errors import Fault, MessageError
from device.domain.reasons import Reason
from device.domain.values import Assurance, CardKind, CertificateState, ConsentItem, UnitId
from device.wire import topics
from device.wire.codec import encode
from device.wire.freshness import expiry
from device.wire.messages import Receipt, Result, SignedResult
from device.wire.sealing import Signer, seal
from provisioning.pki import SiteAuthority

UNIT = UnitId("unit-0001")
QUALIFICATION: dict[str, object] = {
    "ArbitraryFileIdentifier": "any",
    "QualificationValidity": "1",
    "ResultOfQualificationConfirmation": [{"Name": "診療 太郎"}],
}


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
    _signers: dict[str, Signer] = field(default_factory=dict)

    def seal(self, sequence: int = 1, *, by: str = "clinic-gateway", at: datetime | None = None, **changes: Any) -> str:  # noqa: ANN401  any field of an answer
        answer = SealedAnswer(
            reception=f"{sequence:032x}",
            answered_at=at or self.now - timedelta(seconds=5),
            reason=Reason.QUALIFIED,
            accepted=Assurance.PIN_SIGNATURE,
            certificate=CertificateState.GOOD,
            certificate_ends=date(2030, 4, 2),
            qualification=QUALIFICATION,
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


def test_a_result_is_one_record_with_the_opened_qualification(desk: Desk) -> None:
    result = desk.result(notices=[Reason.CERTIFICATE_EXPIRES_SOON])

    assert desk.report(result) == Receipt(
        unit=UNIT,
        message_id="message-0001",
        sequence=1,
        expires_at=result.expires_at,
        digest=hashlib.sha256(encode(result)).digest(),
        disposition="stored",
        reason=None,
        signed_at=desk.now,
    )
    assert desk.records() == [
        {
            "received_at": "2026-11-22T03:00:00Z",
            "unit": "unit-0001",
            "sequence": 1,
            "message_id": "message-0001",
            "reception": f"{1:032x}",
            "reason": "qualified",
            "notices": ["certificate_expires_soon"],
            "card": "plastic",
            "assurance": "pin_signature",
            "consents": {"YZK": True},
            "started_at": "2026-11-22T02:59:40Z",
            "ended_at": "2026-11-22T03:00:00Z",
            "happened_at": "2026-11-22T03:00:00Z",
            "simulated": False,
            "attendant": None,
            "attendant_reason": None,
            "prescription": None,
            "public_expense": None,
            "accepted": "pin_signature",
            "certificate_ends": "2030-04-02",
            "mode": "normal",
            "qualification": QUALIFICATION,
            "unopened": None,
        }
    ]


def test_a_visit_that_brought_no_qualification_is_stored_as_it_is(desk: Desk) -> None:
    result = desk.result(reason=Reason.CARD_REMOVED, sealed=None, card=None, assurance=None, consents={})

    assert desk.report(result).disposition == "stored"
    assert (desk.records()[0]["reason"], desk.records()[0]["qualification"]) == ("card_removed", None)


def test_a_result_that_comes_again_is_known_and_not_stored_twice(desk: Desk) -> None:
    desk.report(desk.result())

    assert desk.report(desk.result()).disposition == "duplicate"
    assert len(desk.records()) == 1


def test_what_was_stored_is_known_after_a_restart(open_desk: Callable[..., Desk]) -> None:
    before = open_desk()
    before.report(before.result())

    after = open_desk()

    assert after.report(after.result()).disposition == "duplicate"
    assert len(after.records()) == 1


def test_a_known_result_stays_known_when_it_has_expired(desk: Desk) -> None:
    result = desk.result()
    desk.report(result)
    desk.now = result.expires_at + timedelta(days=1)

    assert desk.report(result).disposition == "duplicate"


@pytest.mark.parametrize("days", [-3650, -1, 2, 3650])
def test_a_copy_of_another_day_without_an_answer_is_not_stored_and_the_unit_keeps_the_result(
    desk: Desk, days: int
) -> None:
    receipt = desk.report(desk.result(expires_at=expiry(desk.now + timedelta(days=days)), sealed=None))

    assert (receipt.disposition, receipt.reason) == ("stale", Reason.SERVICE_REFUSED)
    assert desk.records() == []
    assert desk.store.results_set_aside() == []
    assert [(row.source, row.trouble) for row in desk.health.rows()] == [(UNIT, Trouble.CLOCK)]
    assert desk.report(desk.result(sealed=None)).disposition == "stored"


@pytest.mark.parametrize("years", [-7, 7])
def test_a_unit_whose_clock_is_years_off_loses_no_visit_because_the_gateway_dated_the_answer(
    desk: Desk, years: int
) -> None:
    ended = desk.now + timedelta(days=365 * years)

    receipt = desk.report(desk.result(ended_at=ended, expires_at=ended + timedelta(days=30)))

    assert receipt.disposition == "stored"
    assert desk.records()[0]["happened_at"] == "2026-11-22T02:59:55Z"
    assert [(row.source, row.trouble) for row in desk.health.rows()] == [(UNIT, Trouble.CLOCK)]


def test_a_replay_of_last_season_is_refused_even_when_the_store_has_forgotten_it(desk: Desk) -> None:
    old = desk.seal(at=desk.now - ANSWER_LIFETIME)

    assert desk.report(desk.result(sealed=old)).disposition == "refused"
    assert desk.records() == []
    assert [row.trouble for row in desk.health.rows()] == [Trouble.CLOCK]


def test_a_visit_without_an_answer_from_a_clock_that_is_ahead_counts_from_when_it_came(desk: Desk) -> None:
    ended = desk.now + timedelta(days=900)

    desk.report(desk.result(ended_at=ended, sealed=None, reason=Reason.CARD_REMOVED))

    assert desk.records()[0]["happened_at"] == "2026-11-22T03:00:00Z"


def test_a_unit_that_was_reset_counts_again_and_loses_nothing(desk: Desk) -> None:
    desk.report(desk.result(1))
    desk.report(desk.result(1, message_id="message-other"))

    assert len(desk.records()) == 2
    assert [row.trouble for row in desk.health.rows()] == [Trouble.COUNTED_AGAIN]


@pytest.mark.parametrize("forger", [UNIT, "clinic-consumer"])
def test_an_answer_that_the_gateway_did_not_sign_proves_nothing(desk: Desk, forger: str) -> None:
    receipt = desk.report(desk.result(sealed=desk.seal(by=forger)))

    assert (receipt.disposition, receipt.reason) == ("refused", Reason.SERVICE_REFUSED)
    assert desk.records() == []
    assert desk.store.results_set_aside() == [(UNIT, "signed by another than clinic-gateway")]


@pytest.mark.parametrize(
    ("by", "on"),
    [
        ("unit-0002", "unit-0001"),  # signed by another unit than the one that the topic names
        ("unit-0001", "unit-0002"),  # an honest result on another unit's topic
    ],
)
def test_nobody_speaks_for_another_unit_nor_gets_a_receipt_with_which_to_delete_its_result(
    desk: Desk, by: str, on: str
) -> None:
    with pytest.raises(MessageError, match=f"signed by another than {on}"):
        desk.report(desk.result(), by=by, on=on)
    assert desk.records() == []


def test_another_unit_s_name_inside_is_refused(desk: Desk) -> None:
    receipt = desk.report(desk.result(), by="unit-0002", on="unit-0002")

    assert (receipt.unit, receipt.disposition, receipt.reason) == ("unit-0002", "refused", Reason.SERVICE_REFUSED)
    assert desk.records() == []


def test_a_unit_of_another_authority_is_not_answered(desk: Desk, signer: Callable[..., Signer], now: datetime) -> None:
    stranger = signer(UNIT, authority=SiteAuthority.create("site-1", now=now))

    with pytest.raises(MessageError, match="the signature does not hold"):
        desk.consumer.take(UNIT, SignedResult(jws=stranger.sign(encode(desk.result()))), desk.now)
    assert desk.records() == []


def test_a_changed_result_is_not_answered(desk: Desk) -> None:
    head, _, signature = desk.sign(desk.result()).jws.split(".")
    _, other, _ = desk.sign(desk.result(reason=Reason.NOT_REGISTERED)).jws.split(".")

    with pytest.raises(MessageError, match="the signature does not hold"):
        desk.consumer.take(UNIT, SignedResult(jws=f"{head}.{other}.{signature}"), desk.now)
    assert desk.records() == []


def test_a_result_with_a_broken_signature_is_not_answered_although_its_content_is_right(desk: Desk) -> None:
    # A broker could have it refused in our name otherwise, and the unit would delete it.
    head, content, _ = desk.sign(desk.result()).jws.split(".")
    *_, signature = desk.sign(desk.result(2)).jws.split(".")

    with pytest.raises(MessageError, match="the signature does not hold"):
        desk.consumer.take(UNIT, SignedResult(jws=f"{head}.{content}.{signature}"), desk.now)


def test_a_unit_whose_certificate_ran_out_keeps_its_results(desk: Desk) -> None:
    result = desk.result()
    signed = desk.sign(result)
    desk.now += timedelta(days=400)

    receipt = desk.consumer.take(UNIT, signed, desk.now)

    assert (receipt.disposition, receipt.digest) == ("stale", hashlib.sha256(encode(result)).digest())
    assert desk.records() == []


def test_a_result_of_an_unknown_form_is_refused_where_it_can_be_answered(desk: Desk) -> None:
    payload = msgspec.json.decode(encode(desk.result()))
    least = {"message_id": "message-9", "sequence": 9, "expires_at": "2026-11-23T03:00:00Z"}
    for odd in ({**payload, "v": 2}, {**payload, "reason": "unheard_of"}, least):
        token = desk.signer(UNIT).sign(json.dumps(odd).encode())
        assert desk.consumer.take(UNIT, SignedResult(jws=token), desk.now).disposition == "refused"


@pytest.mark.parametrize("jws", ["", "no token", "a.b.c", "..", "a.é.c", "." * 100_000])
def test_what_cannot_even_be_answered_is_a_message_error(desk: Desk, jws: str) -> None:
    with pytest.raises(MessageError, match=r"no signed result|the signature does not hold"):
        desk.consumer.take(UNIT, SignedResult(jws=jws), desk.now)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"[" * 5_000, b'{"message_id":"message-9","sequence":9}', "受付".encode()]
)
def test_what_a_unit_signed_without_so_much_as_a_number_is_a_message_error(desk: Desk, content: bytes) -> None:
    with pytest.raises(MessageError, match="without so much as a number"):
        desk.consumer.take(UNIT, SignedResult(jws=desk.signer(UNIT).sign(content)), desk.now)


def test_simulated_and_real_do_not_mix(open_desk: Callable[..., Desk]) -> None:
    production = open_desk()
    assert production.report(production.result(simulated=True)).disposition == "refused"
    simulated = production.result(simulated=True, unit="sim-1")
    assert production.report(simulated, by="sim-1", on="sim-1").disposition == "refused"

    simulation = open_desk(branch=topics.SIMULATION_ROOT)
    assert simulation.report(simulated, by="sim-1", on="sim-1").disposition == "stored"
    pretending = simulation.result(2, simulated=False, unit="sim-1")
    assert simulation.report(pretending, by="sim-1", on="sim-1").disposition == "refused"
    assert simulation.report(simulation.result(3)).disposition == "refused"


def test_a_qualification_for_another_key_is_kept_sealed_rather_than_lost(
    open_desk: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(keys=(ECKey.generate_key("P-256"),))
    result = desk.result()

    assert desk.report(result).disposition == "stored"
    assert desk.records()[0]["qualification"] is None
    assert desk.records()[0]["unopened"] == result.sealed
    assert "sealed" in caplog.text


def test_one_visitors_qualification_is_not_stored_with_anothers_visit(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = desk.report(desk.result(2, sealed=desk.seal(1)))

    assert (receipt.disposition, receipt.reason) == ("refused", Reason.SERVICE_REFUSED)
    assert desk.records() == []
    assert "another visit" in caplog.text


def test_an_older_key_still_opens_what_was_sealed_before_the_change(
    open_desk: Callable[..., Desk], sealing_keys: tuple[ECKey, ECKey]
) -> None:
    desk = open_desk(keys=(ECKey.generate_key("P-256"), sealing_keys[1]))
    desk.report(desk.result())

    assert desk.records()[0]["qualification"] == QUALIFICATION


@pytest.mark.parametrize("content", ['"診療 太郎"', "a.b.c", "", '{"Name": "診療"}'])
def test_what_was_sealed_without_a_signature_is_refused_and_not_quoted_in_the_log(
    desk: Desk, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receipt = desk.report(desk.result(sealed=seal(content.encode(), desk.keys[1])))

    assert receipt.disposition == "refused"
    assert desk.records() == []
    assert "診療" not in caplog.text


def test_a_full_disk_gives_no_receipt_and_the_result_is_taken_when_there_is_room_again(
    desk: Desk, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    desk.report(desk.result(1))
    log = desk.path.with_name(desk.path.name + "-wal").stat().st_size

    with full_disk(log + 100), pytest.raises(Fault, match="cannot keep a visit"):
        desk.report(desk.result(2))
    assert len(desk.records()) == 1

    assert desk.report(desk.result(2)).disposition == "stored"
