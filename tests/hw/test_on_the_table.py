"""The contract suites, asked of what lies on the bench's table; here of the simulated unit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]
SUITES = ("tests/contract/test_card_reader.py", "tests/contract/test_camera.py")


def test_the_suites_run_on_the_unit_on_the_table() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-p", "hw.on_the_table", *SUITES],
        capture_output=True,
        text=True,
        cwd=HOUSE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed, (\d+) skipped", done.stdout)
    assert passed, done.stdout[-500:]
    assert int(passed[1]) >= 18
    reasons = " ".join(done.stdout.split())
    for reason in ("held back: this card is not marked", "no real card misbehaves", "does not pull the camera"):
        assert reason in reasons
