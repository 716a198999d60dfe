"""Two whole visits by the unit's own program, as a patient makes them: one by face, one by PIN, over the real line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Final

from device.domain.reasons import Reason
from device.domain.values import Assurance
from device.ports.card import CardReader
from device.reception import Settled, State
from device.reception.states import (
    Asking,
    AskingPin,
    AwaitingHolder,
    AwaitingQualification,
    Idle,
    Matching,
    Moving,
    Proving,
    Reading,
)
from device.wire.texts import Text
from hw.cards import GoldenCard
from hw.errors import CannotMeasure
from hw.guarded_reader import GuardedReader
from hw.phases.cards import require_full_counters
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.rig.port import Light, Picture
from hw.session import Session
from hw.uncertainty import of_step
from hw.unit.port import Program, Thought

LOOK_S: Final = 0.01
STEP_S: Final = 0.001
"""A state's first moment is known to this."""
STATE_S: Final = 60.0
"""No state of a visit lasts longer, nor does a hand that is slow."""
KEY_HOLD_S: Final = 0.15
KEY_REST_S: Final = 0.25
TAKEN_S: Final = 10.0
"""Until a question goes that was answered; left alone it would go by itself, and nobody be asked again."""
MOVED: Final = "with a move that was asked for: this unit asks every visitor for one"
_ANSWERED_BY_CLINIC: Final = (AwaitingHolder, AwaitingQualification)


class _WentWrong(Exception):  # noqa: N818  what happened to the visit
    """The visit did not come to where it should."""


@dataclass(slots=True)
class _Visits:
    """The visits of one run."""

    session: Session
    program: Program
    card: GoldenCard
    guard: GuardedReader
    asks_everybody: bool
    """This unit asks every visitor for a move (docs/liveness.md); another one only whom its networks are unsure of."""
    answers_ms: list[float] = field(default_factory=list)
    receipts_ms: list[float] = field(default_factory=list)
    tried: int = 0
    failed: list[str] = field(default_factory=list)

    def make(self, name: str, visit: Callable[[], str], assurance: Assurance) -> None:
        """Make one visit and write down how long it took, from the card until the patient is told, and what it says."""
        before = len(self.program.thoughts())
        try:
            note = visit()
            thoughts = self.program.thoughts()[before:]
            self._require_end(thoughts, assurance)
            self._write_down(name, thoughts, note)
            self.until(lambda: self.program.waiting_results == 0, "the clinic did not confirm the result")
            self.receipts_ms.append(1000 * (self.now_s - _moment(thoughts, Settled)))
            self.tried += 1
        except _WentWrong as error:
            self.tried += 1
            self.failed.append(f"{name}: {error}")
            self.session.not_measured(f"visit.{name}_s", str(error))
        finally:
            self.session.rig.lift()
            self.until(lambda: isinstance(self.program.state, Idle), "the unit did not become free again")

    def place(self) -> None:
        """Put the card on the reader."""
        self.session.rig.place(self.card.name)

    def until(self, reached: Callable[[], bool], otherwise: str, within_s: float = STATE_S) -> None:
        """Let the unit live until then. Raise _WentWrong."""
        end_s = self.now_s + within_s
        while not reached():
            if self.now_s > end_s:
                raise _WentWrong(otherwise)
            self.session.unit.wait(LOOK_S)
            self.guard.raise_danger()

    def until_state(self, *wanted: type[State]) -> State:
        """Let the visit come to one of these. Raise _WentWrong where it ends before."""
        stops = (*wanted, Settled)
        names = " or ".join(each.__name__ for each in wanted)
        self.until(lambda: isinstance(self.program.state, stops), f"the visit did not come to {names}")
        state = self.program.state
        if not isinstance(state, wanted):
            raise _WentWrong(f"the visit ended with {state.reason}" if isinstance(state, Settled) else "it moved on")
        return state

    def agree(self) -> None:
        """Say yes to every question until the visit has ended."""
        while isinstance(asked := self.until_state(Asking, Settled), Asking):
            self.press("#")
            self.until(
                partial(self._has_left, asked),
                "a question was not taken as answered",
                TAKEN_S + self.session.rig.press_within_s,
            )

    def press(self, key: str) -> None:
        """Press one key, once the one before is surely up again."""
        rig = self.session.rig
        self.session.unit.wait((rig.press_within_s if rig.tireless else 0.0) + KEY_HOLD_S + KEY_REST_S)
        rig.press(key, KEY_HOLD_S)

    def _has_left(self, asked: Asking) -> bool:
        """Return whether another question is asked by now, or none; one that is repeated is the same."""
        state = self.program.state
        return not isinstance(state, Asking) or state.question != asked.question

    @property
    def now_s(self) -> float:
        """The unit's clock."""
        return self.session.unit.clock.monotonic_s()

    def _require_end(self, thoughts: Sequence[Thought], assurance: Assurance) -> None:
        ended = thoughts[-1].state
        if not isinstance(ended, Settled) or ended.reason is not Reason.QUALIFIED:
            raise _WentWrong(f"the visit ended with {ended.reason if isinstance(ended, Settled) else ended}")
        held = {each.state.visit.assurance for each in thoughts if isinstance(each.state, AwaitingQualification)}
        if held != {assurance}:
            raise _WentWrong(f"the visit was not by {assurance}")

    def _write_down(self, name: str, thoughts: Sequence[Thought], note: str) -> None:
        seconds = _moment(thoughts, Settled) - _moment(thoughts, Reading)
        self.session.measured(f"visit.{name}_s", seconds, uncertainty=of_step(STEP_S), note=note)
        spent: dict[str, float] = {}
        for one, after in pairwise(thoughts):
            state = type(one.state).__name__
            spent[state] = spent.get(state, 0.0) + after.at_s - one.at_s
            if isinstance(one.state, _ANSWERED_BY_CLINIC) and type(after.state) is not type(one.state):
                self.answers_ms.append(1000 * (after.at_s - one.at_s))
        self.session.draw(
            Series(
                name=f"visit_{name}",
                title=Text(ja=f"来訪の時間の内訳({name})", en=f"Where the time of the visit by {name} goes"),
                drawing=Drawing.BARS,
                x_name="",
                x=[],
                y_name="s",
                y=[round(spent[state], 4) for state in spent if state not in {"Idle", "Settled"}],
                labels=[state for state in spent if state not in {"Idle", "Settled"}],
            )
        )


def measure_visits(session: Session) -> None:
    """Make both; the card's counters are looked at before and after."""
    card = session.cards.expendable
    require_full_counters(session, card)
    session.rig.light(Light.OFFICE)
    asks_everybody = _asks_everybody(session)
    guard: list[GuardedReader] = []

    def watched(reader: CardReader) -> GuardedReader:
        guard.append(GuardedReader(reader, session.cards, card, simulated=session.facts.simulated))
        return guard[-1]

    with session.unit.serving(watched) as program:
        visits = _Visits(session, program, card, guard[-1], asks_everybody)
        try:
            visits.until(lambda: program.line_up, "the broker does not take the unit")
            session.attempt("visit.face_s", measure=lambda: _by_face(visits))
            _by_pin(visits)
        except _WentWrong as error:
            visits.failed.append(str(error))
    require_full_counters(session, card)
    session.measured("visit.failed", len(visits.failed), samples=visits.tried, note="; ".join(visits.failed))
    for name, times in (("visit.answer_ms", visits.answers_ms), ("visit.receipt_ms", visits.receipts_ms)):
        if times:
            step_s = STEP_S if name == "visit.answer_ms" else LOOK_S
            session.measured(name, max(times), uncertainty=1000 * of_step(step_s), samples=len(times), note="slowest")


def _asks_everybody(session: Session) -> bool:
    """Return whether this unit's rules ask every face for a move: without its networks they do."""
    try:
        liveness = session.unit.face.liveness
    except CannotMeasure:
        return False
    return liveness is not None and liveness.rules.asks_everybody


def _by_face(visits: _Visits) -> None:
    visits.session.rig.bring_holder(visits.card)

    def visit() -> str:
        visits.place()
        note = ""
        state = visits.until_state(Asking, AskingPin, Moving)
        if isinstance(state, Moving):
            if not visits.asks_everybody:
                raise _WentWrong("the face was taken for a picture: a move was asked for")
            note = MOVED
            state = visits.until_state(Asking, AskingPin)
        match state:
            case AskingPin() if any(isinstance(each.state, Proving) for each in visits.program.thoughts()):
                raise CannotMeasure("the face matched, and this card takes the PIN all the same")
            case AskingPin() if note:
                raise _WentWrong("the move that was asked for was not seen; a photo on a display makes none")
            case AskingPin():
                raise _WentWrong("the face did not match")
            case _:
                visits.agree()
        return note

    visits.make("face", visit, Assurance.FACE_INSTITUTION)


def _by_pin(visits: _Visits) -> None:
    visits.session.rig.show(Picture.NOTHING)

    def visit() -> str:
        visits.place()
        if isinstance(visits.until_state(Matching, AskingPin), Matching):
            visits.press("#")
        visits.until_state(AskingPin)
        _type_pin(visits)
        visits.until(lambda: not isinstance(visits.program.state, AskingPin), "the PIN was not taken")
        if isinstance(visits.until_state(Asking, AskingPin, Settled), AskingPin):
            raise _WentWrong("the card refused the PIN")
        visits.agree()
        return ""

    visits.make("pin", visit, Assurance.PIN_SIGNATURE)


def _type_pin(visits: _Visits) -> None:
    pin = visits.card.pin
    if pin is None or not visits.session.rig.tireless:
        visits.session.rig.type_pin(visits.card.name)
        return
    for digit in pin.reveal():
        visits.press(chr(digit))
    visits.press("#")


def _moment(thoughts: Sequence[Thought], state: type[State]) -> float:
    return next(each.at_s for each in thoughts if isinstance(each.state, state))


VISITS = Phase(
    name="visit",
    title=Text(ja="来訪の通し試験", en="Whole visits"),
    next_step=Text(
        ja="止まった所の部品の試験結果と、医療機関側の記録を確かめてください。",
        en="Look at the part where the visit stopped, and at the clinic side's log.",
    ),
    measures=("visit.failed", "visit.face_s", "visit.pin_s", "visit.answer_ms", "visit.receipt_ms"),
    run=measure_visits,
)
