"""The demonstration as its users start it: the program, a real broker, a clinic process, real networks."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

EXPECTED = ["qualified", "qualified", "pin_blocked", "certificate_expired", "card_removed", "qualified"]


def demonstrate(*options: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "device.app.cli", "demo", "--json", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def check(code: int, document: dict[str, Any]) -> None:
    assert [visit["clinic"]["reason"] for visit in document["visits"]] == EXPECTED
    assert all(visit["as_expected"] for visit in document["visits"])
    assert [visit["clinic"]["sequence"] for visit in document["visits"]] == [1, 2, 3, 4, 5, 6]
    assert document["ok"] is True
    assert code == 0


@pytest.mark.broker
def test_six_visits_go_as_expected() -> None:
    check(*demonstrate())


@pytest.mark.broker
@pytest.mark.pcsc
def test_the_same_six_visits_through_the_real_pcsc_stack() -> None:
    code, document = demonstrate("--pcsc")
    assert document["pcsc"] is True
    check(code, document)
