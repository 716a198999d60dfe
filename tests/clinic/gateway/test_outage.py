"""The day when the national service is away: visits end as provisional, and their answers come late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from joserfc.jwk import ECKey

from clinic.again import AskAgain
from clinic.changes import Change, Subject
from clinic.desk import Arrival, Desk
from clinic.disaster import LONGEST, DisasterSwitch
from clinic.enquiries import DESK, Enquiries, read_query
from clinic.gateway import Gateway
from clinic.health import SERVICE, Health, Trouble
from clinic.inquiry import GatewayPolicy, Inquiry
from clinic.keys import KeyRing
from clinic.national_service import InsuranceQuery, PersonQuery
from clinic.pending import KEEP_EVIDENCE, PendingStore
from clinic.people import load_people
from clinic.record import VisitRecord
from clinic.stand_in import Mood, StandInService
from clinic.store import Store
from clinic.units import Units
from clinic.verdict import Verdict
from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.wire.messages import HolderKnown, Qualification
from device.wire.sealing import Signer
from provisioning.pki import SiteAuthority

if TYPE_CHECKING:
    from tests.clinic.conftest import CardIssuer
    from tests.clinic.gateway.conftest import GatewayVisitor

TARO, REVOKED, UNREGISTERED, REGISTRABLE = 1001, 1009, 1011, 1013
TARO_TYPED = InsuranceQuery(insurer_number="06990012", number="４５６７", birthdate="19740402", branch="00")


@dataclass
class OutageDay:
    """A clinic side whose national service comes and goes."""

    service: StandInService
    store: Store
    visitor: GatewayVisitor
    again: AskAgain
    desk: Desk
    enquiries: Enquiries
    health: Health
    make_record: Callable[..., VisitRecord]
    now: datetime
    woken: list[bool] = field(default_factory=list)

    def outage(self, *, away: bool = True) -> None:
        self.service.mood = Mood(outage=away)

    def report(self, reason: Reason = Reason.ANSWER_PENDING, number: int = 1) -> None:
        """The unit's result comes in."""
        record = self.make_record(number, reception=self.visitor.reception, reason=reason, qualification=None)
        self.store.keep(record)

    def row(self, reception: str | None = None) -> Arrival:
        arrival = self.desk.arrival(reception or self.visitor.reception, self.now)
        assert arrival is not None
        return arrival

    def pending(self) -> int:
        return len(PendingStore(self.store).all())


@pytest.fixture
def day(
    store_path: Path,
    policy: GatewayPolicy,
    sealing_keys: tuple[ECKey, ECKey],
    make_ring: Callable[..., KeyRing],
    signer: Callable[..., Signer],
    site: SiteAuthority,
    visitor: GatewayVisitor,
    make_record: Callable[..., VisitRecord],
    now: datetime,
) -> Iterator[OutageDay]:
    own, consumer = map(make_ring, sealing_keys)
    service = StandInService(load_people())
    with Store(store_path) as store:
        health = Health(store.changes)
        inquiry = Inquiry(policy, service, keys=own, consumer_key=consumer, signer=signer("clinic-gateway"))
        visitor.gateway = Gateway(inquiry, token=bytes, later=PendingStore(store), health=health)
        again = AskAgain(store, inquiry, service, keys=consumer, authority=site.certificate, health=health)
        woken: list[bool] = []
        enquiries = Enquiries(store, DisasterSwitch(store), keys=own, wake=lambda: woken.append(True))
        desk = Desk(store, Units(store.changes), health, enquiries)
        yield OutageDay(service, store, visitor, again, desk, enquiries, health, make_record, now, woken)


def come(day: OutageDay, issuer: CardIssuer, serial: int = TARO) -> Qualification:
    """Somebody comes while the service is away, and answers the questions all the same."""
    day.outage()
    assert isinstance(day.visitor.show(issuer.issue(serial)), HolderKnown)
    answer = day.visitor.confirm({ConsentItem.MEDICATION: True})
    assert isinstance(answer, Qualification)
    return answer


def test_a_visit_in_an_outage_ends_as_provisional_with_the_consents_asked(day: OutageDay, issuer: CardIssuer) -> None:
    answer = come(day, issuer)
    day.report()

    assert (answer.reason, answer.sealed, answer.notices) == (Reason.ANSWER_PENDING, None, [])
    assert day.row().verdict is Verdict.PROVISIONAL
    assert "資格確認書" in day.row().fallback[0].ja
    assert [(row.source, row.trouble) for row in day.desk.troubles()] == [(SERVICE, Trouble.SERVICE_DOWN)]
    assert day.pending() == 1


def test_the_evidence_lies_sealed_on_the_disk(day: OutageDay, issuer: CardIssuer, store_path: Path) -> None:
    come(day, issuer)

    card = issuer.issue(TARO)
    for file in store_path.parent.glob("clinic.sqlite*"):
        content = file.read_bytes()
        assert card.certificate not in content
        assert card.sign(bytes(32)) not in content


def test_when_the_line_is_back_the_answer_appears_where_the_visit_was_and_is_accepted_with_one_tap(
    day: OutageDay, issuer: CardIssuer
) -> None:
    come(day, issuer)
    day.report()
    assert not day.again.work(day.now)
    assert day.pending() == 1

    day.outage(away=False)
    assert day.again.work(day.now + timedelta(hours=2))
    late = day.row()
    assert late.late is not None
    assert (late.verdict, late.late.verdict, late.kana) == (Verdict.LATE, Verdict.VALID, None)
    assert day.pending() == 0
    assert day.desk.troubles() == []

    assert day.desk.accept_late_answer(late.reception, by="sato", now=day.now)
    accepted = day.row()
    assert (accepted.verdict, accepted.kana) == (Verdict.VALID, "ｼﾝﾘｮｳ ﾀﾛｳ")
    # A consent counts from when it was given, not from when the line came back.
    assert accepted.consents[0].until == day.now + timedelta(hours=24)


def test_a_service_that_is_back_before_the_visit_ends_answers_at_once(day: OutageDay, issuer: CardIssuer) -> None:
    day.outage()
    day.visitor.show(issuer.issue(TARO))
    day.outage(away=False)

    answer = day.visitor.confirm()

    assert isinstance(answer, Qualification)
    assert answer.reason is Reason.QUALIFIED
    assert day.pending() == 0


def test_a_service_that_fails_in_the_middle_of_a_visit_is_asked_again_as_well(
    day: OutageDay, issuer: CardIssuer
) -> None:
    day.visitor.show(issuer.issue(TARO))
    day.outage()
    answer = day.visitor.confirm()
    assert isinstance(answer, Qualification)
    assert answer.reason is Reason.ANSWER_PENDING


@pytest.mark.parametrize(
    ("serial", "reason"),
    [
        (REVOKED, Reason.CERTIFICATE_REVOKED),
        (UNREGISTERED, Reason.NOT_REGISTERED),
        (REGISTRABLE, Reason.NOT_REGISTERED),
    ],
)
def test_a_late_no_is_an_answer_too(day: OutageDay, issuer: CardIssuer, serial: int, reason: Reason) -> None:
    come(day, issuer, serial)
    day.report()
    day.outage(away=False)

    day.again.work(day.now)
    day.desk.accept_late_answer(day.visitor.reception, by="sato", now=day.now)

    assert (day.row().reason, day.row().verdict) == (reason, Verdict.NOT_CONFIRMED)


@pytest.mark.parametrize("reason", [Reason.CANCELLED, Reason.CARD_REMOVED])
def test_somebody_who_cancelled_is_not_looked_up_behind_their_back(
    day: OutageDay, issuer: CardIssuer, reason: Reason
) -> None:
    come(day, issuer)
    day.report(reason)
    day.outage(away=False)

    day.again.work(day.now)

    assert day.pending() == 0
    assert day.row().late is None


def test_a_visit_whose_result_is_still_on_its_way_waits_for_it(day: OutageDay, issuer: CardIssuer) -> None:
    come(day, issuer)
    day.outage(away=False)
    day.again.work(day.now)
    assert day.pending() == 1

    day.report()
    day.again.work(day.now)
    assert day.row().verdict is Verdict.LATE


def test_evidence_is_deleted_after_a_day_whether_it_was_used_or_not(day: OutageDay, issuer: CardIssuer) -> None:
    come(day, issuer)
    day.report()

    day.again.work(day.now + KEEP_EVIDENCE)

    assert day.pending() == 0


def test_pending_visits_outlive_a_restart(day: OutageDay, issuer: CardIssuer, store_path: Path) -> None:
    come(day, issuer)
    day.store.close()

    with Store(store_path) as store:
        assert len(PendingStore(store).all()) == 1


def test_the_desk_looks_a_visit_up_by_what_a_document_says(day: OutageDay) -> None:
    day.report(Reason.SERVICE_UNREACHABLE)

    assert day.enquiries.look_up(day.visitor.reception, TARO_TYPED, by="sato", now=day.now)
    assert day.woken == [True]
    day.again.work(day.now)
    late = day.row()

    assert late.late is not None
    assert late.late.verdict is Verdict.VALID
    assert not day.enquiries.look_up("nobody", TARO_TYPED, by="sato", now=day.now)


def test_what_the_desk_typed_lies_sealed_on_the_disk(day: OutageDay, store_path: Path) -> None:
    day.report(Reason.CARD_UNREADABLE)
    day.enquiries.look_up(day.visitor.reception, TARO_TYPED, by="sato", now=day.now)

    assert all(b"06990012" not in file.read_bytes() for file in store_path.parent.glob("clinic.sqlite*"))
    day.again.work(day.now)
    assert day.row().late is not None, "a visit that ended for another reason may be looked up as well"


def test_nobody_is_looked_up_by_name_on_a_normal_day(day: OutageDay) -> None:
    with pytest.raises(MessageError, match="only in the disaster mode"):
        day.enquiries.look_up_without_card(
            PersonQuery(kana="ﾋﾅﾝ ﾉｿﾞﾐ", birthdate="19551103"), consent=True, by="sato", now=day.now
        )


@pytest.mark.parametrize(("consent", "flag", "obtainable"), [(True, True, True), (None, False, False)])
def test_in_a_disaster_people_are_looked_up_by_name_and_say_yes_aloud(
    day: OutageDay, *, consent: bool | None, flag: bool, obtainable: bool
) -> None:
    day.desk.disaster.begin("地震のため", lasts=timedelta(hours=24), by="sato", now=day.now)
    reception = day.enquiries.look_up_without_card(
        PersonQuery(kana="ﾋﾅﾝ ﾉｿﾞﾐ", birthdate="19551103"), consent=consent, by="sato", now=day.now
    )
    day.again.work(day.now)
    day.desk.accept_late_answer(reception, by="sato", now=day.now)

    row = day.row(reception)
    assert (row.unit, row.disaster, row.kana, row.attendant) == (DESK, True, "ﾋﾅﾝ ﾉｿﾞﾐ", "sato")
    assert {(one.agreed, one.obtainable) for one in row.consents} == {(flag, obtainable)}


def test_whoever_watches_learns_that_the_disaster_mode_ran_out_by_itself_once(day: OutageDay) -> None:
    switch = day.desk.disaster
    switch.notice_end(day.now)
    switch.begin("地震のため", lasts=timedelta(hours=6), by="sato", now=day.now)
    switch.notice_end(day.now + timedelta(hours=5))
    heard: list[Change] = []
    end = day.desk.subscribe(heard.append)
    switch.notice_end(day.now + timedelta(hours=5, minutes=59))
    assert heard == []
    switch.notice_end(day.now + timedelta(hours=6))
    switch.notice_end(day.now + timedelta(hours=7))
    end()
    assert heard == [Change(Subject.MODE, "disaster")]


def test_the_disaster_mode_needs_a_reason_ends_by_itself_and_is_remembered(day: OutageDay, store_path: Path) -> None:
    switch = day.desk.disaster
    for reason, lasts in (("", timedelta(hours=1)), ("地震のため", LONGEST * 2), ("地震のため", timedelta(0))):
        with pytest.raises(MessageError):
            switch.begin(reason, lasts=lasts, by="sato", now=day.now)
    assert switch.present(day.now) is None

    switch.begin("地震のため", lasts=timedelta(hours=24), by="sato", now=day.now)
    assert switch.present(day.now + timedelta(hours=23)) is not None
    assert switch.present(day.now + timedelta(hours=24)) is None
    day.store.close()
    with Store(store_path) as store:
        again = DisasterSwitch(store)
        assert again.present(day.now) is not None
        assert again.end(by="suzuki", now=day.now)
        assert not again.end(by="suzuki", now=day.now)
        [mode] = again.history()
        assert (mode.reason, mode.began_by, mode.ended_by) == ("地震のため", "sato", "suzuki")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"insurer_number": "12", "number": "1", "birthdate": "19740402"}, "insurer_number"),
        ({"insurer_number": "06990012", "number": "1", "birthdate": "1974-04-02"}, "birthdate"),
        ({"insurer_number": "06990012", "birthdate": "19740402"}, "number"),
    ],
)
def test_a_field_that_is_not_filled_in_properly_is_named_without_its_value(fields: dict[str, str], place: str) -> None:
    with pytest.raises(MessageError, match=f"not filled in properly: {place}") as caught:
        read_query(fields, kind=InsuranceQuery)
    assert "1974" not in str(caught.value)


def test_a_query_never_shows_what_it_asks() -> None:
    typed = read_query({"kana": " ｼﾝﾘｮｳ ﾀﾛｳ ", "birthdate": "19740402"}, kind=PersonQuery)

    assert repr(typed) == "PersonQuery()"
    assert repr(TARO_TYPED) == "InsuranceQuery()"
    assert msgspec.structs.asdict(typed)["kana"] == "ｼﾝﾘｮｳ ﾀﾛｳ"
