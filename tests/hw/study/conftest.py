"""Tables of figures and records, made where a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.wire.texts import Text
from hw.record import Environment, Measurement, PhaseRecord, Record, RigFacts, UnitFacts, Verdict, new_id

WriteTable = Callable[..., Path]


@pytest.fixture
def write_table(tmp_path: Path) -> WriteTable:
    """Write figures of one measurement, one unit each, an hour apart."""

    def write(
        values: Sequence[float], *, file: str = "lot.csv", lower: str = "", upper: str = "", more: str = ""
    ) -> Path:
        rows = ["serial,tester,name,value,unit,lower,upper,ended,simulated,version.program"]
        for index, value in enumerate(values):
            moment = f"2026-04-{1 + index // 24:02d}T{index % 24:02d}:00:00+09:00"
            rows.append(f"u-{index:03d},診療 太郎,nfc.apdu_ms,{value},ms,{lower},{upper},{moment},0,1.0")
        path = tmp_path / file
        path.write_text("\n".join([*rows, *more.splitlines()]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def make_record() -> Callable[[int], Record]:
    """Make a record of the unit of this number, with one figure in it."""

    def make(number: int) -> Record:
        title = Text(ja="試験", en="tried")
        figure = Measurement(
            name="nfc.apdu_ms", title=title, unit="ms", value=30.0 + number, upper=45, verdict=Verdict.PASS
        )
        phase = PhaseRecord(
            name="nfc", title=title, verdict=Verdict.PASS, why=[], seconds=1, measurements=[figure], series=[]
        )
        moment = datetime(2026, 4, 6, tzinfo=UTC) + timedelta(hours=number)
        return Record(
            id=new_id(),
            plan="functional",
            unit=UnitFacts(
                serial=f"u-{number}", board="", started="1", hardware="", simulated=False, versions={}, digests={}
            ),
            station="bench",
            tester="診療 太郎",
            rig=RigFacts(kind="hand", name="by hand"),
            started=moment,
            ended=moment,
            verdict=Verdict.PASS,
            why=[],
            phases=[phase],
            cards=[],
            environment=Environment(),
            versions={},
            digests={},
        )

    return make
