"""`uketsuke-clinic run` as a program of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.clinic.conftest import ClinicFolder
    from tests.clinic.over_broker.conftest import Site

pytestmark = pytest.mark.broker

PATIENCE_S = 10.0
"""A test that waits this long has failed; none waits for time to pass."""


def test_the_program_says_when_it_is_ready_and_ends_when_it_is_told(site_with_broker: Site) -> None:
    site = site_with_broker
    program = subprocess.Popen(
        [sys.executable, "-m", "clinic.cli", "run", "--config", site.clinic.config],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline() == (
            f"ready: clinic-gateway, clinic-consumer at 127.0.0.1:{site.broker.port}, simulation\n"
        )
        unit = site.unit()
        assert unit.report(unit.result()).disposition == "stored"
        program.send_signal(signal.SIGTERM)
        assert program.wait(PATIENCE_S) == 0
        assert "Traceback" not in program.stderr.read()


def test_without_a_broker_the_program_waits_says_why_and_can_be_ended(clinic: ClinicFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    clinic.config.write_text(clinic.config.read_text().replace("8883", str(port)))
    program = subprocess.Popen(
        [sys.executable, "-m", "clinic.cli", "run", "--config", clinic.config], stderr=subprocess.PIPE, text=True
    )
    with program:
        assert program.stderr is not None
        assert f"no broker at 127.0.0.1:{port}: [Errno 111] Connection refused" in program.stderr.readline()
        program.send_signal(signal.SIGINT)
        assert program.wait(PATIENCE_S) == 0


def test_a_broker_of_another_authority_is_not_believed(open_site: Callable[..., Site], clinic: ClinicFolder) -> None:
    port = open_site(clinic=clinic).broker.port
    clinic.config.write_text(clinic.config.read_text().replace("8883", str(port)))
    program = subprocess.Popen(
        [sys.executable, "-m", "clinic.cli", "run", "--config", clinic.config], stderr=subprocess.PIPE, text=True
    )
    with program:
        assert program.stderr is not None
        assert "certificate verify failed" in program.stderr.readline()
        program.terminate()
        assert program.wait(PATIENCE_S) == 0
