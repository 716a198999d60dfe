from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from joserfc.jwk import ECKey

from device.domain.errors import MessageError
from device.wire.bench_record import sign_bench_record, verify_bench_record
from device.wire.texts import Text
from hw.record import Environment, Measurement, PhaseRecord, Record, RigFacts, UnitFacts, Verdict, new_id, overall

KEY = ECKey.generate_key("P-256")
STATIONS = {"bench": KEY}
NOW = datetime(2026, 4, 6, tzinfo=UTC)
TITLE = Text(ja="試験", en="tried")


def record(**changes: object) -> Record:
    made = Record(
        id=new_id(),
        plan="functional",
        unit=UnitFacts(serial="u-1", board="b-1", started="1", hardware="", simulated=False, versions={}, digests={}),
        station="bench",
        tester="診療 太郎",
        rig=RigFacts(kind="hand", name="by hand"),
        started=NOW,
        ended=NOW,
        verdict=Verdict.PASS,
        why=[],
        phases=[],
        cards=[],
        environment=Environment(),
        versions={},
        digests={},
    )
    return msgspec.structs.replace(made, **changes)


def signed(told: Record) -> bytes:
    return sign_bench_record(msgspec.json.encode(told), KEY, station="bench")


def test_a_fleet_believes_a_record_that_a_known_station_signed() -> None:
    result = verify_bench_record(signed(record()), STATIONS)
    assert result.passed("functional", "u-1")
    assert not result.passed("functional", "u-2")
    assert not result.passed("release", "u-1")


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.PASS])
def test_no_other_verdict_is_a_pass(verdict: Verdict) -> None:
    assert not verify_bench_record(signed(record(verdict=verdict)), STATIONS).passed("functional", "u-1")


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        (b'"verdict":"pass"', b'"verdict":"fail"', "changed"),
        (b'"serial":"u-1"', b'"serial":"u-2"', "changed"),
        (b'"record":{', b'"record":{ ', "changed"),
        (b'"signature":"', b'"signature":"A', "does not hold"),
        (b"..", b".", "no detached JWS"),
        (b'{"signature"', b'{"sig"', "no record"),
        (b"}}", b"}", "no record"),
    ],
)
def test_a_record_that_was_touched_is_refused(was: bytes, becomes: bytes, why: str) -> None:
    document = signed(record(verdict=Verdict.PASS))
    assert was in document
    with pytest.raises(MessageError, match=why):
        verify_bench_record(document.replace(was, becomes), STATIONS)


def test_a_station_that_nobody_knows_is_not_believed() -> None:
    with pytest.raises(MessageError, match="nobody here knows"):
        verify_bench_record(signed(record()), {"other": KEY})


def test_a_station_cannot_sign_in_the_name_of_another() -> None:
    with pytest.raises(MessageError, match="names another station"):
        verify_bench_record(signed(record(station="other")), STATIONS)


def test_another_key_of_the_same_name_does_not_do() -> None:
    with pytest.raises(MessageError, match="does not hold"):
        verify_bench_record(signed(record()), {"bench": ECKey.generate_key("P-256")})


def test_a_format_of_another_time_is_refused() -> None:
    with pytest.raises(MessageError, match="format"):
        verify_bench_record(signed(record(format="uketsuke-bench-record/2")), STATIONS)


def test_an_unknown_field_of_a_later_version_is_ignored() -> None:
    later = msgspec.json.encode(record()).replace(b'{"format"', b'{"colour":"blue","format"')
    document = sign_bench_record(later, KEY, station="bench")
    assert verify_bench_record(document, STATIONS).passed("functional", "u-1")


def phase(verdict: Verdict, *measurements: Measurement) -> PhaseRecord:
    return PhaseRecord(
        name=verdict, title=TITLE, verdict=verdict, why=["so"], seconds=0, measurements=list(measurements), series=[]
    )


def test_what_was_not_measured_is_no_pass_and_a_stop_outweighs_all() -> None:
    good, bad, none, stop = (phase(verdict) for verdict in Verdict)
    assert overall([good]) == (Verdict.PASS, [])
    assert overall([good, none])[0] is Verdict.NOT_MEASURED
    assert overall([good, none, bad])[0] is Verdict.FAIL
    assert overall([good, none, bad, stop])[0] is Verdict.STOPPED
    assert overall([])[0] is Verdict.NOT_MEASURED
    assert overall([bad, good])[1] == ["fail: so"]


def test_a_phase_that_may_be_missing_keeps_no_run_from_passing_but_makes_none_pass() -> None:
    measurement = Measurement(
        name="attacks", title=TITLE, unit="%", value=None, verdict=Verdict.NOT_MEASURED, required=False
    )
    missing = phase(Verdict.NOT_MEASURED, measurement)
    assert overall([phase(Verdict.PASS), missing]) == (Verdict.PASS, [])
    assert overall([missing]) == (Verdict.NOT_MEASURED, ["not_measured: so"])
