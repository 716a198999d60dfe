"""What a unit does about its fleet's orders is decided without a line, a disk or a clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Drop
from device.link import fleet_events as told
from device.link.fleet import FleetMachine, FleetPolicy, Member
from device.link.twin import TwinBook, Version
from device.wire.codec import decode, encode
from device.wire.fleet import Command, SignedOrder, TwinReport, TwinWanted
from device.wire.sealing import Signer
from device.wire.services import FLEET
from device.wire.topics import Down, Up
from provisioning.pki import SiteAuthority

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
UNIT = "unit-07"
VOICE = {"voice": {"volume": 60}}


class Bench:
    """A machine, and a fleet that signs orders for it."""

    def __init__(self) -> None:
        self.authority = SiteAuthority.create("site-1", now=NOW)
        self.certificate = self._certificate("unit-07")
        self.check: Callable[[Any], tuple[str, ...]] = lambda _: ()
        self.machine = self.new(TwinBook())

    def _certificate(self, name: str) -> x509.Certificate:
        pem = self.authority.issue_client(name, now=NOW, lifetime=timedelta(days=90)).certificate_pem
        return x509.load_pem_x509_certificate(pem)

    def new(self, book: TwinBook) -> FleetMachine:
        member = Member(unit=UNIT, authority=self.authority.certificate, certificate=self.certificate)
        return FleetMachine(member, book, check=lambda settings: self.check(settings), random=lambda: 0.5)  # noqa: PLW0108  a test may change it

    def sign(self, order: TwinWanted | Command, *, by: str = FLEET) -> bytes:
        identity = self.authority.issue_client(by, now=NOW)
        return encode(SignedOrder(jws=Signer.load(identity.key_pem, identity.certificate_pem).sign(encode(order))))

    def wanted(self, version: int, settings: Any = VOICE, mode: Any = "serve", unit: str = UNIT) -> TwinWanted:  # noqa: ANN401
        return TwinWanted(unit=unit, version=version, mode=mode, settings=settings, issued_at=NOW)

    def hear(self, order: TwinWanted | Command, *, by: str = FLEET, leaf: Down = Down.TWIN) -> list[told.FleetAction]:
        return self.machine.handle(told.Ordered(leaf, self.sign(order, by=by)), 0.0, NOW)

    def end(self, *errors: str) -> list[told.FleetAction]:
        return self.machine.handle(told.TrialEnded(errors), 0.0, NOW)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def kinds(actions: list[told.FleetAction]) -> list[str]:
    return [type(action).__name__ for action in actions]


def report_in(actions: list[told.FleetAction]) -> TwinReport:
    [said] = [action for action in actions if isinstance(action, told.Say) and action.leaf is Up.TWIN]
    report: TwinReport = decode(said.payload, TwinReport)
    return report


def test_an_offer_is_kept_before_it_is_tried_out_and_good_when_it_held(bench: Bench) -> None:
    assert kinds(bench.hear(bench.wanted(1))) == ["KeepBook", "SetMode", "TryOut"]
    ended = bench.end()
    assert kinds(ended) == ["KeepBook", "Say"]
    assert (report_in(ended).version, report_in(ended).status) == (1, "applied")


def test_what_does_not_hold_goes_back_with_the_reason(bench: Bench) -> None:
    bench.hear(bench.wanted(1))
    bench.end()
    bench.hear(bench.wanted(2, {"voice": {"volume": 1}}))
    ended = bench.end("voice: voice_fault")

    assert kinds(ended) == ["KeepBook", "GoBack", "SetMode", "Say"]
    assert bench.machine.book.active.settings == VOICE
    report = report_in(ended)
    assert (report.version, report.status, report.about, report.errors) == (1, "rolled_back", 2, ["voice: voice_fault"])
    assert kinds(bench.hear(bench.wanted(2, {"voice": {"volume": 1}}))) == ["Say"], "the same offer is not tried twice"


def test_what_is_no_setting_is_rejected_and_never_in_force(bench: Bench) -> None:
    bench.check = lambda _: ("voice.volum: no such option",)
    heard = bench.hear(bench.wanted(1))
    assert kinds(heard) == ["KeepBook", "Say"]
    assert (report_in(heard).status, report_in(heard).version) == ("rejected", 0)


@pytest.mark.parametrize("section", ["unit", "broker", "clinic", "fleet"])
def test_nobody_tells_a_unit_who_it_is(bench: Bench, section: str) -> None:
    assert report_in(bench.hear(bench.wanted(1, {section: {"x": 1}}))).status == "rejected"


def test_a_quarantine_takes_effect_without_a_trial(bench: Bench) -> None:
    bench.hear(bench.wanted(1))
    bench.end()
    heard = bench.hear(bench.wanted(2, VOICE, "quarantined"))
    assert kinds(heard) == ["KeepBook", "SetMode", "Say"]
    assert heard[1] == told.SetMode("quarantined")
    assert report_in(heard).mode == "quarantined"


def test_an_order_of_somebody_else_or_for_somebody_else_has_no_effect(bench: Bench) -> None:
    assert bench.hear(bench.wanted(1), by="unit-08") == []
    assert bench.hear(bench.wanted(1, unit="unit-08")) == []
    assert bench.machine.handle(told.Ordered(Down.TWIN, b"{}"), 0.0, NOW) == []
    assert bench.machine.book == TwinBook()
    assert bench.machine.dropped[Drop.FOREIGN_TOPIC] == 1


def test_an_old_order_that_is_said_again_changes_nothing(bench: Bench) -> None:
    for version in (1, 2):
        bench.hear(bench.wanted(version, {"voice": {"volume": version}}))
        bench.end()
    assert kinds(bench.hear(bench.wanted(1, {"voice": {"volume": 1}}))) == ["Say"]
    assert bench.machine.book.good.version == 2


def test_a_power_cut_in_a_trial_leaves_the_version_before(bench: Bench) -> None:
    bench.hear(bench.wanted(1))
    bench.end()
    bench.hear(bench.wanted(2, {"voice": {"volume": 1}}))
    again = bench.new(bench.machine.book)

    assert kinds(again.start()) == ["KeepBook", "SetMode"]
    assert again.book.active.version == 1
    assert again.book.errors == ("the unit stopped during the trial",)


def test_a_start_that_is_the_trial_goes_on_with_it(bench: Bench) -> None:
    bench.hear(bench.wanted(1, VOICE, "quarantined"))
    again = bench.new(bench.machine.book)
    assert again.start(trying=True) == [told.SetMode("quarantined")]
    assert again.book.trial is not None


def test_a_command_is_done_once_and_not_when_its_time_is_over(bench: Bench) -> None:
    order = Command(command_id="d1a9000012345678", unit=UNIT, what="send_logs", until=NOW + timedelta(hours=1))
    assert kinds(bench.hear(order, leaf=Down.COMMAND)) == ["KeepBook", "CollectLogs"]
    assert bench.hear(order, leaf=Down.COMMAND) == []
    late = Command(command_id="d1a9000012345679", unit=UNIT, what="wipe", until=NOW - timedelta(seconds=1))
    assert bench.hear(late, leaf=Down.COMMAND) == []
    assert bench.new(bench.machine.book).book.done == ("d1a9000012345678",), "also after a power cut"


def test_a_wipe_says_its_receipt_before_anything_is_gone(bench: Bench) -> None:
    order = Command(command_id="d1a9000012345678", unit=UNIT, what="wipe", until=NOW + timedelta(hours=1))
    assert kinds(bench.hear(order, leaf=Down.COMMAND)) == ["KeepBook", "Wipe"]
    assert kinds(bench.machine.handle(told.Wiped("x.y.z"), 0.0, NOW)) == ["Say", "Vanish"]


def test_the_next_certificate_is_asked_for_when_a_third_is_left_and_again_an_hour_later(bench: Bench) -> None:
    early, late = NOW + timedelta(days=55), NOW + timedelta(days=61)
    assert kinds(bench.machine.handle(told.LineCame(), 0.0, early)) == ["Say"]
    assert kinds(bench.machine.handle(told.TimePassed(), 1.0, late)) == ["MakeRequest"]
    assert kinds(bench.machine.handle(told.TimePassed(), 2.0, late)) == []
    again = bench.machine.handle(told.TimePassed(), 1.0 + FleetPolicy().renew_again_s, late)
    assert "MakeRequest" in kinds(again)


def test_health_is_told_while_there_is_a_line_and_units_that_come_together_speak_apart(bench: Bench) -> None:
    bench.machine.handle(told.LineCame(), 100.0, NOW)
    assert bench.machine.wake_at_s == 100.0 + 0.5 * FleetPolicy().health_every_s
    assert kinds(bench.machine.handle(told.TimePassed(), bench.machine.wake_at_s, NOW)) == ["ReadHealth"]
    bench.machine.handle(told.LineWent(), 200.0, NOW)
    assert bench.machine.wake_at_s == float("inf")


versions = st.builds(
    Version,
    version=st.integers(1, 9),
    mode=st.sampled_from(["serve", "quarantined"]),
    settings=st.sampled_from([{}, VOICE, {"voice": {"volume": 1}}]),
)


@given(st.lists(st.tuples(versions, st.booleans(), st.booleans()), max_size=12))
def test_whatever_is_offered_and_however_it_ends_the_unit_is_in_a_version_that_held(
    offers: list[tuple[Version, bool, bool]],
) -> None:
    book, held = TwinBook(), {0}
    for offer, holds, power_cut in offers:
        wanted = TwinWanted(unit=UNIT, version=offer.version, mode=offer.mode, settings=offer.settings, issued_at=NOW)
        if not book.offered(wanted):
            continue
        book = book.on_trial(wanted)
        book = book.woken() if power_cut else book.ended(() if holds else ("no",))
        if holds and not power_cut:
            held.add(offer.version)
        assert book.trial is None
        assert book.active.version in held
        assert book.about == offer.version, "the fleet is told what became of it"
