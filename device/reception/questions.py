"""Questions as data: what is asked, which keys answer it. The machine has one state for all of them.

Hash is yes, star is no, and where there is a choice the digits 1, 2, … stand for it. Any other digit asks for more
time and hears the question again. Silence is always the answer that shows the least.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from device.domain.prompts import Cue, Phrase
from device.domain.values import AttendantReason, ConsentItem, Prescription


class Topic(StrEnum):
    """What a question is about."""

    LAST_TRY = "last_try"
    """One PIN try is left: spend it?"""
    ATTENDANT = "attendant"
    """To the attendant: is this the person on the card, and why do you look in place of the unit?"""
    REGISTRATION = "registration"
    """Shall the card become an insurance card now (利用登録)?"""
    CONSENT = "consent"
    """May the clinic see these items?"""
    PUBLIC_EXPENSE = "public_expense"
    """Shall the medical subsidy (公費) be used?"""
    PRESCRIPTION = "prescription"
    """電子処方箋 or paper?"""
    READ_BACK = "read_back"
    """Is this what you answered?"""


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one person."""

    topic: Topic
    items: tuple[ConsentItem, ...] = ()
    """What is asked about (consent), or was agreed to (read back)."""
    again: tuple[Question, ...] = ()
    """What a no to the reading back asks once more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a topic is asked."""

    phrase: Phrase
    cue: Cue
    choices: int = 0
    """How many digits, from 1 on, are answers."""
    yes_is_an_answer: bool = True
    """False: hash only hears the question again."""


RULES: Mapping[Topic, Rule] = MappingProxyType(
    {
        Topic.LAST_TRY: Rule(Phrase.LAST_TRY, Cue.ASK_LAST_TRY),
        Topic.ATTENDANT: Rule(
            Phrase.ASK_ATTENDANT, Cue.ASK_STAFF, choices=len(AttendantReason), yes_is_an_answer=False
        ),
        Topic.REGISTRATION: Rule(Phrase.ASK_REGISTRATION, Cue.ASK_REGISTRATION),
        Topic.CONSENT: Rule(Phrase.ASK_CONSENT, Cue.ASK),
        Topic.PUBLIC_EXPENSE: Rule(Phrase.ASK_PUBLIC_EXPENSE, Cue.ASK_SUBSIDY),
        Topic.PRESCRIPTION: Rule(
            Phrase.ASK_PRESCRIPTION, Cue.ASK_PRESCRIPTION, choices=len(Prescription), yes_is_an_answer=False
        ),
        Topic.READ_BACK: Rule(Phrase.READ_BACK, Cue.ASK_READ_BACK),
    }
)

CONSENT_BY_CARD = Rule(Phrase.ASK_CONSENT_BY_CARD, Cue.ASK_BY_CARD)
"""How consent is asked for where lifting the card and placing it again is a yes as well."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the visitor answered; None and absence mean that it was not asked."""

    consents: tuple[tuple[ConsentItem, bool], ...] = ()
    public_expense: bool | None = None
    prescription: Prescription | None = None

    @property
    def agreed(self) -> tuple[ConsentItem, ...]:
        """The items that the clinic may see."""
        return tuple(item for item, yes in self.consents if yes)
