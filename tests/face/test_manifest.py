from __future__ import annotations

from pathlib import Path

import pytest

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.face.manifest import Manifest, Role, check_digest, parse_manifest, parse_photos

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture
def text() -> str:
    return (MODELS / "manifest.toml").read_text(encoding="utf-8")


def test_the_embedder_brings_its_own_threshold_and_says_where_it_comes_from(text: str) -> None:
    threshold = parse_manifest(text, "manifest.toml").the(Role.EMBEDDER).threshold

    assert (threshold.accept, threshold.retry) == (0.435, 0.375)
    assert "LFW" in threshold.provenance


def test_every_file_says_its_licence_and_every_changed_one_what_was_changed(text: str) -> None:
    manifest = parse_manifest(text, "manifest.toml")

    for model in manifest.model:
        assert model.licence in {"MIT", "Apache-2.0"}
        folded = getattr(model.source, "fold", False) or getattr(model.source, "published_sha256", None)
        assert bool(model.modified) == bool(folded)


def test_an_embedder_is_chosen_by_its_name_and_brings_its_own_threshold(text: str) -> None:
    manifest = parse_manifest(text, "manifest.toml")

    assert manifest.embedder() is manifest.the(Role.EMBEDDER)
    assert manifest.embedder("MobileFaceNet").threshold != manifest.embedder("SFace").threshold
    with pytest.raises(BadConfig, match="'FaceNet'; there are MobileFaceNet, SFace"):
        manifest.embedder("FaceNet")


def test_the_liveness_networks_are_declared_though_no_registry_carries_them(text: str) -> None:
    liveness = [model for model in parse_manifest(text, "manifest.toml").model if model.role is Role.LIVENESS]

    assert len(liveness) == 2
    assert not any(model.required for model in liveness)


def test_every_photo_says_whom_it_shows_and_with_what_right() -> None:
    photos = parse_photos((MODELS / "photos.toml").read_text(encoding="utf-8"), "photos.toml").photo

    assert {photo.name for photo in photos} == {"obama", "obama2", "biden", "astronaut"}
    assert all(photo.shows and photo.rights for photo in photos)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('role = "detector"', 'role = "recogniser"', "role"),
        ("accept = 0.435", "accept = 0.435\naccpet = 0.4", "accpet"),
        ("accept = 0.435", "accept = 0.2", "retry"),
        ("accept = 0.435", 'accept = "high"', "accept"),
        ('sha256 = "00cc2', 'sha256 = "00ccX', "sha256"),
        ('file = "face_recognition_sface_2021dec_quick.onnx"', 'file = "../../etc/passwd"', "file"),
        ('file = "face_recognition_sface_2021dec_quick.onnx"', 'file = ".."', "file"),
        (
            'file = "face_recognition_sface_2021dec_quick.onnx"',
            'file = "face_detection_yunet_2023mar_fp32.onnx"',
            "more than one entry",
        ),
        ('format = "wheel"', 'format = "egg"', "format"),
        ("[[model]]", "[[model", "line"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_name(text: str, old: str, new: str, named: str) -> None:
    assert old in text

    with pytest.raises(BadConfig, match=named) as refused:
        parse_manifest(text.replace(old, new), "models/manifest.toml")

    assert refused.value.reason is Reason.CONFIG_INVALID
    assert "models/manifest.toml" in str(refused.value)


def test_two_required_embedders_leave_no_doubt_unsaid(text: str) -> None:
    manifest = parse_manifest(text, "manifest.toml")
    embedder = manifest.the(Role.EMBEDDER)

    for models in ((embedder, embedder), ()):
        with pytest.raises(BadConfig, match="embedder"):
            Manifest(model=models).the(Role.EMBEDDER)


def test_a_wrong_digest_is_told_with_file_expectation_and_finding() -> None:
    with pytest.raises(Fault) as fault:
        check_digest(b"something else", name="weights.onnx", expected="0" * 64)

    assert fault.value.reason is Reason.MODEL_DIGEST_MISMATCH
    for part in ("weights.onnx", "0" * 64, "found"):
        assert part in str(fault.value)
