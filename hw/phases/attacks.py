"""Pictures of people before the camera, kind by kind: how many are taken for somebody alive? And how many people are?

As ISO/IEC 30107-3 has it: shares by kind and never over all kinds together, with exact intervals (Clopper and Pearson).
"""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.app.face_desk import LivenessParts
from device.app.face_evaluation.counts import share
from device.domain.errors import FaceError
from device.face.liveness import Alive, LivenessRun
from device.wire.texts import Text
from hw.errors import BadLimits, CannotMeasure
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.rig.port import LIVE, Light, Presentation
from hw.session import Session

SPECIES_FILE: Final = Path(__file__).parents[1] / "species.toml"
FRAME_S: Final = 3.0
MOST_FRAMES: Final = 40
NO_NETS: Final = "networks absent: nothing here tells a face from its picture, and nobody is asked for a move here"
SAME: Final = 1.0
"""Nobody is matched here: every face counts as the one that was meant."""


@dataclass(frozen=True, slots=True)
class Species:
    """One kind of presentation, and how often it is tried."""

    name: str
    title: Text
    times: int


@dataclass(frozen=True, slots=True)
class _Tried:
    species: Species
    alive: int
    """So many were taken for somebody alive, without being asked for a move."""

    def words(self) -> str:
        """Return counts and the upper end of the interval."""
        counted = share(self.alive, self.species.times)
        return f"{self.species.title.en}: {self.alive} of {self.species.times} (at most {100 * counted.high:.1f} %)"


def load_species(path: Path = SPECIES_FILE) -> tuple[Species, ...]:
    """Read the list. Raise BadLimits."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        species = [
            Species(name, Text(ja=str(each["ja"]), en=str(each["en"])), int(each["times"]))
            for name, each in tables.items()
        ]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadLimits(f"{path}: {error}") from error
    if not any(each.name == LIVE for each in species) or any(each.times < 1 for each in species):
        raise BadLimits(f"{path}: every kind is tried once at least, and [{LIVE}] says how often people are")
    return tuple(species)


def measure_attacks(session: Session, kinds: Sequence[Species] | None = None) -> None:
    """Go through the kinds (None: those of the list); what the rig has not got is named and counts as not tried."""
    liveness = session.unit.face.liveness
    if liveness is None or not liveness.nets:
        raise CannotMeasure(NO_NETS)
    session.rig.light(Light.OFFICE)
    attacks, missing = [], []
    for species in load_species() if kinds is None else kinds:
        try:
            tried = _Tried(species, _count_alive(session, liveness, species))
        except CannotMeasure as error:
            missing.append(f"{species.title.en}: {error}")
            if species.name == LIVE:
                session.not_measured("face.live_refused_percent", str(error))
            continue
        if species.name == LIVE:
            _tell_live(session, tried)
        else:
            attacks.append(tried)
    if not attacks:
        raise CannotMeasure("; ".join(missing))
    _tell_attacks(session, attacks, missing)


def _count_alive(session: Session, liveness: LivenessParts, species: Species) -> int:
    alive = 0
    for number in range(1, species.times + 1):
        session.rig.present(Presentation(species.name, species.title, number, species.times))
        alive += _is_taken_for_alive(session, liveness)
    return alive


def _tell_live(session: Session, tried: _Tried) -> None:
    refused = share(tried.species.times - tried.alive, tried.species.times)
    value = refused.count / refused.of
    session.measured(
        "face.live_refused_percent",
        100 * value,
        uncertainty=100 * max(refused.high - value, value - refused.low),
        samples=refused.of,
        note=f"{refused.count} of {refused.of} (at most {100 * refused.high:.1f} %)",
    )


def _tell_attacks(session: Session, attacks: list[_Tried], missing: list[str]) -> None:
    """Write down the worst kind's share, and all of them in words."""
    worst = max(attacks, key=lambda each: each.alive / each.species.times)
    counted = share(worst.alive, worst.species.times)
    value = counted.count / counted.of
    told = "; ".join(each.words() for each in attacks)
    not_tried = f"; not tried: {', '.join(missing)}" if missing else ""
    session.measured(
        "face.attacks_accepted_percent",
        100 * value,
        uncertainty=100 * max(counted.high - value, value - counted.low),
        samples=sum(each.species.times for each in attacks),
        note=f"{told}{not_tried}",
    )
    session.measured("face.attack_kinds", len(attacks), note="; ".join(missing))
    session.draw(
        Series(
            name="attacks",
            title=Text(ja="種類ごとの受理率の上限(95%)", en="Attacks accepted by kind, upper end of 95 %"),
            drawing=Drawing.BARS,
            x_name="",
            x=[],
            y_name="%",
            y=[round(100 * share(each.alive, each.species.times).high, 1) for each in attacks],
            labels=[each.species.name for each in attacks],
        )
    )


def _is_taken_for_alive(session: Session, liveness: LivenessParts) -> bool:
    """Look as a visit does; who would be asked for a move is not taken for alive yet."""
    run = LivenessRun(liveness.rules, liveness.nets, key=secrets.token_bytes(32), draw=secrets.randbelow)
    try:
        for _ in range(MOST_FRAMES):
            frame = session.unit.camera.next_frame(FRAME_S)
            try:
                seen = session.unit.face.engine.see(frame.pixels)
            except FaceError:
                continue
            run.take(frame.pixels, seen.face, seen.direction, SAME)
            if run.has_enough:
                return isinstance(run.judgement(), Alive)
    finally:
        run.wipe()
    return False


ATTACKS = Phase(
    name="attacks",
    title=Text(ja="提示攻撃", en="Presentation attacks"),
    next_step=Text(
        ja="しきい値と照明を確かめ、記録を開発元へ送ってください。",
        en="Check bands and light; send the record to the makers.",
    ),
    measures=("face.attacks_accepted_percent", "face.attack_kinds", "face.live_refused_percent"),
    run=measure_attacks,
)
