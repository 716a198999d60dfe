"""Where a unit keeps what must survive."""

from __future__ import annotations

from pathlib import Path

from device.app.config import INSTALLED, state_beside


def test_an_installed_unit_keeps_its_state_where_the_system_keeps_states() -> None:
    assert state_beside(INSTALLED) == "/var/lib/uketsuke"


def test_any_other_unit_keeps_it_beside_its_configuration(tmp_path: Path) -> None:
    assert state_beside(tmp_path) == "state"
