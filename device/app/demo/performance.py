"""Plays the programme from beginning to end and says whether it went as expected."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console

from clinic.people import SHIPPED
from device.app.demo import picture
from device.app.demo.cast import ROLES, Cast
from device.app.demo.keyboard import visits_of_ones_own
from device.app.demo.narrator import Narrator
from device.app.demo.results import Record, Results
from device.app.demo.site import open_site
from device.app.demo.stage import Stage, open_stage
from device.app.demo.visits import VISITS, Act, Lift, Place, Press, Stand, Visit, Wait
from device.reception.states import Idle, Settled
from device.sim.card import SimulatedCard
from device.sim.card_trust import simulated_trust

PRINTED_WIDTH = 132
"""Columns where the story goes to a file."""
SPECTATOR_PAUSE_S = 1.2
"""Before somebody acts: the unit is faster than anybody reads."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One visit, as it went."""

    visit: Visit
    record: Record | None
    """The clinic's line, None when none came."""
    said: tuple[str, ...]
    seconds: float

    @property
    def as_expected(self) -> bool:
        """Whether reason, assurance and what was said are those of the programme."""
        return (
            self.record is not None
            and self.record["reason"] == self.visit.reason
            and self.record["assurance"] == self.visit.assurance
            and self.record["simulated"] is True
            and all(reason in self.said for reason in self.visit.also_said)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """What shall be played, and how."""

    visits: int
    """Only the first so many."""
    pcsc: bool
    language: str
    patience: float
    """So many times as long for everything."""
    recording: Path | None
    """Where the first visit is drawn."""


def play(models_dir: Path, programme: Programme, *, as_json: bool, keep: bool) -> bool:
    """Play the visits; return whether all went as expected.

    Raise Fault when the stage cannot be set.
    """
    now = datetime.now(UTC)
    console = _console(as_json=as_json, recorded=programme.recording is not None)
    narrator = Narrator(console, programme.language)
    cast = Cast(models_dir, now)
    with tempfile.TemporaryDirectory(prefix="uketsuke-demo-") as name:
        folder = Path(name)
        with (
            open_site(
                folder, card_authority=cast.authority.certificate_pem, people=SHIPPED, now=now, screen=keep
            ) as site,
            open_stage(
                folder,
                site,
                models_dir=models_dir,
                trust=simulated_trust(cast.authority),
                language=programme.language,
                pcsc=programme.pcsc,
                patience=programme.patience,
                watcher=narrator.observe,
            ) as (stage, unit),
        ):
            results = Results(site.results, patience=programme.patience)
            narrator.open(pcsc=programme.pcsc, troubles=unit.health.troubles)
            players = _Players(stage, cast, narrator, results, pause_s=0.0 if as_json else SPECTATOR_PAUSE_S)
            if programme.recording is not None:
                picture.begin(console)
            outcomes = []
            for number, visit in enumerate(VISITS[: programme.visits], start=1):
                outcomes.append(players.perform(number, visit))
                if programme.recording is not None and number == 1:
                    programme.recording.write_text(picture.drawn(console), encoding="utf-8")
            narrator.close(outcomes)
            if keep:
                narrator.screen(site.screen)
                with results.following(narrator.clinic):
                    visits_of_ones_own(stage, cast, narrator, console)
    well = all(outcome.as_expected for outcome in outcomes)
    if as_json:
        json.dump(_document(outcomes, well=well, pcsc=programme.pcsc), sys.stdout, ensure_ascii=False, indent=2)
        print()  # noqa: T201  the end of the document
    else:
        console.print("[green]All as expected.[/]" if well else "[red]Not all went as expected.[/]")
    return well


def _console(*, as_json: bool, recorded: bool) -> Console:
    if recorded:
        return Console(width=picture.WIDTH, record=True)
    return Console(quiet=as_json, width=None if sys.stdout.isatty() else PRINTED_WIDTH)


@dataclass(frozen=True, slots=True)
class _Players:
    """The hands of the programme."""

    stage: Stage
    cast: Cast
    narrator: Narrator
    results: Results
    pause_s: float

    def pause(self) -> None:
        """Let spectators read."""
        threading.Event().wait(self.pause_s)

    def perform(self, number: int, visit: Visit) -> Outcome:
        """Play one visit and see what the clinic got."""
        role = ROLES[visit.role]
        card = self.cast.card(role)
        self.narrator.begin(number, len(VISITS), visit, self.cast.person(role).name or role.name)
        began_s = monotonic()
        reception = None
        for act in visit.acts:
            settled = self._do(act, card)
            reception = settled.reception if settled else reception
        seconds = monotonic() - began_s
        record = None if reception is None else self.results.of(reception)
        outcome = Outcome(visit, record, tuple(self.narrator.said), seconds)
        self.narrator.clinic(record)
        return outcome

    def _do(self, act: Act, card: SimulatedCard) -> Settled | None:
        match act:
            case Place():
                self.narrator.patient("places the card / カードを置く")
                self.stage.place(card)
            case Stand(photo=photo, says=says):
                self.narrator.patient(says)
                self.stage.stand(*(() if photo is None else (self.cast.photo(photo),)))
            case Press(keys=keys, says=says):
                self.pause()
                self.narrator.patient(says)
                self.stage.press(keys)
            case Wait(state=state):
                reached = self.stage.wait_for(state)
                return reached if isinstance(reached, Settled) else None
            case Lift():
                self.pause()
                self.narrator.patient("takes the card / カードを取る")
                self.stage.lift()
                self.stage.wait_for(Idle)
        return None


def _document(outcomes: list[Outcome], *, well: bool, pcsc: bool) -> dict[str, Any]:
    return {
        "ok": well,
        "pcsc": pcsc,
        "visits": [
            {
                "title": {"ja": outcome.visit.title_ja, "en": outcome.visit.title_en},
                "expected": {"reason": outcome.visit.reason, "assurance": outcome.visit.assurance},
                "as_expected": outcome.as_expected,
                "said": outcome.said,
                "seconds": round(outcome.seconds, 3),
                "clinic": outcome.record,
            }
            for outcome in outcomes
        ],
    }
