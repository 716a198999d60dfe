from __future__ import annotations

import tomllib
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from device.app.config import EXAMPLE, Config, load
from device.app.face_parts import open_face
from device.domain.errors import BadConfig
from device.domain.values import Method
from device.drivers.system import SystemClock
from device.reception import Policy


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "unit.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    return path


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_example_loads_and_its_paths_are_relative_to_it(written: Path) -> None:
    config = load(written)
    assert config.unit.name == "unit-0001"
    assert config.broker.key == written.parent / "unit.key"
    assert config.policy.policy(face_available=True) == Policy()


def test_the_example_names_every_option_with_its_default(written: Path) -> None:
    spelled_out = "\n".join(line.removeprefix("# ") for line in EXAMPLE.splitlines()[1:])
    raw = tomllib.loads(spelled_out)
    for section in msgspec.structs.fields(Config):
        assert raw[section.name].keys() == {option.name for option in msgspec.structs.fields(section.type)}
    defaults = load(written)
    written.write_text(spelled_out, encoding="utf-8")
    assert load(written) == defaults


def test_what_the_file_says_is_what_the_visit_does(written: Path) -> None:
    config = load(changed(written, '# first_method = "face"', 'first_method = "pin"'))
    assert config.policy.policy(face_available=True).first_method is Method.PIN


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("port = 8883", "port = 8883\nprot = 1", "[broker] prot: no option 'prot'"),
        ("# port = 8883", "prot = 8883", "Did you mean 'port'?"),
        ("[panel]", "[pannel]", "no section [pannel]"),
        ("# port = 8883", 'port = "8883"', "[broker] port: Expected `int`"),
        ("# port = 8883", "port = 99999", "[broker] port"),
        ("# pin_s = 45.0", "pin_s = 0.0", "[policy] pin_s"),
        ('# first_method = "face"', 'first_method = "nose"', "[policy] first_method"),
        ('name = "unit-0001" ', 'name = "unit 0001" ', "[unit] name"),
        ('state = "state"', "", "[unit]"),
        ('# name = "."', 'name = "("', "[card] name: is no regular expression"),
        ("[clinic]", "[clinic", "not a TOML file"),
        ("# ready = 17", "ready = 27", "[panel] pins: GPIO27 is used twice"),
        ("# ready = 17", "reddy = 17", "reddy"),
        ("# rows = [4, 5, 6, 13]", "rows = [4, 5, 6]", "[panel] pins"),
        ('# pad = "4x3"', 'pad = "3x4"', "[panel] pad"),
    ],
)
def test_a_mistake_is_named_with_its_place(written: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(BadConfig) as caught:
        load(changed(written, old, new))
    assert said in str(caught.value)
    assert str(written) in str(caught.value)


def test_an_option_outside_a_section(written: Path) -> None:
    written.write_text("unit = 3\n", encoding="utf-8")
    with pytest.raises(BadConfig, match=r"\[unit\]: Expected `object`"):
        load(written)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot read the configuration"):
        load(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text(written: Path) -> None:
    written.write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfig, match="not a TOML file"):
        load(written)


def test_a_face_needs_both_cameras(written: Path) -> None:
    with pytest.raises(BadConfig, match=r"both cameras"):
        load(changed(written, '# source = "none"', 'source = "picamera2:0"'))


def test_pictures_in_place_of_a_camera_lie_beside_the_file(written: Path) -> None:
    changed(written, '# front = "none"', 'front = "v4l2:/dev/video1"')
    config = load(changed(written, '# source = "none"', 'source = "folder:faces"'))

    assert config.camera.source == f"folder:{written.parent / 'faces'}"
    assert config.front_camera.source == "v4l2:/dev/video1"


@pytest.mark.parametrize("source", ["webcam", "picamera2:", "v4l2:video0", "folder:", "picamera2:0; rm"])
def test_what_is_no_camera_is_refused_by_name(written: Path, source: str) -> None:
    with pytest.raises(BadConfig, match=r"\[camera\] source"):
        load(changed(written, '# source = "none"', f'source = "{source}"'))


def test_only_a_simulated_unit_films_pictures(written: Path) -> None:
    changed(written, '# front = "none"', 'front = "folder:front"')
    config = load(changed(written, '# source = "none"', 'source = "folder:faces"'))
    with ExitStack() as stack, pytest.raises(BadConfig, match="sim-"):
        open_face(config, stack, SystemClock(), {})
