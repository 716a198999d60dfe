"""`uketsuke card bridge`: the card on a PN532 for other programs. It starts pcscd by itself, so none may hold it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from device.app.config import EXAMPLE
from device.sim.card import SimulatedCard
from device.sim.pn532 import SimulatedPn532

PROGRAM = Path(sys.executable).with_name("uketsuke")
MakeCard = Callable[..., SimulatedCard]


def uketsuke(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROGRAM), "card", *words], capture_output=True, text=True, timeout=60, check=False)


def line_with(running: subprocess.Popen[str], words: str) -> str:
    """Read on until a line says this. An output that ends says nothing."""
    assert running.stdout is not None
    return next((line for line in running.stdout if words in line), "")


@pytest.mark.pcsc
def test_the_card_on_a_pn532_serves_other_programs_until_ctrl_c(make_card: MakeCard, tmp_path: Path) -> None:
    with SimulatedPn532(tmp_path) as hat:
        command = [str(PROGRAM), "card", "bridge", "--pn532", f"uart:{hat.device}", "--wait", "300"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
            try:
                assert "Virtual PCD 00 00" in line_with(running, "are offered as")
                hat.place(make_card(pin_tries=2))
                assert "3B 88 80 01" in line_with(running, "A card is offered")
                told = json.loads(uketsuke("info", "--json", "--reader", "Virtual PCD 00 00").stdout)
                hat.lift()
                assert line_with(running, "The card was taken away.")
            finally:
                running.send_signal(signal.SIGINT)
            assert line_with(running, "Taking the reader back.")
    assert running.returncode == 0
    assert told["pin_tries_left"] == 2
    assert told["reader"]["list"] == "virtual"


def test_a_place_without_a_pn532_ends_in_a_sentence(tmp_path: Path) -> None:
    told = uketsuke("bridge", "--pn532", f"uart:{tmp_path / 'nothing'}")
    assert told.returncode == 2
    assert "[reader_fault]" in told.stderr
    assert "Traceback" not in told.stderr


def test_it_wants_to_know_which_pn532(tmp_path: Path) -> None:
    assert "where the PN532 is" in uketsuke("bridge").stderr
    config = tmp_path / "unit.toml"
    config.write_text(EXAMPLE)
    assert "is one that pcscd knows" in uketsuke("bridge", "--config", str(config)).stderr
