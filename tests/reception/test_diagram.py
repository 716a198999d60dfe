from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from device.reception import Policy
from device.reception.diagram import page


def test_the_drawn_diagram_is_the_machine() -> None:
    drawn = Path(__file__).parents[2] / "docs" / "visit.md"
    assert drawn.read_text(encoding="utf-8") == page(Policy()), (
        "run: python -m device.reception.diagram > docs/visit.md"
    )


@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
def test_the_diagram_prints_itself(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("device.reception.diagram", run_name="__main__")
    assert capsys.readouterr().out == page(Policy())
