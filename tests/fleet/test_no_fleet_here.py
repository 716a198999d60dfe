"""A folder that holds no fleet."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.domain.errors import BadConfig
from provisioning.fleet.plan import load_plan


def test_a_folder_without_a_fleet_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"there is no fleet here; `uketsuke-fleet init .* --host NAME`"):
        load_plan(tmp_path)
