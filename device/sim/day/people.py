"""Who comes: kinds of visitors, how often each, and what is special about them. Invented, as a day might be."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from device.domain.reasons import Reason
from device.domain.values import AttendantReason, CardFacts, CardKind, ConsentItem, Method, PinUse
from device.reception import Policy
from device.reception.questions import Question, Topic

PLASTIC = CardFacts(CardKind.PLASTIC, has_surface=True)
_IPHONE = CardFacts(CardKind.IPHONE, has_surface=False, pin=PinUse.PHONE)
_ANDROID = CardFacts(CardKind.ANDROID, has_surface=False)
_PINLESS = CardFacts(CardKind.PINLESS, has_surface=True, pin=PinUse.NOWHERE)
_MATCHES = (None,)


class Hands(StrEnum):
    """What a visitor does with the card at the wrong time."""

    STEADY = "steady"
    PULL_AWAY = "pull_away"
    """Takes the card in the middle of the visit."""
    FORGET = "forget"
    """Leaves it when the visit is over, for a while."""
    WALK_AWAY = "walk_away"
    """Goes, and leaves the card where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One kind of visitor."""

    kind: str
    share: float
    """How many of a thousand."""
    knows: bool = True
    """Has been here before: answers at the first words. Others listen to the end."""
    card: CardFacts = PLASTIC
    card_fails: Reason | None = None
    method: Method = Method.FACE
    looks: tuple[Reason | None, ...] = _MATCHES
    """What comes of each look at the camera; None is a match. The last one holds for all further ones."""
    moves: bool = False
    """Liveness asks for a move."""
    pins_wrong: int = 0
    tries_left: int = 3
    registered: bool = True
    wants_registration: bool = True
    subsidy: bool = False
    agrees: bool = True
    ending: Reason = Reason.QUALIFIED
    refused: Reason | None = None
    service_down: bool = False
    hands: Hands = Hands.STEADY
    attendant: AttendantReason | None = None


COOPERATIVE = Visitor(kind="knows the unit, by face", share=470)

VISITORS: tuple[Visitor, ...] = (
    COOPERATIVE,
    Visitor(kind="first visit, by face", share=120, knows=False),
    Visitor(kind="moved, then looked", share=80, looks=(Reason.FACE_NOT_FOUND, None)),
    Visitor(kind="asked to turn the head", share=30, moves=True),
    Visitor(kind="by PIN", share=70, method=Method.PIN),
    Visitor(kind="by PIN, one slip", share=25, method=Method.PIN, pins_wrong=1),
    Visitor(kind="PIN locked, then face", share=8, method=Method.PIN, tries_left=0),
    Visitor(kind="last try left", share=4, method=Method.PIN, tries_left=1),
    Visitor(kind="face has changed, then PIN", share=25, looks=(Reason.FACE_MISMATCH,)),
    Visitor(kind="iPhone", share=40, card=_IPHONE),
    Visitor(kind="Android", share=20, card=_ANDROID),
    Visitor(kind="card without PIN", share=5, card=_PINLESS),
    Visitor(kind="infant, guardian's PIN", share=12, knows=False, looks=(Reason.PORTRAIT_MISSING,)),
    Visitor(kind="child, by attendant", share=8, looks=(Reason.FACE_MISMATCH,), attendant=AttendantReason.CHILD),
    Visitor(
        kind="cannot operate, by attendant",
        share=10,
        looks=(Reason.FACE_NOT_FOUND,),
        attendant=AttendantReason.CANNOT_OPERATE,
    ),
    Visitor(kind="emergency", share=1, looks=(Reason.FACE_NOT_FOUND,), attendant=AttendantReason.EMERGENCY),
    Visitor(kind="registers on the spot", share=14, registered=False),
    Visitor(kind="does not register", share=2, registered=False, wants_registration=False),
    Visitor(kind="with a subsidy", share=40, subsidy=True),
    Visitor(kind="declines", share=35, agrees=False, subsidy=True),
    Visitor(kind="certificate expired", share=5, card_fails=Reason.CERTIFICATE_EXPIRED),
    Visitor(kind="certificate revoked", share=2, refused=Reason.CERTIFICATE_REVOKED),
    Visitor(kind="qualification ended", share=10, ending=Reason.QUALIFICATION_ENDED),
    Visitor(kind="another kind of card", share=6, card_fails=Reason.CARD_UNKNOWN),
    Visitor(kind="card cannot be read", share=4, card_fails=Reason.CARD_UNREADABLE),
    Visitor(kind="pulls the card away", share=10, hands=Hands.PULL_AWAY),
    Visitor(kind="walks away", share=3, knows=False, looks=(Reason.FACE_NOT_FOUND,), hands=Hands.WALK_AWAY),
    Visitor(kind="forgets the card", share=15, hands=Hands.FORGET),
    Visitor(kind="service down", share=3, service_down=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """What a clinic asks, and its policy."""

    says: str
    questions: tuple[Question, ...]
    policy: Policy = field(default_factory=Policy)

    def asks(self, visitor: Visitor) -> tuple[Question, ...]:
        """Return what this visitor is asked."""
        subsidy = (Question(Topic.PUBLIC_EXPENSE),) if visitor.subsidy else ()
        choice = [question for question in self.questions if question.topic is Topic.PRESCRIPTION]
        consent = [question for question in self.questions if question.topic is Topic.CONSENT]
        return (*consent, *subsidy, *choice)


_BOTH = (ConsentItem.MEDICATION, ConsentItem.CHECKUP)
_BLANKET = (Question(Topic.CONSENT, _BOTH),)

CLINICS: dict[str, Clinic] = {
    "blanket": Clinic(says="all items in one question, by key", questions=_BLANKET),
    "blanket-by-card": Clinic(
        says="all items in one question, by lifting the card", questions=_BLANKET, policy=Policy(consent_by_card=True)
    ),
    "items": Clinic(says="item by item", questions=tuple(Question(Topic.CONSENT, (item,)) for item in _BOTH)),
    "blanket-prescription": Clinic(
        says="all items in one question, and 電子処方箋 or paper",
        questions=(*_BLANKET, Question(Topic.PRESCRIPTION)),
    ),
    "pin-first": Clinic(
        says="by PIN first, all items in one question",
        questions=_BLANKET,
        policy=Policy(first_method=Method.PIN),
    ),
}
