"""The one error tree. Every error that may reach a person carries a reason from the catalogue.

UketsukeError
├── CardError            something about the card in the field
│   ├── CardLost         it left before the answer came
│   ├── CardUnknown      it is not a My Number Card
│   ├── CardUnreadable   it answers, but not as the standard says
│   ├── SeveralCards     two or more lie in the field
│   ├── PinRejected      wrong PIN; `tries_left` is the card's own word
│   └── PinBlocked       no tries left
├── FaceError            the picture cannot be judged (not: the faces differ)
├── MessageError         a message that we refuse
├── UpdateRefused        an update that we do not take, or do not keep
└── Fault                a part of ours failed
    └── BadConfig        and it was the configuration
"""

from __future__ import annotations

from enum import StrEnum

from device.domain.finding import FindingCode
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.updates import Refusal


class Drop(StrEnum):
    """Why a message from the line had no effect."""

    FOREIGN_TOPIC = "foreign_topic"
    """On a topic that was not asked for."""
    RETAINED = "retained"
    """Somebody's old word; nothing that we listen to is ever retained."""
    OVERSIZED = "oversized"
    """Refused before it was parsed."""
    FOREIGN_VERSION = "foreign_version"
    MALFORMED = "malformed"
    """No JSON, not UTF-8, too deep, or not what belongs on this topic."""
    FORGED = "forged"
    """Not signed by whom it has to come from, or for another unit, or about something that we did not say."""
    STALE = "stale"
    """Signed too long ago, or by a clock that is ahead of ours, or with a certificate that is not valid now."""
    UNSOLICITED = "unsolicited"
    """An answer or a receipt that nothing waits for (any more), or an answer of a kind that does not fit its ask."""


class UketsukeError(Exception):
    """Root of the tree. `str(error)` says what happened and where, without personal data."""

    def __init__(self, message: str, *, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


class CardError(UketsukeError):
    """Something about the card in the field."""


class CardLost(CardError):  # noqa: N818  the event's name in the design; "CardLostError" says it twice
    """The card left the field, or the reader left the machine."""

    def __init__(self, message: str = "the card left the field") -> None:
        super().__init__(message, reason=Reason.CARD_REMOVED)


class CardUnknown(CardError):  # noqa: N818
    """No JPKI application answers: this is another kind of card."""

    def __init__(self, message: str = "no JPKI application on this card") -> None:
        super().__init__(message, reason=Reason.CARD_UNKNOWN)


class CardUnreadable(CardError):  # noqa: N818
    """The card answers, but not with what the standard asks for. `sw` is the status word, if there was one."""

    def __init__(self, message: str, *, sw: int | None = None, reason: Reason = Reason.CARD_UNREADABLE) -> None:
        super().__init__(message, reason=reason)
        self.sw = sw


class SeveralCards(CardError):  # noqa: N818
    """More than one card is in the field; none of them is spoken to, for nobody knows which one was meant."""

    def __init__(self, message: str = "several cards in the field") -> None:
        super().__init__(message, reason=Reason.SEVERAL_CARDS)


class PinRejected(CardError):  # noqa: N818
    """The card counted a wrong PIN. `tries_left` is at least 1; at 0 it is PinBlocked."""

    def __init__(self, *, tries_left: int) -> None:
        super().__init__(f"wrong PIN, {tries_left} tries left", reason=Reason.PIN_WRONG)
        self.tries_left = tries_left


class PinBlocked(CardError):  # noqa: N818
    """The PIN has no tries left; the municipal counter resets it."""

    def __init__(self) -> None:
        super().__init__("the PIN is blocked", reason=Reason.PIN_BLOCKED)


class FaceError(UketsukeError):
    """A picture that cannot be judged: no face, several faces, a portrait that does not decode.

    `steer` is one of `STEERING` where the visitor would have to move to be seen whole.
    """

    def __init__(self, message: str, *, reason: Reason, steer: Phrase | None = None) -> None:
        super().__init__(message, reason=reason)
        self.steer = steer


class MessageError(UketsukeError):
    """A message that we refuse: malformed, forged, stale, foreign version. `drop` is what it is counted as."""

    def __init__(self, message: str, *, reason: Reason, drop: Drop = Drop.MALFORMED) -> None:
        super().__init__(message, reason=reason)
        self.drop = drop


class UpdateRefused(UketsukeError):  # noqa: N818  the event's name
    """An update that is not taken, or was taken back; the unit goes on with what it had. `refusal` says why."""

    def __init__(self, message: str, *, refusal: Refusal) -> None:
        super().__init__(message, reason=Reason.UPDATE_REFUSED)
        self.refusal = refusal


class Fault(UketsukeError):  # noqa: N818  the glossary's word
    """A part failed. `part` names it in the words of the configuration.

    `finding` is what the doctor calls it, where whoever raised it knows more than the part.
    """

    def __init__(self, message: str, *, part: str, reason: Reason, finding: FindingCode | None = None) -> None:
        super().__init__(message, reason=reason)
        self.part = part
        self.finding = finding


class BadConfig(Fault):
    """The configuration cannot be used. `where` is the file and the option, e.g. `unit.toml: [card] reader`."""

    def __init__(self, message: str, *, where: str) -> None:
        super().__init__(f"{where}: {message}", part="config", reason=Reason.CONFIG_INVALID)
        self.where = where
