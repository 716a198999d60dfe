"""`uketsuke-clinic` with a reception screen, as a process, and the commands about it."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from clinic.cli import app
from clinic.screen.access_log import AccessLog, load_log_key
from clinic.screen.database import Database
from device.domain.errors import BadConfig

ClinicFolder = Any
"""Made in conftest."""

PATIENCE_S = 20.0
SCREEN = '[screen]\nhost = "127.0.0.1"\nport = 0\n'
TLS = 'certificate = "screen.cert.pem"\nkey = "screen.key.pem"\n'


@contextmanager
def running(clinic: ClinicFolder) -> Iterator[dict[str, Any]]:
    """Run the services; give what they say of the screen. No broker is there: the page works all the same."""
    command = [sys.executable, "-m", "clinic.cli", "run", "--json", "--config", str(clinic.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        try:
            said = program.stdout.readline()
            yield json.loads(said) if said else {"message": program.stderr.read()}
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(PATIENCE_S)


def add(clinic: ClinicFolder, section: str) -> None:
    clinic.config.write_text(clinic.config.read_text() + section)


def with_tls(clinic: ClinicFolder) -> ssl.SSLContext:
    clinic.authority.issue_server(now=datetime.now(UTC)).write(clinic.folder, "screen")
    add(clinic, SCREEN + TLS)
    return ssl.create_default_context(cafile=clinic.folder / "authority.cert.pem")


def command(clinic: ClinicFolder, *arguments: str) -> tuple[int, str]:
    """Run a command about the screen; give its exit code and what it says, or the sentence of its refusal."""
    done = CliRunner().invoke(app, ["screen", *arguments, "--config", str(clinic.config)])
    if isinstance(done.exception, BadConfig):
        return 2, str(done.exception)
    return done.exit_code, done.stdout


def test_the_screen_is_served_over_tls_and_says_where_the_first_account_is_made(clinic: ClinicFolder) -> None:
    context = with_tls(clinic)
    with running(clinic) as said:
        assert said["address"].startswith("https://127.0.0.1:")
        assert "最初の管理者" in httpx2.get(said["first_run"], verify=context).text
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx2.get(said["address"])
    assert (clinic.folder / "screen").stat().st_mode & 0o777 == 0o700


def test_names_never_cross_a_network_in_the_clear(clinic: ClinicFolder) -> None:
    add(clinic, SCREEN.replace("127.0.0.1", "0.0.0.0"))  # noqa: S104  the very thing that is refused
    with running(clinic) as said:
        assert "[screen] host: 0.0.0.0 is not this machine alone: certificate and key are needed" in said["message"]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (SCREEN + 'certificate = "screen.cert.pem"\n', "[screen] certificate, key: go together"),
        (SCREEN + TLS, "[screen] certificate, key: cannot be used"),
        (SCREEN + TLS, "make new ones with `uketsuke-clinic issue DIR screen`"),
        (SCREEN.replace("127.0.0.1", "no.such.host.invalid"), "[screen] host"),
        (SCREEN + "fade_minutes = 0\n", "[screen] fade_minutes"),
    ],
)
def test_what_does_not_fit_is_named(clinic: ClinicFolder, section: str, problem: str) -> None:
    add(clinic, section)
    with running(clinic) as said:
        assert problem in said["message"]
        assert "Traceback" not in said["message"]


def test_a_forgotten_password_is_set_anew_from_the_machine(clinic: ClinicFolder) -> None:
    add(clinic, SCREEN)
    made = command(clinic, "account", "hanako", "--role", "admin", "--password", "correct horse battery")
    assert made == (0, "hanako: made, admin\n")
    again = command(clinic, "account", "hanako", "--password", "another long password")
    assert again == (0, "hanako: password changed\n")
    weak = command(clinic, "account", "taro", "--password", "short")
    assert weak == (2, "password: 12 to 128 characters")
    with running(clinic) as said:
        assert said["first_run"] is None
    path, key = clinic.folder / "screen" / "screen.sqlite", clinic.folder / "screen" / "access-log.key"
    with Database(path) as database:
        log = AccessLog(database, load_log_key(key, b""))
        assert log.verify() == 2
        assert [(entry.what, entry.about) for entry in log.newest(2)] == [
            ("password set", "hanako"),
            ("account made: admin", "hanako"),
        ]


def test_the_access_log_is_checked_from_the_machine(clinic: ClinicFolder) -> None:
    add(clinic, SCREEN)
    with running(clinic):
        pass
    path, key = clinic.folder / "screen" / "screen.sqlite", clinic.folder / "screen" / "access-log.key"
    with Database(path) as database:
        for what in ("signed in", "signed out"):
            AccessLog(database, load_log_key(key, b"")).add("hanako", what, "", datetime.now(UTC))
    code, said = command(clinic, "log", "--json")
    document = json.loads(said)
    assert (code, document["whole"], document["entries"]) == (0, True, 2)
    with Database(path) as database, database.change() as rows:
        rows.execute("DELETE FROM access WHERE number = 2")
    cut = command(clinic, "log", "--head", document["head"])
    assert cut == (1, "altered: entry 2: is missing, 2 were noted\n")


def test_without_a_screen_its_commands_say_so(clinic: ClinicFolder) -> None:
    code, said = command(clinic, "log")
    assert code == 2
    assert "[screen]: there is no screen" in said
