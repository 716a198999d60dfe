"""Which layers a unit has, by its configuration and by what is installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from device.app.assets.store import load_manifest, weights_path
from device.app.config import EXAMPLE, LivenessSection, load
from device.app.face_models import load_engine
from device.app.liveness_parts import choose_liveness, load_liveness_nets
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.domain.values import Challenge, Move
from device.face.liveness import Bands, MoveLimits, SameLimits, probability
from device.face.manifest import Role
from device.sim.people.actors import Print
from device.sim.portrait import load_photo

MODELS = Path(__file__).parents[2] / "models"
NETS = [
    weights_path(MODELS, model)
    for model in load_manifest(MODELS / "manifest.toml").model
    if model.role is Role.LIVENESS
]


@pytest.fixture
def without_nets(tmp_path: Path) -> Path:
    shutil.copy(MODELS / "manifest.toml", tmp_path)
    (tmp_path / "weights").mkdir()
    return tmp_path


def troubles_of(section: LivenessSection, models: Path, *, alone: bool = False) -> tuple[object, dict[str, Fault]]:
    troubles: dict[str, Fault] = {}
    return choose_liveness(section, models, troubles, face_alone_counts=alone), troubles


def test_without_networks_moves_take_their_place_and_the_unit_says_so(without_nets: Path) -> None:
    troubles: dict[str, Fault] = {}
    parts = choose_liveness(LivenessSection(), without_nets, troubles, face_alone_counts=False)

    assert parts is not None
    assert parts.rules.bands is None
    assert parts.nets == ()
    assert troubles["liveness"].reason is Reason.LIVENESS_REPLACED
    assert "models fetch" in str(troubles["liveness"])


@pytest.mark.parametrize(
    "section",
    [
        LivenessSection(without_nets="pin"),
        LivenessSection(challenge=Challenge.NEVER),
        LivenessSection(moves=(Move.COME_CLOSER,)),
    ],
)
def test_where_nothing_takes_their_place_no_face_is_believed(without_nets: Path, section: LivenessSection) -> None:
    parts, troubles = troubles_of(section, without_nets)

    assert parts is None
    assert troubles["liveness"].reason is Reason.LIVENESS_MISSING


def test_weights_that_were_exchanged_are_as_good_as_absent(without_nets: Path) -> None:
    for net in NETS:
        (without_nets / "weights" / net.name).write_bytes(b"not a network")
    parts, troubles = troubles_of(LivenessSection(), without_nets)

    assert parts is not None
    assert troubles["liveness"].reason is Reason.LIVENESS_REPLACED
    assert "SHA-256" in str(troubles["liveness"])


def test_the_sites_default_is_that_of_the_layer() -> None:
    assert LivenessSection().turn == MoveLimits().turn


def test_what_is_switched_off_is_reported(without_nets: Path) -> None:
    parts, troubles = troubles_of(LivenessSection(use=False), without_nets)

    assert parts is None
    assert troubles["liveness"].reason is Reason.LIVENESS_MISSING


@pytest.mark.skipif(not all(net.is_file() for net in NETS), reason="no registry carries these weights")
def test_with_networks_the_manifest_or_the_site_sets_the_bands_and_nothing_is_reported() -> None:
    troubles: dict[str, Fault] = {}
    parts = choose_liveness(LivenessSection(), MODELS, troubles, face_alone_counts=False)
    tuned = choose_liveness(LivenessSection(accept=0.9, refuse=0.2), MODELS, troubles, face_alone_counts=True)

    assert parts is not None
    assert parts.rules.bands == Bands(accept=0.5, refuse=0.05)
    assert parts.rules.challenge is Challenge.WHEN_UNSURE
    assert tuned is not None
    assert tuned.rules.bands == Bands(accept=0.9, refuse=0.2)
    assert tuned.rules.challenge is Challenge.ALWAYS, "where a face alone counts"
    assert troubles == {}
    with pytest.raises(BadConfig, match="refuse"):
        choose_liveness(LivenessSection(accept=0.1, refuse=0.2), MODELS, troubles, face_alone_counts=False)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# use = true", "use = false", r"\[liveness\] use"),
        ("# moves = 1 ", "moves = 2\n#", None),
        ('# moves = ["turn_left", ', 'moves = ["come_closer"]\n#', r"\[policy\] moves"),
    ],
)
def test_a_configuration_that_cannot_be_kept_is_refused(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    path = tmp_path / "unit.toml"
    assert old in EXAMPLE
    path.write_text(EXAMPLE.replace(old, new), encoding="utf-8")
    if said is None:
        assert load(path).policy.policy(face_available=True).moves == 2
    else:
        with pytest.raises(BadConfig, match=said):
            load(path)


@pytest.mark.skipif(not all(net.is_file() for net in NETS), reason="no registry carries these weights")
def test_the_real_networks_believe_a_photo_filmed_plainly_and_refuse_a_print() -> None:
    engine, _ = load_engine(MODELS)
    nets = load_liveness_nets(MODELS)
    photo = load_photo(MODELS, "obama2")
    template = engine.template(load_photo(MODELS, "obama").cut(480, 640, face_share=0.5))

    plain, printed = photo.cut(640, 480, face_share=0.45), Print(photo, lambda: None).film(0.0)
    seen = engine.see(plain)
    assert template.score(seen.direction) > 0.42
    assert probability(nets, plain, seen.face) > 0.9
    assert probability(nets, printed, engine.see(printed).face) < 0.05


def test_each_embedder_brings_its_own_limits_for_one_person(without_nets: Path) -> None:
    limits = {}
    for name in ("SFace", "MobileFaceNet"):
        parts = choose_liveness(LivenessSection(), without_nets, {}, face_alone_counts=False, embedder=name)
        assert parts is not None
        limits[name] = parts.rules.same

    assert limits["SFace"] == SameLimits()
    assert limits["MobileFaceNet"].portrait < limits["SFace"].portrait
    assert limits["MobileFaceNet"].first < limits["SFace"].first


def test_an_embedder_without_such_limits_is_refused_where_liveness_is_asked_for(without_nets: Path) -> None:
    manifest = without_nets / "manifest.toml"
    before, _, after = manifest.read_text(encoding="utf-8").partition("[model.identity]")
    manifest.write_text(before + after[after.index("[[model]]") :], encoding="utf-8")

    with pytest.raises(BadConfig, match="SFace sees one person") as refused:
        choose_liveness(LivenessSection(), without_nets, {}, face_alone_counts=False)
    assert refused.value.where == "[face] embedder"
    assert choose_liveness(LivenessSection(use=False), without_nets, {}, face_alone_counts=False) is None
