"""The command as people type it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from device.app.apology import EXIT_CANNOT_RUN, EXIT_CONFIG, apologising
from device.app.config import EXAMPLE
from device.domain.errors import BadConfig

SERVICE = Path(__file__).parents[2] / "systemd/system/uketsuke.service"
PROGRAM = Path(sys.executable).with_name("uketsuke")


def uketsuke(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROGRAM), *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "unit.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    return path


@pytest.mark.parametrize("words", [(), ("run",), ("config",), ("config", "check"), ("models",), ("demo",)])
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    helped = uketsuke(*words, "--help")
    assert helped.returncode == 0
    assert "Usage" in helped.stdout


def test_the_version_is_that_of_the_distribution() -> None:
    assert uketsuke("--version").stdout.startswith("uketsuke 0.")


@pytest.mark.parametrize(
    ("program", "typed", "completed"),
    [("uketsuke", "mod", "models"), ("uketsuke-clinic", "st", "stand-in"), ("uketsuke-fleet", "rol", "rollout")],
)
def test_shell_completion_is_offered(program: str, typed: str, completed: str) -> None:
    shown = subprocess.run(
        [str(PROGRAM.with_name(program))],
        env={
            f"_{program.replace('-', '_').upper()}_COMPLETE": "complete_bash",
            "COMP_WORDS": f"{program} {typed}",
            "COMP_CWORD": "1",
            "PATH": "/usr/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.stdout.strip() == completed


def test_what_is_wrong_in_the_command_is_not_looked_for_in_the_configuration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for where, advises in (("--from-usb", False), ("unit.toml:3: [card] name", True)):
        with pytest.raises(SystemExit) as ended, apologising():
            raise BadConfig("is wrong", where=where)
        assert ended.value.code == EXIT_CANNOT_RUN
        assert ("uketsuke config check" in capsys.readouterr().err) is advises


def test_a_good_configuration(config: Path) -> None:
    checked = uketsuke("config", "check", str(config))
    assert checked.returncode == 0
    assert "unit-0001" in checked.stdout
    assert json.loads(uketsuke("config", "check", "--json", str(config)).stdout) == {"ok": True, "unit": "unit-0001"}


def test_the_printed_example_is_a_good_configuration(tmp_path: Path) -> None:
    path = tmp_path / "unit.toml"
    path.write_text(uketsuke("config", "example").stdout, encoding="utf-8")
    assert uketsuke("config", "check", str(path)).returncode == 0


def test_a_wrong_key_is_one_sentence_with_a_code_and_a_way_on(config: Path) -> None:
    config.write_text(EXAMPLE.replace("\nhost = ", "\nkolour = 3\nhost = ", 1), encoding="utf-8")
    checked = uketsuke("config", "check", str(config))
    assert checked.returncode == 2
    assert "[broker] kolour: no option 'kolour'" in checked.stderr
    assert "[config_invalid]" in checked.stderr
    assert "Traceback" not in checked.stderr
    as_json = json.loads(uketsuke("config", "check", "--json", str(config)).stdout)
    assert as_json["ok"] is False
    assert as_json["reason"] == "config_invalid"


def test_run_without_the_files_that_the_configuration_names(config: Path) -> None:
    ran = uketsuke("run", "--config", str(config))
    assert ran.returncode == EXIT_CONFIG
    assert f"RestartPreventExitStatus={EXIT_CONFIG}\n" in SERVICE.read_text(encoding="utf-8")
    assert "unit.pem: cannot be read" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_runs_for_months_carries_nothing_of_the_command_line() -> None:
    imported = "import sys, device.app.entry, device.app.compose, device.app.fleet_unit; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=True).stdout.split()

    assert "device.app.unit" in loaded
    assert not {"typer", "rich", "pydantic"} & set(loaded)


def test_models_check_tells_what_is_there_and_what_is_not() -> None:
    checked = uketsuke("models", "check", "--json")
    assert checked.returncode == 0
    states = {state["name"]: state for state in json.loads(checked.stdout)}
    assert {state["condition"] for state in states.values() if state["required"]} == {"ok"}
    liveness = [state for state in states.values() if state["role"] == "liveness"]
    assert liveness
    assert all(state["condition"] == "ok" or state["advice"] for state in liveness)


def test_models_check_finds_a_wrong_file(tmp_path: Path) -> None:
    repository = Path(__file__).parents[2] / "models"
    for name in ("manifest.toml", "photos.toml"):
        (tmp_path / name).write_bytes((repository / name).read_bytes())
    (tmp_path / "weights").mkdir()
    for weights in (repository / "weights").iterdir():
        (tmp_path / "weights" / weights.name).write_bytes(b"not a network")
    checked = uketsuke("models", "check", "--models", str(tmp_path))
    assert checked.returncode == 1
    assert "wrong digest" in checked.stdout


def test_the_demonstration_without_weights_says_what_to_do(tmp_path: Path) -> None:
    repository = Path(__file__).parents[2] / "models"
    for name in ("manifest.toml", "photos.toml"):
        (tmp_path / name).write_bytes((repository / name).read_bytes())
    played = uketsuke("demo", "--models", str(tmp_path))
    assert played.returncode == 2
    assert "make setup" in played.stderr
    assert "Traceback" not in played.stderr


def test_where_the_fleets_service_is_not_installed_its_demonstration_says_so() -> None:
    script = "import sys; sys.modules['sqlalchemy'] = None; from device.app.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "fleet-demo"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "sqlalchemy is missing" in done.stderr
    assert "pip install 'uketsuke[fleet]'" in done.stderr
    assert "Traceback" not in done.stderr
