"""Pictures of people, held before the camera by a person: how many are taken for somebody alive?"""

from __future__ import annotations

import secrets
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.domain.errors import FaceError
from device.face.liveness import Alive, LivenessRun
from device.wire.texts import Text
from hw.errors import BadLimits, CannotMeasure
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.rig.port import Question
from hw.session import Session

SPECIES_FILE: Final = Path(__file__).parents[1] / "species.toml"
FRAME_S: Final = 3.0
MOST_FRAMES: Final = 40
SAME: Final = 1.0
"""Nobody is matched here: every face counts as the one that was meant."""


@dataclass(frozen=True, slots=True)
class Species:
    """One kind of presentation attack, and how often it is tried."""

    name: str
    title: Text
    times: int


def load_species(path: Path = SPECIES_FILE) -> tuple[Species, ...]:
    """Read the list. Raise BadLimits."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        species = [
            Species(name, Text(ja=str(each["ja"]), en=str(each["en"])), int(each["times"]))
            for name, each in tables.items()
        ]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadLimits(f"{path.name}: {error}") from error
    return tuple(species)


def measure_attacks(session: Session) -> None:
    """Go through the species; a presentation counts as accepted when the networks take it for somebody alive."""
    liveness = session.unit.face.liveness
    if liveness is None:
        raise CannotMeasure("this unit has no networks that tell a face from its picture")
    species = load_species()
    accepted: dict[str, int] = {}
    for each in species:
        accepted[each.name] = 0
        for number in range(1, each.times + 1):
            ready = session.rig.ask(
                Question(
                    f"{each.title.ja}({number}/{each.times})をカメラの前に構えましたか。",
                    f"Is “{each.title.en}” ({number} of {each.times}) held before the camera?",
                )
            )
            if not ready:
                raise CannotMeasure(f"{each.title.en} was not presented")
            accepted[each.name] += _is_taken_for_alive(session)
    tried = sum(each.times for each in species)
    note = ", ".join(f"{each.title.en}: {accepted[each.name]} of {each.times}" for each in species)
    session.measured("face.attacks_accepted", sum(accepted.values()), samples=tried, note=note)
    session.draw(
        Series(
            name="attacks",
            title=Text(ja="受理された提示攻撃", en="Attacks accepted by species"),
            drawing=Drawing.BARS,
            x_name="",
            x=[],
            y_name="accepted",
            y=[float(accepted[each.name]) for each in species],
            labels=[each.name for each in species],
        )
    )


def _is_taken_for_alive(session: Session) -> bool:
    parts = session.unit.face
    if parts.liveness is None:
        return False
    run = LivenessRun(
        parts.liveness.rules,
        parts.liveness.nets,
        key=secrets.token_bytes(32),
        draw=secrets.randbelow,
    )
    try:
        for _ in range(MOST_FRAMES):
            frame = session.unit.camera.next_frame(FRAME_S)
            try:
                seen = parts.engine.see(frame.pixels)
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
    measures=("face.attacks_accepted",),
    run=measure_attacks,
)
