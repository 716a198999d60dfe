"""The six visits: what people do, and how it should end. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from device.domain.reasons import Reason
from device.domain.values import Assurance
from device.reception.states import (
    Asking,
    AskingPin,
    CheckingPin,
    Matching,
    Settled,
    State,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Put the card on the reader."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Stand before the camera, as the person of this photo; None: nobody is in the picture."""

    photo: str | None
    says: str
    """What a spectator is told."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until the unit has come to this state."""

    state: type[State]


@dataclass(frozen=True, slots=True)
class Press:
    """Press these keys."""

    keys: str
    says: str
    """What a spectator is told; a PIN is not."""


@dataclass(frozen=True, slots=True)
class Lift:
    """Take the card."""


Act = Place | Stand | Wait | Press | Lift


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of the programme."""

    title_ja: str
    title_en: str
    role: str
    acts: tuple[Act, ...]
    reason: Reason
    """How it should end."""
    assurance: Assurance | None
    also_said: tuple[Reason, ...] = ()
    """What the unit should have said on the way."""


_LOOKS_AS_OBAMA = Stand("obama2", "looks at the camera / カメラを見る")
_YES = Press("#", "agrees with the hash key / 「シャープ」で同意")
_PIN = Press("1234#", "types the PIN / 暗証番号を入れる ●●●● #")
_WRONG_PIN = Press("0000#", "types a wrong PIN / まちがった番号を入れる ●●●● #")
_CHOOSE_PIN = Press("#", "prefers the PIN and presses hash / 「シャープ」で暗証番号を選ぶ")

VISITS = (
    Visit(
        "顔で受付",
        "By face",
        "taro",
        (
            _LOOKS_AS_OBAMA,
            Place(),
            Wait(Asking),
            _YES,
            Wait(Settled),
            Lift(),
        ),
        Reason.QUALIFIED,
        Assurance.FACE_INSTITUTION,
    ),
    Visit(
        "暗証番号、一度まちがえて",
        "By PIN, after one wrong try",
        "nanami",
        (
            Stand(None, "looks at the keypad, not at the camera / カメラではなくキーを見る"),
            Place(),
            Wait(Matching),
            _CHOOSE_PIN,
            Wait(AskingPin),
            _WRONG_PIN,
            Wait(CheckingPin),
            Wait(AskingPin),
            _PIN,
            Wait(Asking),
            _YES,
            Wait(Settled),
            Lift(),
        ),
        Reason.QUALIFIED,
        Assurance.PIN_SIGNATURE,
        (Reason.PIN_WRONG, Reason.NAME_HAS_UNKNOWN_CHARACTERS),
    ),
    Visit(
        "暗証番号がロックされている",
        "The PIN is locked",
        "ume",
        (
            Stand(None, "sits where the camera does not see them / カメラに映らない所に座っている"),
            Place(),
            Wait(Settled),
            Lift(),
        ),
        Reason.PIN_BLOCKED,
        None,
        (Reason.FACE_NOT_FOUND,),
    ),
    Visit(
        "電子証明書の期限切れ",
        "The certificate has expired",
        "shiro",
        (
            _LOOKS_AS_OBAMA,
            Place(),
            Wait(Settled),
            Lift(),
        ),
        Reason.CERTIFICATE_EXPIRED,
        None,
    ),
    Visit(
        "読み取り中にカードを取った",
        "The card is pulled away while it is read",
        "sakura",
        (
            Place(),
            Wait(Settled),
            Lift(),
        ),
        Reason.CARD_REMOVED,
        None,
    ),
    Visit(
        "ほかの人の顔、それから暗証番号",
        "Another person's face, then the PIN",
        "satsuki",
        (
            Stand("biden", "another person looks at the camera / ほかの人がカメラを見る"),
            Place(),
            Wait(Matching),
            Wait(AskingPin),
            _PIN,
            Wait(Settled),
            Lift(),
        ),
        Reason.QUALIFIED,
        Assurance.PIN_SIGNATURE,
        (Reason.FACE_MISMATCH, Reason.CERTIFICATE_IN_GRACE),
    ),
)
