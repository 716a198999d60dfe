from __future__ import annotations

import io
import json
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clinic import cli
from clinic.config import load_config
from clinic.keys import load_key
from clinic.store import Store

if TYPE_CHECKING:
    from datetime import datetime

    from tests.clinic.conftest import ClinicFolder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Run the command line as the entry point does; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["uketsuke-clinic", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize(
    "words", [["--help"], ["run", "-h"], ["config", "check", "-h"], ["keys", "-h"], ["rotate", "-h"]]
)
def test_every_command_explains_itself(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *words) == 0
    assert "Usage: uketsuke-clinic" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["rum"], ["run"], ["run", "--config"], ["config", "check"], ["keys", "--nothing"]])
def test_a_wrong_command_is_told_apart_from_a_failure(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *words) == 2
    assert "Error" in capsys.readouterr().err


def test_keys_are_made_once_and_the_private_one_is_for_the_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "keys"

    assert run(monkeypatch, "keys", folder, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    private, public = load_key(Path(said["private"]), private=True), load_key(Path(said["public"]), private=False)
    assert private.kid == public.kid == said["kid"]
    assert stat.S_IMODE(Path(said["private"]).stat().st_mode) == 0o600

    before = Path(said["private"]).read_bytes()
    assert run(monkeypatch, "keys", folder) == 1
    assert "keys are never replaced" in capsys.readouterr().err
    assert Path(said["private"]).read_bytes() == before


def test_keys_are_rotated_by_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "keys", tmp_path, "--json") == 0
    first = json.loads(capsys.readouterr().out)

    assert run(monkeypatch, "rotate", tmp_path, "--json") == 0
    second = json.loads(capsys.readouterr().out)

    assert second["kid"] != first["kid"]
    assert load_key(Path(second["public"]), private=False).kid == second["kid"]


def test_keys_into_a_place_that_cannot_be_written_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    assert run(monkeypatch, "keys", tmp_path / "file" / "keys") == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_good_configuration_is_called_good(
    clinic: ClinicFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "config", "check", clinic.config) == 0
    assert capsys.readouterr().out == f"{clinic.config}: good, would run clinic-gateway, clinic-consumer\n"

    assert run(monkeypatch, "config", "check", clinic.config, "--json") == 0
    assert json.loads(capsys.readouterr().out)["good"] is True


@pytest.mark.parametrize("command", [["config", "check"], ["run", "--config"]])
def test_a_bad_configuration_is_one_sentence_and_exit_code_2(
    command: list[str], clinic: ClinicFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic.config.write_text(clinic.config.read_text().replace("host", "hosst"))
    line = clinic.config.read_text().splitlines().index('hosst = "127.0.0.1"') + 1

    assert run(monkeypatch, *command, clinic.config) == 2
    assert capsys.readouterr().err == (
        f"uketsuke-clinic: {clinic.config}:{line}: [broker] hosst: no option 'hosst'; it has host, port, authority. "
        "Did you mean 'host'?\n"
    )


def test_a_bad_configuration_is_an_object_for_machines(
    clinic: ClinicFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic.config.write_text("")

    assert run(monkeypatch, "config", "check", clinic.config, "--json") == 2
    said = json.loads(capsys.readouterr().out)
    assert said["good"] is False
    assert "[site]: is missing" in said["problem"]


def test_what_any_command_cannot_do_is_an_object_for_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "keys", tmp_path) == 0
    capsys.readouterr()

    assert run(monkeypatch, "keys", tmp_path, "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert "keys are never replaced" in said["message"]


def test_what_was_set_aside_is_listed_with_its_reason_and_without_the_result(
    clinic: ClinicFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], now: datetime
) -> None:
    section = load_config(clinic.config).consumer
    assert section is not None
    with Store(clinic.folder / section.store) as store:
        assert run(monkeypatch, "set-aside", "--config", clinic.config) == 0
        assert capsys.readouterr().out == "nothing was set aside\n"
        store.set_aside("0123", unit="unit-0001", why="signed by another", jws="its content", now=now)

        assert run(monkeypatch, "set-aside", "--config", clinic.config) == 0, "also beside a service that runs"
        said = capsys.readouterr().out
        assert said.endswith("  unit-0001  0123  signed by another\n")
        assert "its content" not in said
        assert run(monkeypatch, "set-aside", "--config", clinic.config, "--json") == 0
    told = {"at": now.isoformat(), "unit": "unit-0001", "message_id": "0123", "why": "signed by another"}
    assert json.loads(capsys.readouterr().out) == told


def test_an_unforeseen_error_is_one_sentence_without_its_text(
    clinic: ClinicFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody_listens = io.StringIO()
    nobody_listens.close()
    monkeypatch.setattr(sys, "stdout", nobody_listens)

    assert run(monkeypatch, "config", "check", clinic.config) == 1
    said = capsys.readouterr().err
    assert said.startswith("uketsuke-clinic: internal fault, ValueError in cli.py:")
    assert "closed file" not in said
