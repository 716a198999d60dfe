"""Effects become deeds. One method, one line per effect; the deeds themselves are at the desks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import assert_never

from device.app.ask_desk import AskDesk
from device.app.attendant import AttendantGate
from device.app.card_desk import CardDesk
from device.app.face_desk import FaceDesk
from device.app.health import Health
from device.app.link_worker import Link
from device.app.mailbox import Mailbox
from device.app.memory import VisitorMemory
from device.app.panel_desk import PanelDesk
from device.app.portrait_work import PortraitWork
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.secrets import Passcode
from device.domain.values import Move, ReceptionId
from device.face.embed import Template
from device.ports.clock import Clock
from device.reception import effects as do
from device.reception import events as on
from device.reception.effects import Effect

log = logging.getLogger(__name__)


class UnitHands:
    """Carries out the effects of one unit's visits."""

    def __init__(
        self,
        *,
        card: CardDesk,
        face: FaceDesk | None,
        panel: PanelDesk,
        asks: AskDesk,
        link: Link,
        mailbox: Mailbox,
        gate: AttendantGate,
        clock: Clock,
        health: Health,
        forget: Callable[[], None],
    ) -> None:
        self._card = card
        self._face = face
        self._panel = panel
        self._asks = asks
        self._link = link
        self._mailbox = mailbox
        self._gate = gate
        self._clock = clock
        self._health = health
        self._forget = forget
        self._memory: VisitorMemory | None = None
        self._admitted: tuple[ReceptionId, str] | None = None
        """Whose passcode was taken last, and what the visit is called that may begin with it."""

    @property
    def remembers_visitor(self) -> bool:
        """Somebody's evidence is held."""
        return self._memory is not None

    @property
    def silent_from_s(self) -> float:
        """Since when the voice has been silent, or when it will be."""
        return self._panel.silent_from_s

    def carry_out(self, effect: Effect) -> None:  # noqa: C901, PLR0912  one line per effect
        """Carry out one effect."""
        match effect:
            case do.ShowCue(cue=cue):
                self._panel.show(cue)
            case do.Say(lines=lines):
                self._panel.say(lines)
            case do.OpenPinEntry():
                self._panel.open_pin_entry()
            case do.OpenChoice(choices=choices):
                self._panel.open_choice(choices)
            case do.CheckPasscode(passcode=passcode):
                self._check_passcode(passcode)
            case do.StopMatching():
                self._stop_matching()
            case do.StopWork():
                self._panel.close_entry()
                self._stop_matching()
                self._asks.forget()
            case do.ReleaseCard():
                self._card.release()
            case do.MeetVisitor(reception=reception):
                self._memory = VisitorMemory(reception, self._clock.utc_now())
                if self._admitted is not None and self._admitted[0] == reception:
                    self._memory.attendant = self._admitted[1]
            case do.ForgetVisitor():
                if self._memory is not None:
                    self._memory.forget()
                self._memory = None
                self._forget()
            case do.StartTimer():
                raise AssertionError("timers are the mailbox's")
            case _:
                if self._memory is not None:
                    self._do_for(self._memory, effect)

    def _do_for(self, memory: VisitorMemory, effect: _Personal) -> None:  # noqa: C901, PLR0912  one line per effect
        match effect:
            case do.ReadCard():
                self._read_card(memory)
            case do.AskChallenge():
                self._asks.begin(memory)
            case do.PreparePortrait():
                self._prepared_portrait(memory)
            case do.MatchFace():
                self._match_face(memory)
            case do.WatchMove(move=move):
                self._watch_move(memory, move)
            case do.CountTries():
                self._card.count_tries(memory)
            case do.VerifyPin(pin=pin):
                self._card.verify(memory, pin)
            case do.Prove(assurance=assurance):
                self._card.prove(memory, assurance)
            case do.AskHolder(assurance=assurance):
                self._asks.holder(memory, assurance)
            case do.AskRegistration():
                self._asks.register(memory)
            case do.CompareCard():
                self._card.compare(memory)
            case do.AskQualification(answers=answers, emergency=emergency):
                if answers.consents:
                    memory.consented_at = self._clock.utc_now()
                self._asks.confirm(memory, answers, emergency=emergency)
            case do.Report():
                self._report(memory, effect)
            case _:
                assert_never(effect)

    def _read_card(self, memory: VisitorMemory) -> None:
        if self._face is not None:
            self._face.prepare()
        self._card.read(memory)

    def _match_face(self, memory: VisitorMemory) -> None:
        face = self._face
        if face is None:
            self._mailbox.tell(on.FaceFailed(memory.reception, Reason.FACE_UNAVAILABLE))
            return
        stop = face.begin(memory)

        def match(made: Template | Reason) -> None:
            if isinstance(made, Reason):
                memory.portrait = None  # whoever comes back to the face later begins anew
            face.match(memory, made, stop)

        if portrait := self._prepared_portrait(memory):
            portrait.when_made(match)

    def _prepared_portrait(self, memory: VisitorMemory) -> PortraitWork | None:
        """Return the work on this visit's portrait, begun now if it was not before."""
        face = self._face
        if face is not None and memory.portrait is None:
            work = memory.portrait = PortraitWork()
            self._card.fetch_portrait(
                memory,
                front=face.front,
                then=lambda jp2: face.make_template(jp2, work.end),
                failed=lambda reason: self._mailbox.post(lambda: work.end(reason)),
            )
        return memory.portrait

    def _watch_move(self, memory: VisitorMemory, move: Move) -> None:
        if self._face is None or memory.template is None or memory.liveness is None:
            raise AssertionError("moves are asked for by the desk that watches them")
        self._face.watch_move(memory.reception, memory.template, memory.liveness, move)

    def _check_passcode(self, passcode: Passcode) -> None:
        reception = self._mailbox.reception

        def admit(name: str) -> ReceptionId:
            fresh = ReceptionId(self._asks.new_id())
            self._admitted = (fresh, name)
            if self._memory is not None:
                self._memory.attendant = name
            return fresh

        if reception is None:
            passcode.wipe()
        else:
            self._gate.check(reception, passcode, admit)

    def _stop_matching(self) -> None:
        if self._face is not None:
            self._face.stop()

    def _report(self, memory: VisitorMemory, report: do.Report) -> None:
        message_id = self._asks.new_id()
        try:
            self._link.report(
                message_id,
                lambda sequence: self._asks.result(memory, report, message_id=message_id, sequence=sequence),
            )
        except Fault as fault:
            self._health.report("outbox", fault.reason, why=f"a result was not kept: {fault}", finding=fault.finding)
            self._mailbox.tell(on.ReportFailed(memory.reception, fault.reason))


_Personal = (
    do.ReadCard
    | do.AskChallenge
    | do.PreparePortrait
    | do.MatchFace
    | do.WatchMove
    | do.CountTries
    | do.VerifyPin
    | do.Prove
    | do.AskHolder
    | do.AskRegistration
    | do.CompareCard
    | do.AskQualification
    | do.Report
)
"""Effects that need somebody to remember."""
