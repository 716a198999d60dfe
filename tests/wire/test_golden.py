"""Messages as they were once sent must stay readable: decode, and encode to the same bytes again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, get_args

import msgspec
import pytest
from cryptography import x509
from joserfc.jwk import ECKey

from device.domain.errors import MessageError
from device.wire import codec, fleet, rollout
from device.wire.messages import (
    Answer,
    Evidence,
    GivenAnswer,
    Holder,
    Message,
    Qualification,
    Receipt,
    Result,
    SignedAnswer,
    SignedReceipt,
    SignedResult,
)
from device.wire.receipts import check_receipt
from device.wire.said import check_reply, open_said
from device.wire.sealing import unseal, verify

T = TypeVar("T")

GOLDEN = Path(__file__).parent / "golden"
# A file is never changed, only added. The keys and the authorities beside them were made for them alone.
# Messages that got more fields later have a second file beside their first.
FILES = [path for path in sorted(GOLDEN.glob("v*/*.json")) if path.stem != "clinic_key"]
WITHDRAWN = sorted((GOLDEN / "withdrawn").glob("*.json"))
"""Said before the first release, and never since: receipts and answers that anybody could have written."""
KINDS: dict[str, type[msgspec.Struct]] = {
    kind.__struct_config__.tag: kind
    for kind in (
        *get_args(Message),
        *get_args(fleet.FleetMessage),
        *get_args(fleet.Order),
        fleet.UpdateTrust,
        fleet.WipeReceipt,
        rollout.UpdateOrder,
        rollout.UpdateReport,
        Result,
        Receipt,
        *get_args(Answer),
        GivenAnswer,
        Evidence,
    )
}


def kind_in(path: Path) -> type[msgspec.Struct]:
    return KINDS[msgspec.json.decode(path.read_bytes())["kind"]]


def read(folder: Path, name: str, kind: type[T]) -> T:
    return codec.decode((folder / name).read_bytes(), kind)


@pytest.fixture(scope="module")
def golden() -> Path:
    return GOLDEN / "v1"


@pytest.fixture(scope="module")
def golden_key(golden: Path) -> ECKey:
    return ECKey.import_key(msgspec.json.decode((golden / "clinic_key.json").read_bytes()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_message_once_sent_is_read_and_whatever_it_said_is_written_the_same(path: Path) -> None:
    message: msgspec.Struct = codec.decode(path.read_bytes(), kind_in(path))

    written = msgspec.json.decode(codec.encode(message))
    said = msgspec.json.decode(path.read_bytes())
    assert {field: written[field] for field in said} == said, "a field may come, none may go or change"
    assert codec.decode(codec.encode(message), type(message)) == message


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_message_once_sent_is_read_with_fields_that_came_later(path: Path) -> None:
    with_more = path.read_bytes()[:-1] + ',"氏名":[{"deep":null}]}'.encode()

    assert codec.decode(with_more, kind_in(path)) == codec.decode(path.read_bytes(), kind_in(path))


@pytest.mark.parametrize("path", WITHDRAWN, ids=lambda path: path.stem)
def test_what_is_no_longer_believed_is_kept_too_and_refused(path: Path) -> None:
    for kind in (SignedReceipt, Receipt, SignedAnswer, GivenAnswer, Message):
        with pytest.raises(MessageError):
            codec.decode(path.read_bytes(), kind)


def test_every_message_has_a_golden_file() -> None:
    assert {kind_in(path) for path in FILES} == set(KINDS.values())


def test_the_golden_signature_still_holds_and_carries_the_golden_result(golden: Path) -> None:
    signed = read(golden, "signed_result.json", SignedResult)
    authority = x509.load_pem_x509_certificate((golden / "authority.pem").read_bytes())

    payload = verify(signed.jws, speaker="unit-07", authority=authority, at=datetime(2026, 4, 2, tzinfo=UTC))

    assert payload == (golden / "result.json").read_bytes()


def test_the_golden_receipt_still_holds_and_answers_the_golden_result(golden: Path) -> None:
    signed = read(golden, "signed_receipt.json", SignedReceipt)
    authority = x509.load_pem_x509_certificate((golden / "receipt_authority.pem").read_bytes())

    receipt = open_said(signed, unit="unit-07", authority=authority, at=datetime(2026, 4, 2, tzinfo=UTC))

    assert receipt == read(golden, "receipt.json", Receipt)
    check_receipt(receipt, (golden / "result_with_choices.json").read_bytes())


def test_the_golden_answer_still_holds_and_answers_the_golden_ask(golden: Path) -> None:
    signed = read(golden, "signed_answer.json", SignedAnswer)
    authority = x509.load_pem_x509_certificate((golden / "answer_authority.pem").read_bytes())

    given = open_said(signed, unit="unit-07", authority=authority, at=datetime(2026, 4, 2, tzinfo=UTC))

    assert given == read(golden, "given_answer.json", GivenAnswer)
    check_reply(given, (golden / "confirm_with_choices.json").read_bytes())


def test_the_golden_seals_still_open(golden: Path, golden_key: ECKey) -> None:
    holder = read(golden, "holder.json", Holder)
    qualification = read(golden, "qualification.json", Qualification)
    result = read(golden, "result.json", Result)

    assert unseal(holder.evidence, golden_key) == (golden / "evidence.json").read_bytes()
    assert qualification.sealed is not None
    assert msgspec.json.decode(unseal(qualification.sealed, golden_key))["Name"] == "診療　太郎"
    assert result.sealed == qualification.sealed, "the unit relays what it cannot read"


def test_only_sealed_fields_tell_who_the_visitor_is() -> None:
    # The words under which people are known to the national service may not appear as fields of a message.
    person = re.compile(r"name|kana|birth_?da|address|insur|serial|subject|portrait|my_?number|pin", re.IGNORECASE)

    for kind in KINDS.values():
        assert not [field for field in kind.__struct_fields__ if person.search(field)]
