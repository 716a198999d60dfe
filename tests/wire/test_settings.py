from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct

from device.domain.errors import BadConfig
from device.wire.settings import MAX_BYTES, load_settings, read_toml


class Door(Struct, frozen=True, kw_only=True):
    width_m: float
    key: Path | None = None


class House(Struct, frozen=True, kw_only=True):
    door: Door
    back_door: Door | None = None


class Hut(Struct, frozen=True, kw_only=True):
    door: int


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "house.toml"


def wrong(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadConfig) as caught:
        load_settings(file, House)
    return str(caught.value)


def test_paths_are_relative_to_the_file_and_absent_sections_stay_absent(file: Path) -> None:
    file.write_text('[door]\nwidth_m = 0.9\nkey = "keys/front"\n', encoding="utf-8")
    assert load_settings(file, House) == House(door=Door(width_m=0.9, key=file.parent / "keys/front"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[dor]\n", "house.toml: no section [dor]; there are [door], [back_door]. Did you mean 'door'?"),
        ("[cellar]\n", "house.toml: no section [cellar]; there are [door], [back_door]"),
        ("floor = 1\n", "house.toml: no option 'floor' outside a section; there are [door]"),
        ("[door]\nheight = 1\n", "house.toml:2: [door] height: no option 'height'; it has width_m, key"),
        ("[door]\n", "house.toml:1: [door] width_m: is missing"),
        ("", "house.toml: [door]: is missing"),
        ("[door]\nwidth_m = 'wide'\n", "house.toml:2: [door] width_m: Expected `float`, got `str`"),
        ("[door]\nwidth_m = 1.0\n\n# the key\nkey = 3\n", "house.toml:5: [door] key: Expected the path of a file"),
        ("[door]\nwidth_m = 1.0\nkey = ''\n", "[door] key: Expected the path of a file"),
        ('[door]\nwidth_m = 1.0\nkey = "a\\u0000b"\n', "[door] key: Expected the path of a file"),
        ("[[door]]\nwidth_m = 1.0\n", "house.toml:1: [door]: Expected `object`, got `array`"),
        ("[back_door]\nkey = 'a'\n[door]\nwidth_m = 1.0\nkey = 1\n", "house.toml:1: [back_door] width_m: is missing"),
        ("[door\n", "house.toml: not a TOML file"),
    ],
)
def test_a_mistake_is_named_with_its_place(file: Path, text: str, problem: str) -> None:
    assert problem in wrong(file, text)


def test_what_the_file_says_is_not_quoted(file: Path) -> None:
    assert "hunter2" not in wrong(file, "[door]\nwidth_m = 'hunter2'\n")


def test_a_file_that_is_absent_too_large_or_no_text(file: Path) -> None:
    with pytest.raises(BadConfig, match="cannot read the plan: No such file"):
        read_toml(file, "the plan")
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(BadConfig, match="the limit is"):
        read_toml(file, "the plan")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfig, match="not a TOML file"):
        read_toml(file, "the plan")


def test_sections_are_structs(file: Path) -> None:
    file.write_text("door = 1\n", encoding="utf-8")
    with pytest.raises(TypeError, match="a section is a Struct"):
        load_settings(file, Hut)
