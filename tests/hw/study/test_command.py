"""`uketsuke-bench study` from a shell: tables in, words or JSON out, and what it says when it cannot."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hw import cli
from hw.errors import BenchError
from hw.record import Record
from hw.station.files import Station

AIAG = str(Path(__file__).with_name("aiag.csv"))
STEADY = [30.0 + 0.5 * ((7 * i) % 5) for i in range(20)]
WriteTable = Callable[..., Path]
MakeRecord = Callable[[int], Record]


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.app, ["study", *map(str, words)])


def refused(*words: object) -> str:
    result = run(*words)
    assert isinstance(result.exception, BenchError), result.output
    return str(result.exception)


def test_a_gauge_study_is_told_and_its_page_stands_alone(tmp_path: Path) -> None:
    page = tmp_path / "pages" / "gauge.html"
    result = run("gauge", "aiag.example", AIAG, "--page", page)
    assert result.exit_code == 0
    assert "27.86" in result.output
    html = page.read_text(encoding="utf-8")
    assert "測定系の解析" in html
    assert "<script" not in html
    assert "src=" not in html
    ET.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])  # noqa: S314  our own


def test_testers_with_japanese_names_are_numbered_in_the_plot_and_named_beside_it(tmp_path: Path) -> None:
    table = tmp_path / "aiag.csv"
    table.write_text(Path(AIAG).read_text(encoding="utf-8").replace(",A,", ",診療 太郎,"), encoding="utf-8")
    page = tmp_path / "gauge.html"
    assert run("gauge", "aiag.example", table, "--page", page).exit_code == 0
    assert "3 診療 太郎" in page.read_text(encoding="utf-8")


def test_json_is_for_machines() -> None:
    told = json.loads(run("gauge", "aiag.example", AIAG, "--json").output)
    assert told["categories"] == 4


@pytest.mark.parametrize("study", ["capability", "lot"])
def test_a_lot_is_told(study: str, write_table: WriteTable, tmp_path: Path) -> None:
    table = write_table(STEADY, upper="45")
    page = tmp_path / "page.html"
    result = run(study, "nfc.apdu_ms", table, "--page", page)
    assert result.exit_code == 0, result.output
    assert page.exists()
    assert json.loads(run(study, "nfc.apdu_ms", table, "--json").output)["count"] == 20


def test_a_unit_that_was_tried_again_counts_once(write_table: WriteTable) -> None:
    again = "u-003,診療 太郎,nfc.apdu_ms,31,ms,,45,2026-05-01T00:00:00+09:00,0,1.0"
    table = write_table(STEADY, upper="45", more=again)
    assert json.loads(run("lot", "nfc.apdu_ms", table, "--json").output)["count"] == 20
    assert json.loads(run("lot", "nfc.apdu_ms", table, "--all-runs", "--json").output)["count"] == 21


def test_two_builds_are_compared_by_file_or_by_version(write_table: WriteTable) -> None:
    slower = [value + 3 for value in STEADY]
    old, new = write_table(STEADY, file="old.csv"), write_table(slower, file="new.csv")
    by_file = json.loads(run("compare", "nfc.apdu_ms", old, new, "--json").output)
    assert by_file["mean"]["value"] == pytest.approx(3)
    assert by_file["mean"]["low"] > 0
    both = old.with_name("both.csv")
    rows = new.read_text(encoding="utf-8").replace(",1.0\n", ",2.0\n").replace("u-", "v-").splitlines()[1:]
    both.write_text(old.read_text(encoding="utf-8") + "\n".join(rows) + "\n", encoding="utf-8")
    split = ("--by", "program", "--old", "1.0", "--new")
    by_version = json.loads(run("compare", "nfc.apdu_ms", both, *split, "2.0", "--json").output)
    assert by_version["mean"] == by_file["mean"]
    assert "there is 1.0, 2.0" in refused("compare", "nfc.apdu_ms", both, *split, "3.0")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("u-9,t,nfc.apdu_ms,many,ms,,,,0,", "row 22, column 'value': 'many' is no number"),
        ("u-9,t,nfc.apdu_ms,nan,ms,,,,0,", "row 22, column 'value': 'nan' is no number"),
        (",t,nfc.apdu_ms,1,ms,,,,0,", "row 22, column 'serial': is empty"),
        ("u-9,t,nfc.apdu_ms,1,ms,,,yesterday,0,", "row 22, column 'ended': 'yesterday' is no time"),
        ("u-9,t,nfc.apdu_ms,1,ms,,,,0,,,", "row 22: more fields than columns"),
        ("u-9,t,nfc.apdu_ms,1,s,,45,,0,", "row 22: nfc.apdu_ms is in 's', but in 'ms' at lot.csv, row 2"),
        ("u-9,t,nfc.apdu_ms,1,ms,,45,,1,", "simulated and real units are never studied together"),
        ("u-9,t,nfc.apdu_ms,1,ms,,50,,0,", "a study needs one pair of them"),
    ],
)
def test_a_row_that_is_wrong_is_named(row: str, why: str, write_table: WriteTable) -> None:
    assert why in refused("capability", "nfc.apdu_ms", write_table(STEADY, upper="45", more=row))


def test_a_table_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "short.csv"
    table.write_text("serial,value\nu-1,2\n", encoding="utf-8")
    assert refused("lot", "x", table) == "short.csv, row 1: column 'name' is missing"


def test_a_measurement_that_is_not_there_gets_the_near_ones(write_table: WriteTable) -> None:
    assert "there is nfc.apdu_ms" in refused("lot", "nfc.apdu", write_table(STEADY))


def test_a_gauge_study_wants_every_cell_filled(tmp_path: Path) -> None:
    table = tmp_path / "aiag.csv"
    rows = Path(AIAG).read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(rows[:-1]) + "\n", encoding="utf-8")
    assert refused("gauge", "aiag.example", table) == "unit 'part-10' was measured 2 times by 'C', others 3 times"


def test_what_cannot_be_studied_says_so(write_table: WriteTable, tmp_path: Path) -> None:
    assert "this measurement has none" in refused("capability", "nfc.apdu_ms", write_table(STEADY))
    assert "alike" in refused("capability", "nfc.apdu_ms", write_table([3.0] * 9, upper="45"))
    assert "5 figures or more" in refused("lot", "nfc.apdu_ms", write_table([1.0, 2.0]))
    assert "two testers or more" in refused("gauge", "nfc.apdu_ms", write_table(STEADY))
    assert "no records.sqlite" in refused("lot", "nfc.apdu_ms", tmp_path)
    assert "cannot be read" in refused("lot", "nfc.apdu_ms", tmp_path / "none.csv")


def test_a_stations_own_records_are_studied_after_their_signatures_held(
    tmp_path: Path, make_record: MakeRecord
) -> None:
    station = Station(tmp_path / "station")
    with station.store() as store:
        for number in range(6):
            record = make_record(number)
            store.keep(record, station.sign(record))
    told = json.loads(run("lot", "nfc.apdu_ms", station.folder, "--json").output)
    assert told["count"] == 6
    assert told["median"] == 32.5


def test_a_signed_document_is_read_with_its_stations_key_only(tmp_path: Path, make_record: MakeRecord) -> None:
    station = Station(tmp_path / "station")
    documents = [tmp_path / f"{number}.json" for number in range(5)]
    for number, document in enumerate(documents):
        document.write_bytes(station.sign(make_record(number)))
    key = tmp_path / "key.pem"
    key.write_bytes(station.public_key())
    told = json.loads(run("lot", "nfc.apdu_ms", *documents, "--key", f"bench={key}", "--json").output)
    assert told["count"] == 5
    assert "nobody here knows" in refused("lot", "nfc.apdu_ms", *documents)
    documents[3].write_bytes(documents[3].read_bytes().replace(b'"value":33', b'"value":31'))
    assert "3.json: bench record: the signature does not hold" in refused(
        "lot", "nfc.apdu_ms", *documents, "--key", f"bench={key}"
    )
    assert "no public key" in refused("lot", "nfc.apdu_ms", *documents, "--key", f"bench={documents[0]}")
    assert "STATION=FILE" in refused("lot", "nfc.apdu_ms", *documents, "--key", "bench")
