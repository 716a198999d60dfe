"""Which layers of liveness a unit has: what the configuration wants, less what is absent, plus what takes its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from device.app.assets.store import load_manifest, weights_path
from device.app.config import LivenessSection
from device.app.face_desk import LivenessParts
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.domain.values import Challenge
from device.drivers.onnx import OnnxNetwork
from device.face.engine import Model
from device.face.liveness import Bands, LivenessRules, MoveLimits, SameLimits
from device.face.manifest import ModelSpec, Role

PART = "liveness"


def load_liveness_nets(models_dir: Path, *, threads: int = 1) -> tuple[Model, ...]:
    """Return every network that the manifest has for liveness; they count only together.

    Raise Fault(MODEL_MISSING), Fault(MODEL_DIGEST_MISMATCH) or BadConfig saying which file and what to do.
    """
    specs = [model for model in load_manifest(models_dir / "manifest.toml").model if model.role is Role.LIVENESS]
    if not specs:
        raise Fault("the manifest names no network for liveness", part=PART, reason=Reason.MODEL_MISSING)
    return tuple(
        Model(spec, OnnxNetwork(weights_path(models_dir, spec), spec.sha256, threads=threads)) for spec in specs
    )


def choose_liveness(
    section: LivenessSection,
    models_dir: Path,
    troubles: dict[str, Fault],
    *,
    face_alone_counts: bool,
    embedder: str | None = None,
) -> LivenessParts | None:
    """Return the layers to use; what is absent or replaced goes into `troubles`.

    `embedder`: whose directions are compared (None: the manifest's default). None is returned where nothing is left
    that tells a face from its picture: a face must not be believed then, unless the section says that this unit does
    without. Raise BadConfig for bands that contradict each other, and for an embedder without limits of identity.
    """
    if not section.use:
        troubles[PART] = Fault("switched off", part=PART, reason=Reason.LIVENESS_MISSING)
        return None
    challenge = Challenge.ALWAYS if face_alone_counts else section.challenge
    move = MoveLimits(turn=section.turn)
    same = same_limits(load_manifest(models_dir / "manifest.toml").embedder(embedder))
    try:
        nets = load_liveness_nets(models_dir)
    except BadConfig:
        raise
    except Fault as fault:
        replaced = section.without_nets == "challenge" and challenge is not Challenge.NEVER and bool(section.turns)
        troubles[PART] = Fault(
            f"no network tells a face from its picture ({fault}); " + ("moves do" if replaced else "nothing else may"),
            part=PART,
            reason=Reason.LIVENESS_REPLACED if replaced else Reason.LIVENESS_MISSING,
        )
        rules = LivenessRules(challenge=challenge, moves=section.moves, move=move, same=same)
        return LivenessParts(rules=rules) if replaced else None
    rules = LivenessRules(
        challenge=challenge,
        bands=_bands(section, nets),
        frames=section.frames,
        moves=section.moves,
        move=move,
        same=same,
    )
    return LivenessParts(rules=rules, nets=nets)


def same_limits(embedder: ModelSpec) -> SameLimits:
    """Return from which cosines on this embedder sees one person. Raise BadConfig where the manifest does not tell."""
    if embedder.identity is None:
        raise BadConfig(
            f"the manifest does not tell from which score on {embedder.name} sees one person ([model.identity])",
            where="[face] embedder",
        )
    return SameLimits(portrait=embedder.identity.portrait, first=embedder.identity.first)


def rules_as_installed(models_dir: Path, *, say: Callable[[str], None]) -> tuple[tuple[Model, ...], LivenessRules]:
    """Return the networks that are there and the rules that go with them by default; what is absent is said."""
    troubles: dict[str, Fault] = {}
    parts = choose_liveness(LivenessSection(), models_dir, troubles, face_alone_counts=False)
    for trouble in troubles.values():
        say(str(trouble))
    if parts is None:
        raise AssertionError("by default moves take the place of networks")
    return parts.nets, parts.rules


def _bands(section: LivenessSection, nets: tuple[Model, ...]) -> Bands:
    threshold = nets[0].spec.threshold
    try:
        return Bands(
            accept=threshold.accept if section.accept < 0 else section.accept,
            refuse=threshold.retry if section.refuse < 0 else section.refuse,
        )
    except ValueError as error:
        raise BadConfig(str(error), where="[liveness] accept, refuse") from error
