"""The fleet checks settings by the same schema as the unit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from device.app import fleet_settings
from device.app.config_words import schema as schema_of_the_unit
from device.domain.errors import BadConfig
from provisioning.fleet.firmware import problems, schema, settable


def test_this_release_s_schema_is_the_unit_s_own() -> None:
    assert schema() == json.loads(json.dumps(schema_of_the_unit()))


def test_another_release_s_schema_is_read_from_the_fleet_s_folder(tmp_path: Path) -> None:
    (tmp_path / "9.9.json").write_text(json.dumps(schema_of_the_unit() | {"title": "another"}))
    (tmp_path / "9.8.json").write_text("{}")

    assert schema(tmp_path, "9.9")["title"] == "another"
    assert schema(tmp_path, "1.0") == schema()
    with pytest.raises(BadConfig, match="no schema"):
        schema(tmp_path, "9.8")


def test_nobody_can_set_who_a_unit_is() -> None:
    assert "voice.volume" in settable(schema())
    assert not [key for key in settable(schema()) if key.startswith(("unit.", "broker.", "key.", "clinic."))]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"voice": {"volume": 55, "by_hour": [{"time": "07:00", "volume": 80}]}},
        {"policy": {"first_method": "pin", "pin_s": 30}},
        {"voice": {"volume": 101}},
        {"voice": {"volume": "loud"}},
        {"policy": {"first_method": "guess"}},
        {"panel": {"display_address": 0x3C, "display_font": "/x.ttf"}},
        {"camera": {"source": "v4l2:/dev/video0", "width": 641}},
        {"unit": {"name": "other"}},
        {"nothing": {"x": 1}},
        {"voice": {"nothing": 1}},
    ],
)
def test_unit_and_fleet_judge_alike(settings: dict[str, dict[str, object]]) -> None:
    assert bool(problems(settings, schema())) == bool(fleet_settings.problems(settings))
