"""A unit tells how it is: on its socket, to the journal, to Prometheus, in a terminal."""

from __future__ import annotations

import json
import logging
import socket
import stat
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner

from device.app import config as configuration
from device.app.care_page import render
from device.app.cli import app
from device.app.health import Health
from device.app.journal_events import WORDS, Event
from device.app.logbook import named, process_cost
from device.app.logs import log_to_journal
from device.app.metrics import serve_metrics
from device.app.snapshot import PartNow, Snapshot, decode, encode
from device.app.unit_socket import ask_unit
from device.app.watch_view import VISIT, view
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.drivers.machine import LinuxMachine
from device.drivers.status_socket import StatusSocket, ask
from device.reception import State
from device.wire.findings import Checkup

NOW = datetime(2026, 4, 6, 0, 30, tzinfo=UTC)
WELL = Snapshot(
    unit="sim-0001",
    version="0.1.0",
    simulated=True,
    pid=4711,
    at=NOW,
    uptime_s=7300.0,
    state="ready",
    visit="idle",
    visit_s=12.0,
    cue="idle",
    troubles=[],
    line_up=True,
    waiting_results=0,
    visits={"qualified": 41, "cancelled": 2},
    dropped={"stale": 1},
    clock_trusted=True,
    memory_kb=150_000,
    cpu_s=12.5,
    checkup=Checkup(at=NOW, severity="notice", codes=[], checks=34),
)
CAMERA = PartNow(part="camera", reason=Reason.CAMERA_FAULT, why="no frame for 2.1 s", for_s=65.0, needs_person=False)
ILL = Snapshot(
    **{name: getattr(WELL, name) for name in WELL.__struct_fields__}
    | {
        "state": "impaired",
        "line_up": False,
        "waiting_results": None,
        "clock_trusted": False,
        "troubles": [CAMERA],
        "checkup": Checkup(at=NOW, severity="error", codes=["camera_silent"], checks=34),
    }
)


def shown(snapshot: Snapshot, width: int = 160) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(view(snapshot))
    return capture.get()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A socket's path is 107 bytes long at most."""
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="uk") as folder:
        yield Path(folder) / "unit.sock"


@pytest.fixture
def unit_file(short_path: Path, tmp_path: Path) -> Path:
    file = tmp_path / "unit.toml"
    text = configuration.EXAMPLE.replace('name = "unit-0001"', 'name = "sim-0001"')
    file.write_text(text.replace("# socket = ", f'socket = "{short_path}" #'), encoding="utf-8")
    return file


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_sentence_loses_its_end_however_narrow_the_terminal(width: int) -> None:
    text = shown(ILL, width=width)
    assert "…" not in text
    assert "".join("暗証番号と目視で受け付ける") in "".join(text.replace("│", "").split())


def test_what_a_driver_says_is_shown_as_it_says_it() -> None:
    odd = replace(ILL, troubles=[replace(CAMERA, why="see to [voice] device")])
    assert "see to [voice] device" in shown(odd)
    assert "[idle]" in shown(odd)


def test_every_state_of_a_visit_has_words() -> None:
    assert set(VISIT) == {named(state) for state in get_args(State)}
    assert "nobody is here" in shown(WELL)


def test_whoever_connects_hears_how_the_unit_is_and_nobody_else_may(short_path: Path) -> None:
    with StatusSocket(short_path, lambda: encode(WELL)):
        assert stat.S_IMODE(short_path.stat().st_mode) == 0o660
        assert ask_unit(short_path) == WELL
        assert ask_unit(short_path) == WELL
    assert not short_path.exists()
    with pytest.raises(Fault, match="no unit answers at"):
        ask_unit(short_path)


def test_a_socket_of_an_earlier_life_is_taken_over(short_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(short_path))
    left.close()
    with StatusSocket(short_path, lambda: encode(ILL)):
        assert decode(ask(short_path)) == ILL


def test_where_nobody_can_listen_the_unit_serves_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with StatusSocket(tmp_path / "not" / "there" / "unit.sock", lambda: b""):
        assert "nobody can ask this unit how it is" in caplog.text


def test_what_is_no_snapshot_is_refused(short_path: Path) -> None:
    with (
        StatusSocket(short_path, lambda: b'{"unit": 5}\n'),
        pytest.raises(Fault, match="not this version's unit"),
    ):
        ask_unit(short_path)


def test_a_terminal_shows_a_well_unit() -> None:
    text = shown(WELL)
    assert "sim-0001" in text
    assert "準備よし / ready" in text
    assert "41  qualified" in text
    assert "34 項目、すべてよし" in text
    assert "2026-04-06 09:30" in text, "the clinic's own time"


def test_a_terminal_shows_what_does_not_work_what_still_does_and_who_does_what() -> None:
    text = shown(ILL)
    assert "▲ 一部が動きません" in text
    assert "暗証番号と目視で受け付ける" in text
    assert "no frame for 2.1 s" in text
    assert "切れています / down" in text
    assert "カメラが映りません" in text


def test_status_and_watch_ask_the_unit_of_a_configuration(
    unit_file: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, file = CliRunner().invoke, unit_file
    assert run(app, ["status", "--config", str(file)]).exit_code != 0
    with StatusSocket(short_path, lambda: encode(ILL)):
        done = run(app, ["status", "--config", str(file), "--json"])
        assert done.exit_code == 1
        assert json.loads(done.stdout)["troubles"][0]["part"] == "camera"
        monkeypatch.setattr("device.app.status_cli.LOOK_S", 0.0)
        assert "sim-0001" in run(app, ["watch", "--config", str(file), "--seconds", "0.01"]).stdout


def test_watch_tells_machines_a_line_for_each_change_and_none_for_the_clock(
    unit_file: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.app.status_cli.LOOK_S", 0.0)
    later = replace(ILL, at=NOW + timedelta(minutes=1), uptime_s=7360.0, troubles=[replace(CAMERA, for_s=125.0)])
    answers = iter([ILL, later, WELL])
    asked_all = []

    def answer() -> bytes:
        now = next(answers, WELL)
        if now is WELL:
            asked_all.append(now)
        return encode(now)

    def seconds_go_on() -> float:
        """Until all answers were given, and twice the last."""
        return 10.0 * (len(asked_all) > 1)

    monkeypatch.setattr("device.app.status_cli.time.monotonic", seconds_go_on)
    with StatusSocket(short_path, answer):
        done = CliRunner().invoke(app, ["watch", "--config", str(unit_file), "--seconds", "1", "--json"])
    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["state"] for line in told] == ["impaired", "ready"]
    assert told[0]["uptime_s"] == 7300.0


def test_watch_tells_machines_once_that_no_unit_answers(unit_file: Path) -> None:
    done = CliRunner().invoke(app, ["watch", "--config", str(unit_file), "--seconds", "1", "--json"])
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["ok"] is False
    assert "no unit answers" in json.loads(line)["message"]


def scraped(snapshot: Snapshot) -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    close = serve_metrics(port, lambda: snapshot)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            return str(page.read().decode())
    finally:
        close()


def test_prometheus_is_told_on_this_machine_alone() -> None:
    text = scraped(ILL)
    assert 'uketsuke_unit_info{simulated="true",unit="sim-0001",version="0.1.0"} 1.0' in text
    assert "uketsuke_ready 0.0" in text
    assert 'uketsuke_part_trouble_seconds{part="camera",reason="camera_fault"} 65.0' in text
    assert 'uketsuke_visits_total{reason="qualified"} 41.0' in text
    assert 'uketsuke_messages_dropped_total{cause="stale"} 1.0' in text
    assert 'uketsuke_finding{code="camera_silent"} 1.0' in text
    assert "uketsuke_results_waiting" not in text
    assert "uketsuke_results_waiting 0.0" in scraped(WELL)


def test_a_port_that_somebody_has_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BadConfig, match="metrics_port"):
        serve_metrics(taken.getsockname()[1], lambda: WELL)


# --- the journal -----------------------------------------------------------------------------------------------------


def fields(datagram: bytes) -> dict[str, str]:
    found = {}
    while datagram:
        name, _, rest = datagram.partition(b"\n")
        length = int.from_bytes(rest[:8], "little")
        found[name.decode()] = rest[8 : 8 + length].decode()
        datagram = rest[9 + length :]
    return found


@pytest.fixture
def journal(short_path: Path) -> Iterator[socket.socket]:
    """What stands where systemd's journal listens."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(short_path))
        journal.settimeout(5)
        yield journal
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_fault_reaches_the_journal_with_its_id_and_its_part(journal: socket.socket, short_path: Path) -> None:
    handler = log_to_journal({"JOURNAL_STREAM": "8:1"}, "sim-0001", address=str(short_path))
    assert handler is not None
    clock = iter([100.0, 165.0])
    health = Health(lambda _: None, lambda: next(clock))
    health.report("camera", Reason.CAMERA_FAULT, why="no frame\nMESSAGE_ID=forged")
    failed = fields(journal.recv(65_536))
    assert failed["MESSAGE_ID"] == Event.PART_FAILED.value
    assert failed["PRIORITY"] == "4"
    assert failed["UKETSUKE_UNIT"] == "sim-0001"
    assert failed["UKETSUKE_PART"] == "camera"
    assert failed["UKETSUKE_REASON"] == "camera_fault"
    assert "MESSAGE_ID=forged" in failed["MESSAGE"]
    health.report("camera", None)
    back = fields(journal.recv(65_536))
    assert back["MESSAGE_ID"] == Event.PART_RECOVERED.value
    assert back["UKETSUKE_SECONDS"] == "65"
    handler.close()


def test_by_hand_the_log_stays_on_the_terminal() -> None:
    assert log_to_journal({}, "sim-0001") is None


def test_without_a_journal_nothing_is_lost(
    journal: socket.socket, short_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = log_to_journal({"JOURNAL_STREAM": "8:1"}, "sim-0001", address=str(short_path.with_name("none")))
    assert handler is not None
    logging.getLogger("device").warning("still here")
    handler.close()
    assert "still here" in capsys.readouterr().err
    assert journal.fileno() > 0


def test_every_event_has_an_id_of_its_own_and_words() -> None:
    assert set(WORDS) == set(Event)
    assert len({event.value for event in Event}) == len(Event)
    assert all(len(event.value) == 32 and int(event.value, 16) for event in Event)


def test_a_process_knows_what_it_costs() -> None:
    memory_kb, cpu_s = process_cost(LinuxMachine())
    assert memory_kb is not None
    assert memory_kb > 1000
    assert cpu_s is not None
    assert cpu_s > 0
    assert process_cost(None) == (None, None)


def test_the_page_for_operators_says_what_the_tables_say() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operation.md").read_text(encoding="utf-8")
    assert page == render(page), "run `make pages`"
    assert "| カードリーダー |" in page
    assert "| card reader |" in page
    assert Event.PART_FAILED.value in page
