"""The service's side of a visit: asks go out with an id, answers come back to the visit that asked."""

from __future__ import annotations

from collections.abc import Callable

from joserfc.jwk import ECKey

from device.app.mailbox import Mailbox
from device.app.memory import VisitorMemory
from device.domain.reasons import Reason
from device.domain.values import Assurance, ConsentMode, UnitId
from device.ports.clock import Clock
from device.ports.entropy import Entropy
from device.reception import events as on
from device.reception.effects import Report
from device.reception.events import Event
from device.reception.questions import Answers, Question, Topic
from device.wire.codec import encode
from device.wire.freshness import expiry
from device.wire.messages import (
    Answer,
    Ask,
    Begin,
    Challenge,
    Confirm,
    Evidence,
    Holder,
    HolderKnown,
    Qualification,
    Refused,
    Register,
    Registrable,
    Result,
)
from device.wire.sealing import seal


class AskDesk:
    """Knows which visit waits for which answer. Runs on the mailbox's thread."""

    def __init__(
        self,
        *,
        unit: UnitId,
        clinic_key: ECKey,
        simulated: bool,
        send: Callable[[Ask], None],
        mailbox: Mailbox,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._unit = unit
        self._clinic_key = clinic_key
        self._simulated = simulated
        self._send = send
        self._mailbox = mailbox
        self._clock = clock
        self._entropy = entropy
        self._waiting: dict[str, VisitorMemory] = {}

    def begin(self, memory: VisitorMemory) -> None:
        """Ask for a challenge. → ChallengeCame, AskFailed."""
        self._ask(memory, lambda ask_id: Begin(ask_id=ask_id, reception=memory.reception))

    def holder(self, memory: VisitorMemory, assurance: Assurance) -> None:
        """Send the evidence, sealed for the clinic. → HolderAccepted, AskFailed."""
        if memory.certificate is None:
            self._mailbox.tell(on.AskFailed(memory.reception, Reason.CARD_UNREADABLE))
            return
        evidence = Evidence(assurance=assurance, certificate=memory.certificate, signature=memory.signature)
        sealed = seal(encode(evidence), self._clinic_key)
        self._ask(memory, lambda ask_id: Holder(ask_id=ask_id, reception=memory.reception, evidence=sealed))

    def register(self, memory: VisitorMemory) -> None:
        """Ask for the card's registration. → HolderAccepted, AskFailed."""
        self._ask(memory, lambda ask_id: Register(ask_id=ask_id, reception=memory.reception))

    def confirm(self, memory: VisitorMemory, answers: Answers, *, emergency: bool) -> None:
        """Send the visitor's answers. → QualificationCame, AskFailed."""
        self._ask(
            memory,
            lambda ask_id: Confirm(
                ask_id=ask_id,
                reception=memory.reception,
                consents=dict(answers.consents),
                prescription=answers.prescription,
                public_expense=answers.public_expense,
                emergency=emergency,
            ),
        )

    def forget(self) -> None:
        """Nobody waits for an answer any more."""
        self._waiting.clear()

    def answered(self, answer: Answer) -> None:
        """An answer came in, on whatever thread."""
        self._mailbox.post(lambda: self._news_of(answer))

    def lost(self, ask_id: str, reason: Reason) -> None:
        """No answer came in time, on whatever thread."""

        def news() -> Event | None:
            memory = self._waiting.pop(ask_id, None)
            return None if memory is None else on.AskFailed(memory.reception, reason)

        self._mailbox.post(news)

    def result(self, memory: VisitorMemory, report: Report, *, message_id: str, sequence: int) -> Result:
        """Return how the visit ended, in the words of the line."""
        now = self._clock.utc_now()
        return Result(
            message_id=message_id,
            sequence=sequence,
            unit=self._unit,
            reception=memory.reception,
            reason=report.reason,
            notices=list(report.notices),
            card=report.card,
            assurance=report.assurance,
            consents=dict(report.answers.consents),
            started_at=memory.started_at,
            ended_at=now,
            expires_at=expiry(now),
            sealed=memory.sealed,
            simulated=self._simulated,
            consented_at=memory.consented_at,
            prescription=report.answers.prescription,
            public_expense=report.answers.public_expense,
            attendant=memory.attendant,
            attendant_reason=report.attendant,
        )

    def new_id(self) -> str:
        """Return a name that nobody used before."""
        return self._entropy.token(16).hex()

    def _ask(self, memory: VisitorMemory, make: Callable[[str], Ask]) -> None:
        ask_id = self.new_id()
        self._waiting[ask_id] = memory
        self._send(make(ask_id))

    def _news_of(self, answer: Answer) -> Event | None:
        memory = self._waiting.pop(answer.ask_id, None)
        if memory is None:
            return None
        match answer:
            case Challenge(challenge=challenge):
                memory.challenge = challenge
                return on.ChallengeCame(memory.reception)
            case Registrable():
                return on.RegistrationOffered(memory.reception)
            case HolderKnown():
                return on.HolderAccepted(memory.reception, questions_of(answer))
            case Qualification(reason=reason, notices=notices, sealed=sealed):
                memory.sealed = sealed
                return on.QualificationCame(memory.reception, reason, tuple(notices))
            case Refused(reason=reason):
                return on.AskFailed(memory.reception, reason)


def questions_of(known: HolderKnown) -> tuple[Question, ...]:
    """Return what the clinic wants to have asked, in the order of asking."""
    items = tuple(known.ask_consent)
    blanket = known.consent_mode is ConsentMode.BLANKET
    groups = (items,) if blanket and items else tuple((item,) for item in items)
    questions = [Question(Topic.CONSENT, group) for group in groups]
    if known.ask_public_expense:
        questions.append(Question(Topic.PUBLIC_EXPENSE))
    if known.ask_prescription:
        questions.append(Question(Topic.PRESCRIPTION))
    return tuple(questions)
