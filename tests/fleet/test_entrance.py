"""Units come in by a list: all of them or none, each mistake with its line and column, each unit with its label."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from device.domain.errors import BadConfig
from device.wire.ticket import PREFIX, read_ticket
from provisioning.fleet.cli import app

Command = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fleet"
    result = CliRunner().invoke(app, ["init", str(made), "--host", "broker.example"])
    assert result.exit_code == 0, result.output
    return made


@pytest.fixture
def command(folder: Path) -> Command:
    """Give a command for this fleet."""

    def give(*words: str | Path) -> Result:
        return CliRunner().invoke(app, [*map(str, words), "--fleet", str(folder)])

    return give


@pytest.fixture
def units_csv(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "units.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_list_becomes_units_with_a_ticket_each(
    command: Command, units_csv: Callable[[str], Path], folder: Path
) -> None:
    result = command("import", units_csv("serial,site,profile\nA-1,clinic-1,desk\nA-2,clinic-2,\n"), "--json")

    assert json.loads(result.output)["imported"] == 2
    listed = json.loads(command("list", "--json").output)
    assert [
        (unit["serial"], unit["site"], unit["state"]) for unit in sorted(listed, key=lambda one: one["serial"])
    ] == [
        ("A-1", "clinic-1", "imported"),
        ("A-2", "clinic-2", "imported"),
    ]
    assert "A-1" not in listed[0]["unit"], "a name in topics and certificates says nothing of the machine"
    file = folder / "tickets/A-1.ticket"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ticket = read_ticket(file.read_text(), where="test")
    assert (ticket.host, ticket.port) == ("broker.example", 8885)
    assert repr(ticket).count("key") == 0


def test_a_dry_run_changes_nothing(command: Command, units_csv: Callable[[str], Path], folder: Path) -> None:
    result = command("import", units_csv("serial\nA-1\n"), "--dry-run")

    assert "1 units would come in" in result.output
    assert json.loads(command("list", "--json").output) == []
    assert list((folder / "tickets").iterdir()) == []


def test_every_mistake_is_named_with_line_and_column_and_nothing_is_imported(
    command: Command, units_csv: Callable[[str], Path]
) -> None:
    command("import", units_csv("serial\nOLD\n"))
    result = command(
        "import",
        units_csv("serial,site,profile\nA-1,clinic 1,desk\nA/2,,\nA-3,clinic-1\nA-4,,\nOLD,,\nA-4,,\n\nA-5,,de sk\n"),
        "--json",
    )

    assert result.exit_code == 1
    found = [(problem["line"], problem["column"]) for problem in json.loads(result.output)["problems"]]
    assert found == [(2, "site"), (3, "serial"), (4, "-"), (6, "serial"), (7, "serial"), (9, "profile")]
    assert [unit["serial"] for unit in json.loads(command("list", "--json").output)] == ["OLD"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has to name the columns"),
        (b"name,site\nA,B\n", "it does not know name"),
        (b"serial,serial\nA,B\n", "has to name the columns"),
        (b"serial\n\xff\xfe\n", "is not UTF-8"),
        (b"serial\n", "there is no unit in the list"),
        (b'serial\n"A\n', "is no CSV"),
    ],
)
def test_a_file_that_is_no_list_says_why(command: Command, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "units.csv"
    path.write_bytes(content)
    result = command("import", path)

    assert words in result.output + str(result.exception)


def test_a_label_is_read_back_by_a_scanner(command: Command, units_csv: Callable[[str], Path], tmp_path: Path) -> None:
    command("import", units_csv("serial,site\nA-1,clinic-1\n"))
    result = command("label", tmp_path / "labels.png")
    assert result.exit_code == 0, result.output

    page = cv2.imread(str(tmp_path / "labels.png"))
    assert page is not None
    # OpenCV's other detector misses a quarter of codes as dense as a ticket's.
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(page[:, : page.shape[1] // 2][: page.shape[0] // 4 + 60])
    assert read_ticket(text, where="label").host == "broker.example"


def test_labels_of_many_units_are_one_pdf(command: Command, units_csv: Callable[[str], Path], tmp_path: Path) -> None:
    command("import", units_csv("serial\n" + "".join(f"A-{number}\n" for number in range(9))))
    result = command("label", tmp_path / "labels.pdf", "--json")

    assert json.loads(result.output)["labels"] == 9
    assert (tmp_path / "labels.pdf").read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE((tmp_path / "labels.pdf").stat().st_mode) == 0o600


def test_init_done_again_keeps_every_key(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.key*")}
    assert CliRunner().invoke(app, ["init", str(folder)]).exit_code == 0
    assert {path: path.read_bytes() for path in folder.rglob("*.key*")} == before


def test_an_authority_that_is_gone_is_not_made_anew(folder: Path) -> None:
    for path in (folder / "authority").iterdir():
        path.unlink()
    result = CliRunner().invoke(app, ["init", str(folder)])

    assert isinstance(result.exception, BadConfig)
    assert "bring the folder back from a backup" in str(result.exception)


def test_an_audit_key_that_is_gone_says_so(command: Command, folder: Path) -> None:
    (folder / "audit.key").unlink()
    result = command("list")

    assert "audit's key cannot be read" in str(result.exception)


def test_a_wrong_passphrase_is_told_at_once(tmp_path: Path, units_csv: Callable[[str], Path]) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("correct horse\n")
    wrong.write_text("battery staple\n")
    made = str(tmp_path / "locked")
    CliRunner().invoke(app, ["init", made, "--host", "h.example", "--passphrase-file", str(right)])
    assert b"ENCRYPTED" in (tmp_path / "locked/authority/authority.key.pem").read_bytes()
    listed = str(units_csv("serial\nA-1\n"))

    for said in ([], ["--passphrase-file", str(wrong)]):
        result = CliRunner().invoke(app, ["import", listed, "--fleet", made, *said])
        assert isinstance(result.exception, BadConfig)
        assert "authority.key.pem" in str(result.exception)
        assert "staple" not in str(result.exception)
    result = CliRunner().invoke(app, ["import", listed, "--fleet", made, "--passphrase-file", str(right)])
    assert result.exit_code == 0


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=", max_size=200) | st.text(max_size=50))
def test_a_ticket_that_is_none_is_a_bad_configuration_whatever_it_is(text: str) -> None:
    for said in (text, PREFIX + text):
        with pytest.raises(BadConfig):
            read_ticket(said, where="test")


def test_the_audit_tells_what_was_done_and_holds(command: Command, units_csv: Callable[[str], Path]) -> None:
    command("import", units_csv("serial\nA-1\n"))
    lines = [json.loads(line) for line in command("audit", "list", "--json").output.splitlines()]

    assert [line["action"] for line in lines] == ["import", "init"]
    assert all(line["actor"].startswith("cli:") for line in lines)
    assert "the chain holds" in command("audit", "verify").output
    head = command("audit", "head").output.strip()
    assert command("audit", "verify", "--since", head).exit_code == 0


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ("voice.volume=60", 0, "0 units would get new settings; nothing is written"),
        ("voice.volumme=60", 2, "no such option. Did you mean 'volume'?"),
    ],
    ids=["good", "unknown option"],
)
def test_a_dry_run_of_settings_speaks_also_where_no_unit_has_them_yet(
    change: str, code: int, words: str, folder: Path
) -> None:
    said = ["twin", "set", "profile/desk", change, "--why", "x", "--dry-run", "--fleet", str(folder)]
    result = CliRunner().invoke(app, said)
    assert words in f"{result.output}{result.exception or ''}"
    assert (result.exit_code == 0) is (code == 0)
