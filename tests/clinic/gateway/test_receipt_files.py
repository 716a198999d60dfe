from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.changes import Changes
from clinic.elements import RESULT_ELEMENTS, Element
from clinic.follow import Follower
from clinic.health import Health, Trouble
from clinic.official_xml import MAX_BYTES, Encoding, from_xml, to_xml
from clinic.people import load_people
from clinic.receipt_files import FOLLOWER, ReceiptFiles
from clinic.record import LateAnswer, VisitRecord
from clinic.schema import schema
from clinic.store import KeptVisit, Store
from device.domain.errors import Fault, MessageError
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.wire.messages import Qualification

if TYPE_CHECKING:
    from tests.clinic.conftest import CardIssuer
    from tests.clinic.gateway.conftest import GatewayVisitor

MakeRecord = Callable[..., VisitRecord]
SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "OQSsiquc01res_face.xsd"
WATCHED = re.compile(r"\AOQSsiquc01res_face_.+_(\d{14})\.xml\Z")
"""What receipt computers look for, as public clients have it."""

CONSENTED = dict.fromkeys(ConsentItem, True)


@pytest.fixture(scope="session")
def official() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(schema())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "face"
    folder.mkdir()
    return folder


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with Store(store_path) as store:
        yield store


def document(**result: object) -> dict[str, object]:
    return {
        "ProcessExecutionTime": "20261122120000",
        "QualificationConfirmationDate": "20261122",
        "MedicalInstitutionCode": "1399999999",
        "ArbitraryFileIdentifier": "a" * 32,
        "ReferenceClassification": "1",
        "SegmentOfResult": "1",
        "CharacterCodeIdentifier": "0",
        "ProcessingResultStatus": "1",
        "QualificationValidity": "1",
        "ResultOfQualificationConfirmation": [{"Name": "診療 太郎", **result}] if result else [],
    }


def test_the_schema_in_the_documents_is_the_one_that_is_made() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema(), (
        "write it anew: python -m clinic.schema > docs/schema/OQSsiquc01res_face.xsd"
    )


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("serial", [serial for serial, person in load_people().items() if person.validity])
def test_everybodys_file_is_valid_and_reads_back_as_it_was(
    serial: int, encoding: Encoding, issuer: CardIssuer, visitor: GatewayVisitor, official: xmlschema.XMLSchema
) -> None:
    person = load_people()[serial]
    visitor.show(issuer.issue(serial))
    answer = visitor.confirm(CONSENTED)
    if not isinstance(answer, Qualification):
        assert person.revoked or not person.registered
        return
    whole = visitor.open(answer)

    content = to_xml(whole, encoding)

    official.validate(content.decode(encoding.codec).partition("?>")[2])
    read = from_xml(content)
    if encoding is Encoding.UTF_8:
        assert read == whole
    assert read["CharacterCodeIdentifier"] == encoding.identifier
    assert content.startswith(f'<?xml version="1.0" encoding="{encoding}" standalone="no"?>'.encode())


def test_numbers_keep_their_blanks_and_zeros(official: xmlschema.XMLSchema) -> None:
    content = to_xml(document(InsurerNumber="  990013", InsuredPartialContributionRatio="010"), Encoding.UTF_8)

    assert b"<InsurerNumber>  990013</InsurerNumber>" in content
    assert b"<InsuredPartialContributionRatio>010</InsuredPartialContributionRatio>" in content
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        official.validate(content.decode().replace("  990013", "990013").partition("?>")[2])


def test_what_shift_jis_has_no_code_for_becomes_the_official_dot() -> None:
    read = from_xml(to_xml(document(Name="𠮷野 德子●"), Encoding.SHIFT_JIS))

    assert read["ResultOfQualificationConfirmation"] == [{"Name": "●野 德子●"}]


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=30))
def test_no_name_breaks_a_file(name: str) -> None:
    for encoding in Encoding:
        read = from_xml(to_xml(document(Name=name, NameKana="ｼﾝﾘｮｳ"), encoding))
        assert "'NameKana': 'ｼﾝﾘｮｳ'" in str(read["ResultOfQualificationConfirmation"])


def test_a_file_has_the_name_that_receipt_computers_look_for(
    folder: Path, store: Store, make_record: MakeRecord, official: xmlschema.XMLSchema
) -> None:
    store.keep(make_record(1, qualification=document(NameKana="ｼﾝﾘｮｳ ﾀﾛｳ"), reception="under_scored_1"))
    [(_, visit)] = store.feed_of("files")

    ReceiptFiles(folder).write(visit)

    [path] = folder.iterdir()
    assert path.name == "OQSsiquc01res_face_under-scored-1_20261122120000.xml"
    assert WATCHED.match(path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    official.validate(path.read_text(encoding="utf-8").partition("?>")[2])


def test_visits_without_an_answer_have_no_file_until_a_late_one_is_accepted(
    folder: Path, store: Store, make_record: MakeRecord, now: datetime
) -> None:
    record = make_record(1, reason=Reason.ANSWER_PENDING, qualification=None)
    health = Health(store.changes)
    writer = Follower(FOLLOWER, store, ReceiptFiles(folder).write, health=health, trouble=Trouble.FOLDER)
    store.keep(record)
    assert writer.work_off(now)
    store.put_late_answer(
        LateAnswer(
            reception=record.reception,
            reason=Reason.QUALIFIED,
            notices=[],
            qualification=document(NameKana="ｼﾝﾘｮｳ"),
            answered_at=now,
            source="certificate",
        )
    )
    assert writer.work_off(now)
    assert list(folder.iterdir()) == []

    store.accept_late_answer(record.reception, by="sato", now=now + timedelta(hours=1))
    assert writer.work_off(now)
    assert [path.name for path in folder.iterdir()] == [f"OQSsiquc01res_face_{record.reception}_20261122130000.xml"]


def test_a_folder_that_vanished_is_waited_for_and_nothing_is_lost(
    folder: Path, store: Store, make_record: MakeRecord, now: datetime
) -> None:
    health = Health(store.changes)
    writer = Follower(FOLLOWER, store, ReceiptFiles(folder).write, health=health, trouble=Trouble.FOLDER)
    folder.rmdir()
    for number in (1, 2):
        store.keep(make_record(number, qualification=document(NameKana="ｼﾝﾘｮｳ")))

    assert not writer.work_off(now)
    [row] = health.rows()
    assert (row.trouble, "No such file" in row.detail) == (Trouble.FOLDER, True)
    assert "診療" not in row.detail

    folder.mkdir()
    assert writer.work_off(now)
    assert len(list(folder.iterdir())) == 2
    assert health.rows() == []


def test_a_follower_works_by_itself_while_visits_come(folder: Path, store: Store, make_record: MakeRecord) -> None:
    arrived = threading.Event()

    def write(visit: KeptVisit) -> None:
        ReceiptFiles(folder).write(visit)
        arrived.set()

    with Follower(FOLLOWER, store, write, health=Health(Changes())):
        store.keep(make_record(1, qualification=document(NameKana="ｼﾝﾘｮｳ")))
        assert arrived.wait(10)
    assert len(list(folder.iterdir())) == 1


def test_files_leave_by_age_and_only_ours(folder: Path, now: datetime) -> None:
    ours = folder / "OQSsiquc01res_face_aaaa_20261118115959.xml"
    young = folder / "OQSsiquc01res_face_bbbb_20261121120000.xml"
    theirs = folder / "OQSsiquc01res_other_20200101000000.xml"
    for path in (ours, young, theirs):
        path.write_text("x")

    assert ReceiptFiles(folder).sweep(now) == 1
    assert sorted(path.name for path in folder.iterdir()) == [young.name, theirs.name]
    folder.rename(folder.with_name("gone"))
    with pytest.raises(Fault, match="cannot clean up"):
        ReceiptFiles(folder).sweep(now)


BOMB = """<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><XmlMsg><MessageBody><A>&b;</A></MessageBody></XmlMsg>"""
STRANGER = (
    """<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><XmlMsg><MessageBody><A>&f;</A></MessageBody></XmlMsg>"""
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BOMB.encode(), "a document type is not taken"),
        (STRANGER.encode(), "a document type is not taken"),
        (b'<?xml version="1.0"?><!DOCTYPE XmlMsg SYSTEM "http://example.com/x.dtd"><XmlMsg/>', "a document type"),
        (b"<XmlMsg>" + b"<a>" * 100_000, "nested too deeply"),
        (b"<XmlMsg><MessageBody>", "not well-formed"),
        (b"", "not well-formed"),
        (b"<Other/>", "not an XmlMsg"),
        (b"<XmlMsg>&undefined;</XmlMsg>", "not well-formed"),
        (b'<?xml version="1.0" encoding="UTF-7"?><XmlMsg/>', "neither UTF-8 nor Shift_JIS"),
        (b'<?xml version="1.0" encoding="UTF-8"?><XmlMsg>\xff</XmlMsg>', "not in the encoding"),
        (b" " * (MAX_BYTES + 1), "the limit is"),
    ],
)
def test_hostile_xml_is_refused_and_not_quoted(content: bytes, why: str) -> None:
    with pytest.raises(MessageError, match=why) as caught:
        from_xml(content)
    assert caught.value.__cause__ is None or "診療" not in str(caught.value)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_whatever_lies_in_the_folder_is_read_or_refused(junk: bytes) -> None:
    for content in (junk, b"<XmlMsg><MessageBody>" + junk + b"</MessageBody></XmlMsg>"):
        try:
            from_xml(content)
        except MessageError:
            continue


def test_any_order_of_elements_is_read() -> None:
    text = """<XmlMsg><MessageBody><ResultList><ResultOfQualificationConfirmation><NameKana>ｼﾝﾘｮｳ</NameKana>
    <Unheard>of</Unheard></ResultOfQualificationConfirmation></ResultList>
    <QualificationValidity>1</QualificationValidity></MessageBody><MessageHeader><SegmentOfResult>1</SegmentOfResult>
    </MessageHeader></XmlMsg>"""

    read = from_xml(text.encode())

    assert read == {
        "QualificationValidity": "1",
        "SegmentOfResult": "1",
        "ResultOfQualificationConfirmation": [{"NameKana": "ｼﾝﾘｮｳ", "Unheard": "of"}],
    }


def test_the_schema_says_what_every_flat_element_may_be(official: xmlschema.XMLSchema) -> None:
    names = [name for name, what in RESULT_ELEMENTS.items() if isinstance(what, Element)]
    nonsense = to_xml(document(**dict.fromkeys(names, "\tnonsense\t")), Encoding.UTF_8).decode().partition("?>")[2]

    errors = list(official.iter_errors(nonsense))

    assert len(errors) >= len(names) - 1
