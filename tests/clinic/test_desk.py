from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clinic.changes import Change, Changes, Subject
from clinic.desk import Arrival, Desk
from clinic.health import MAX_ROWS, WORDS, Health, Trouble
from clinic.record import LateAnswer, VisitRecord
from clinic.store import Store
from clinic.units import CONDITION_WORDS, VISIT_FORGOTTEN_AFTER, Condition, Units
from clinic.verdict import TONES, VERDICT_WORDS, Tone, Verdict
from device.domain.reasons import Reason
from device.domain.values import Assurance, ConsentItem
from device.wire.messages import Status

MakeRecord = Callable[..., VisitRecord]


class Clinic:
    """A desk with what stands behind it."""

    def __init__(self, path: Path, now: datetime, make_record: MakeRecord) -> None:
        self.changes = Changes()
        self.store = Store(path, changes=self.changes)
        self.units = Units(self.changes)
        self.health = Health(self.changes)
        self.desk = Desk(self.store, self.units, self.health)
        self.now = now
        self.make_record = make_record

    def arrive(self, number: int = 1, **changes: Any) -> Arrival:  # noqa: ANN401  any field of a record
        record = self.make_record(number, **changes)
        self.store.keep(record)
        arrival = self.desk.arrival(record.reception, self.now)
        assert arrival is not None
        return arrival

    def answer_late(self, arrival: Arrival) -> None:
        self.store.put_late_answer(
            LateAnswer(
                reception=arrival.reception,
                reason=Reason.QUALIFIED,
                notices=[],
                qualification=answered(),
                answered_at=self.now,
                source="certificate",
            )
        )

    def say(self, state: str, birth_id: str = "birth-001", *, unit: str = "unit-0001") -> None:
        status = {
            "kind": "status",
            "unit": unit,
            "state": state,
            "birth_id": birth_id,
            "version": "0.1.0",
            "troubles": [],
            "simulated": False,
        }
        self.units.hear(msgspec.convert(status, Status), self.now)

    def condition(self) -> Condition:
        [state] = self.desk.units(self.now)
        return state.condition


def answered(validity: str = "1", **result: object) -> dict[str, object]:
    person = {"Name": "診療 太郎", "NameKana": "ｼﾝﾘｮｳ ﾀﾛｳ", "Birthdate": "19740402", **result}
    return {"QualificationValidity": validity, "ResultOfQualificationConfirmation": [person]}


@pytest.fixture
def clinic(store_path: Path, now: datetime, make_record: MakeRecord) -> Iterator[Clinic]:
    clinic = Clinic(store_path, now, make_record)
    with clinic.store:
        yield clinic


def codes(arrival: Arrival) -> dict[str, str]:
    return {notice.code: notice.words.ja for notice in arrival.notices}


def test_an_arrival_says_who_how_and_whether_the_insurance_holds(clinic: Clinic) -> None:
    arrival = clinic.arrive(qualification=answered(InsuredPartialContributionRatio="030"))

    assert (arrival.kana, arrival.name, arrival.birthdate) == ("ｼﾝﾘｮｳ ﾀﾛｳ", "診療 太郎", "19740402")
    assert (arrival.verified_by, arrival.verdict, arrival.tone) == (Assurance.PIN_SIGNATURE, Verdict.VALID, Tone.GOOD)
    assert (arrival.verdict_words.ja, arrival.desk_line.ja) == ("有効", "受付ができました。お席でお待ちください。")
    assert codes(arrival)["burden"] == "負担割合 3割"
    assert clinic.desk.arrivals(clinic.desk.today(clinic.now), clinic.now) == [arrival]
    assert "診療" not in repr(arrival)


@pytest.mark.parametrize(
    ("validity", "verdict"),
    [
        ("1", Verdict.VALID),
        ("2", Verdict.ENDED),
        ("3", Verdict.REPLACED),
        ("4", Verdict.NOT_FOUND),
        ("5", Verdict.SEVERAL),
        ("6", Verdict.VALID_UNREGISTERED),
        ("7", Verdict.NOT_CONFIRMED),
    ],
)
def test_the_verdict_is_the_sealed_answers_own_whatever_the_unit_says(
    clinic: Clinic, validity: str, verdict: Verdict
) -> None:
    assert clinic.arrive(reason=Reason.QUALIFIED, qualification=answered(validity)).verdict is verdict


def test_a_unit_cannot_show_an_insurance_as_valid_without_an_answer(clinic: Clinic) -> None:
    claimed = clinic.arrive(reason=Reason.QUALIFIED, qualification=None, unopened="sealed for nobody")

    assert (claimed.verdict, claimed.kana) == (Verdict.NOT_CONFIRMED, None)
    assert "unopened" in codes(claimed)


def test_a_visit_that_the_service_could_not_answer_is_provisional_and_lists_the_fall_backs(clinic: Clinic) -> None:
    arrival = clinic.arrive(reason=Reason.SERVICE_UNREACHABLE, qualification=None)

    assert (arrival.verdict, arrival.verdict_words.ja) == (Verdict.PROVISIONAL, "仮受付")
    assert "資格確認書" in arrival.fallback[0].ja


def test_a_late_answer_is_shown_as_one_and_becomes_the_visits_own_with_one_tap(clinic: Clinic) -> None:
    arrival = clinic.arrive(reason=Reason.SERVICE_UNREACHABLE, qualification=None)
    clinic.answer_late(arrival)
    late = clinic.desk.arrival(arrival.reception, clinic.now)
    assert late is not None
    assert late.late is not None
    assert (late.verdict, late.late.verdict, late.late.kana, late.kana) == (
        Verdict.LATE,
        Verdict.VALID,
        "ｼﾝﾘｮｳ ﾀﾛｳ",
        None,
    )

    assert clinic.desk.accept_late_answer(arrival.reception, by="sato", now=clinic.now)
    accepted = clinic.desk.arrival(arrival.reception, clinic.now)
    assert accepted is not None
    assert accepted.late is not None
    assert (accepted.verdict, accepted.kana, accepted.reason) == (Verdict.VALID, "ｼﾝﾘｮｳ ﾀﾛｳ", Reason.QUALIFIED)
    assert accepted.late.accepted_by == "sato"


def test_consents_come_with_the_hours_that_are_left(clinic: Clinic, now: datetime) -> None:
    qualification = answered(
        PharmacistsInfoConsFlg="1",
        PharmacistsInfoConsTime="20261122120000",
        PharmacistsInfoAvailableTime="20261123120000",
        SpecificHealthCheckupsInfoConsFlg="0",
    )
    reception = clinic.arrive(qualification=qualification).reception
    later = clinic.desk.arrival(reception, now + timedelta(hours=20))
    tomorrow = clinic.desk.arrival(reception, now + timedelta(hours=30))

    assert later is not None
    assert tomorrow is not None
    medication, checkup = later.consents
    assert (medication.item, medication.agreed, medication.remaining) == (
        ConsentItem.MEDICATION,
        True,
        timedelta(hours=4),
    )
    assert (checkup.item, checkup.agreed, checkup.until, checkup.remaining) == (ConsentItem.CHECKUP, False, None, None)
    assert tomorrow.consents[0].remaining == timedelta(0)


def test_a_consent_that_only_the_unit_claims_is_not_shown(clinic: Clinic) -> None:
    assert clinic.arrive(consents={ConsentItem.OPERATION: True}, qualification=answered()).consents == ()


def test_the_desk_is_told_when_the_insurer_has_changed(clinic: Clinic) -> None:
    clinic.arrive(1, qualification=answered(InsurerNumber="06990012"))
    again = clinic.arrive(2, qualification=answered(InsurerNumber="06990012"))
    changed = clinic.arrive(3, qualification=answered(InsurerNumber="  990013", InsurerName="架空{県}見本市"))

    assert "new_insurer" not in codes(again)
    assert codes(changed)["new_insurer"] == "保険者が前回から変わりました: 架空(県)見本市"


def test_the_desk_is_told_of_limits_elders_and_characters_that_claims_refuse(clinic: Clinic) -> None:
    arrival = clinic.arrive(
        qualification=answered(
            Name="德川 鷗外",
            InsuredPartialContributionRatio="030",
            ElderlyRecipientCertificateInfo={"ElderlyRecipientContributionRatio": "020"},
            LimitApplicationCertificateRelatedInfo={"LimitApplicationCertificateClassificationFlag": "A03"},
        )
    )

    assert codes(arrival) == {
        "burden": "負担割合 2割",
        "limit": "限度額区分 ウ",
        "rare_characters": "氏名の「德、鷗」は請求で受け付けられません。レセコンで置き換えてください。",
    }


def test_a_black_dot_is_no_rare_character_but_a_reason_to_ask_for_kana_and_birthday(clinic: Clinic) -> None:
    arrival = clinic.arrive(notices=[Reason.NAME_HAS_UNKNOWN_CHARACTERS], qualification=answered(Name="渡● 七海"))

    assert codes(arrival) == {
        "name_has_unknown_characters": "カナと生年月日で確かめる。請求は●のまま送れる。処方箋に●を印字しない。"
    }


@pytest.mark.parametrize("words", ["シンリョウ", "しんりょう たろう", "ｼﾝﾘｮｳ", "診療", "19740402", ""])
def test_people_are_found_however_they_are_typed(clinic: Clinic, words: str) -> None:
    clinic.arrive(1, qualification=answered())
    clinic.arrive(2, qualification=answered(Name="受付 花子", NameKana="ｳｹﾂｹ ﾊﾅｺ", Birthdate="19880715"))

    found = clinic.desk.search(words, clinic.desk.today(clinic.now), clinic.now)

    assert [arrival.number for arrival in found] == ([1] if words else [1, 2])


def test_who_was_attended_to_leaves_the_queue_and_may_come_back(clinic: Clinic) -> None:
    arrival = clinic.arrive()
    assert arrival.waits

    assert clinic.desk.attend(arrival.reception, by="sato", now=clinic.now)
    attended = clinic.desk.arrival(arrival.reception, clinic.now)
    assert attended is not None
    assert (attended.waits, attended.attended_by, attended.attended_at) == (False, "sato", clinic.now)

    assert clinic.desk.put_back(arrival.reception, now=clinic.now)
    assert not clinic.desk.attend("nobody", by="sato", now=clinic.now)


def test_every_change_is_told_without_a_name_until_one_has_heard_enough(clinic: Clinic) -> None:
    heard: list[Change] = []
    end = clinic.desk.subscribe(heard.append)

    arrival = clinic.arrive()
    clinic.desk.attend(arrival.reception, by="sato", now=clinic.now)
    clinic.say("ready")
    clinic.health.note("unit-0001", Trouble.CLOCK, "five years behind", clinic.now)
    end()
    clinic.arrive(2)

    assert heard == [
        Change(Subject.ARRIVAL, arrival.reception),
        Change(Subject.ARRIVAL, arrival.reception),
        Change(Subject.UNIT, "unit-0001"),
        Change(Subject.HEALTH, "unit-0001"),
    ]


def test_a_unit_is_ready_reads_needs_staff_and_is_ready_again(clinic: Clinic) -> None:
    clinic.say("ready")
    assert clinic.condition() is Condition.READY
    clinic.units.begun("unit-0001", clinic.now)
    assert clinic.condition() is Condition.READING
    clinic.units.ended("unit-0001", clinic.now, needs_staff=True)
    assert clinic.condition() is Condition.NEEDS_STAFF
    arrival = clinic.arrive()
    clinic.desk.attend(arrival.reception, by="sato", now=clinic.now)
    assert clinic.condition() is Condition.READY


def test_a_visit_that_never_ended_does_not_show_for_ever(clinic: Clinic) -> None:
    clinic.say("ready")
    clinic.units.begun("unit-0001", clinic.now)
    clinic.now += VISIT_FORGOTTEN_AFTER

    assert clinic.condition() is Condition.READY


def test_a_unit_is_offline_since_its_last_will_unless_the_will_is_of_an_earlier_life(clinic: Clinic) -> None:
    clinic.say("ready", "birth-001")
    went = clinic.now = clinic.now + timedelta(minutes=1)
    clinic.say("offline", "birth-001")
    clinic.now += timedelta(minutes=1)
    clinic.say("offline", "birth-001")
    [state] = clinic.desk.units(clinic.now)
    assert (state.condition, state.since) == (Condition.OFFLINE, went)

    clinic.say("ready", "birth-002")
    clinic.say("offline", "birth-001")
    assert clinic.condition() is Condition.READY


def test_results_on_their_way_are_counted(clinic: Clinic) -> None:
    clinic.say("ready")
    clinic.arrive(1)
    clinic.arrive(4)

    [state] = clinic.desk.units(clinic.now)
    assert state.missing_results == 2


def test_troubles_are_counted_cleared_and_never_too_many(clinic: Clinic) -> None:
    for number in range(MAX_ROWS + 5):
        clinic.health.note(f"unit-{number}", Trouble.REFUSED, "forged", clinic.now + timedelta(seconds=number))
    clinic.health.note("unit-100", Trouble.REFUSED, "forged again", clinic.now + timedelta(hours=1))

    rows = clinic.desk.troubles()
    assert len(rows) == MAX_ROWS
    assert (rows[0].source, rows[0].count, rows[0].detail) == ("unit-100", 2, "forged again")
    clinic.health.clear("unit-100", Trouble.REFUSED)
    assert len(clinic.desk.troubles()) == MAX_ROWS - 1


def test_everything_that_can_be_shown_has_words() -> None:
    assert WORDS.keys() == set(Trouble)
    assert CONDITION_WORDS.keys() == set(Condition)
    assert VERDICT_WORDS.keys() == TONES.keys() == set(Verdict)
