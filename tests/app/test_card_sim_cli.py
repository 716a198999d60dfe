"""`uketsuke card sim`: the card for other programs. It starts pcscd by itself, so no test here may hold it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from device.app.card_cli import SimulatedKind
from device.domain.values import CardKind

PROGRAM = Path(sys.executable).with_name("uketsuke")


def test_every_kind_of_card_can_be_simulated() -> None:
    assert {kind.value for kind in SimulatedKind} == {*CardKind, "other"}


@pytest.mark.pcsc
def test_a_simulated_card_serves_other_programs_until_ctrl_c() -> None:
    command = [str(PROGRAM), "card", "sim", "--contact", "--pin-tries", "2", "--wait", "300"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
        assert running.stdout is not None
        try:
            for line in running.stdout:
                if line.startswith("Ctrl-C"):
                    break
            seen = subprocess.run(
                ["opensc-tool", "--reader", "0", "--atr", "--name"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            told = subprocess.run(
                [str(PROGRAM), "card", "info", "--json"], capture_output=True, text=True, timeout=60, check=False
            )
        finally:
            running.send_signal(signal.SIGINT)
        assert "Pulling the card." in running.stdout.read()
    assert running.returncode == 0
    assert "3b:e0:00:ff:81:31:fe:45:14" in seen.stdout.lower()
    assert "jpki" in seen.stdout.lower()
    assert json.loads(told.stdout)["pin_tries_left"] == 2
