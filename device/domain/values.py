"""Plain values that every part of the house shares. Nothing here imports anything of ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NewType

from device.domain.reasons import Reason

ReceptionId = NewType("ReceptionId", str)
"""One visit, from card presented to visitor forgotten: 32 hex digits, random, without meaning."""

UnitId = NewType("UnitId", str)
"""A unit's name: the common name of its certificate, its MQTT client id and its place in the topics."""

SIMULATED_UNIT_PREFIX = "sim-"
"""Units built of simulated parts are named so; the broker keeps them on topics of their own."""


class CardKind(StrEnum):
    """What lies on the reader; told by SELECT and the token label, never by the ATR."""

    PLASTIC = "plastic"
    PINLESS = "pinless"
    """顔認証マイナンバーカード: a plastic card whose PIN nobody can use."""
    NEXT = "next"
    """次期個人番号カード."""
    ANDROID = "android"
    IPHONE = "iphone"
    TEST = "test"
    """A plastic card of the test authority; told by the issuer of its certificate."""


class PinUse(StrEnum):
    """Where the holder's PIN is entered."""

    UNIT = "unit"
    PHONE = "phone"
    """The phone unlocks its key itself, by face, finger or its own code; no PIN is ever sent to it."""
    NOWHERE = "nowhere"
    """The card takes none."""


class Method(StrEnum):
    """How the visitor shows to be the holder."""

    FACE = "face"
    PIN = "pin"


class Move(StrEnum):
    """What a visitor may be asked to do before the camera, left and right being the visitor's own."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    COME_CLOSER = "come_closer"

    @property
    def is_turn(self) -> bool:
        """Whether the move shows depth, which a picture lacks."""
        return self is not Move.COME_CLOSER


class Challenge(StrEnum):
    """When a visitor whose face matches is asked for a move."""

    ALWAYS = "always"
    WHEN_UNSURE = "when_unsure"
    """Where the networks neither accept nor refuse, and where there are none."""
    NEVER = "never"


class AttendantReason(StrEnum):
    """Why an attendant looked at card and face (目視確認) in place of the unit."""

    APPEARANCE = "appearance"
    """The face has changed since the photo was taken, or something covers it."""
    CANNOT_OPERATE = "cannot_operate"
    """The visitor cannot reach, see or press what the unit offers."""
    CHILD = "child"
    """A card without photo, or of a child who has grown."""
    UNIT_TROUBLE = "unit_trouble"
    """Camera, keypad or reader did not do its part."""
    EMERGENCY = "emergency"
    """Nobody can answer: the visitor is unconscious."""


class Assurance(StrEnum):
    """How sure the verification is; the service decides what it accepts."""

    PIN_SIGNATURE = "pin_signature"
    PHONE_SIGNATURE = "phone_signature"
    """The card signed, after the phone itself was satisfied that its holder is there."""
    FACE_INSTITUTION = "face_institution"
    FACE_ONLY = "face_only"
    ATTENDANT = "attendant"


class CertificateState(StrEnum):
    """What the national service says of the 利用者証明用電子証明書."""

    GOOD = "good"
    EXPIRES_SOON = "expires_soon"
    IN_GRACE = "in_grace"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ConsentItem(StrEnum):
    """What a clinic may ask to see (閲覧同意情報種別, OQSCD036)."""

    MEDICATION = "YZK"
    DIAGNOSIS = "SRJ"
    OPERATION = "SHJ"
    CHECKUP = "TKK"
    SPECIFIC_DISEASES = "TSR"
    """特定疾病療養受療証."""


CONSENT_LIFETIME = timedelta(hours=24)
"""How long a clinic may look after a yes. A change of mind: present the card again and answer differently."""


class ConsentMode(StrEnum):
    """How a clinic asks for consent."""

    BLANKET = "blanket"
    """All items in one question (包括同意)."""
    ITEM_BY_ITEM = "item_by_item"


class Prescription(StrEnum):
    """What the visitor wants (処方箋発行形態, OQSCD017)."""

    ELECTRONIC = "1"
    PAPER = "2"


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the visit needs to know of a card; nothing in it tells whose card it is."""

    kind: CardKind
    has_surface: bool
    """The card carries a portrait (券面事項確認AP)."""
    pin: PinUse = PinUse.UNIT
    notice: Reason | None = None
    """What its holder should hear of its certificate; None where there is nothing, or no clock to tell by."""
