"""The codes of everything that can end or hold up a visit. Their sentences are in `device.wire.reasons`."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A stable code. Codes are never reused; a code that is no longer raised stays in the catalogue."""

    # The service answered: the visit ends with what it said (OQSCD006, facts of the official interface).
    QUALIFIED = "qualified"
    QUALIFICATION_ENDED = "qualification_ended"
    QUALIFICATION_REPLACED = "qualification_replaced"
    QUALIFICATION_NOT_FOUND = "qualification_not_found"
    QUALIFICATION_AMBIGUOUS = "qualification_ambiguous"
    NOT_REGISTERED = "not_registered"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_NOT_TRUSTED = "certificate_not_trusted"
    PROOF_REFUSED = "proof_refused"
    ASSURANCE_REFUSED = "assurance_refused"
    SERVICE_UNREACHABLE = "service_unreachable"
    ANSWER_PENDING = "answer_pending"
    SERVICE_REFUSED = "service_refused"

    # The card or the visitor ended it.
    CARD_UNKNOWN = "card_unknown"
    CARD_UNREADABLE = "card_unreadable"
    CARD_REMOVED = "card_removed"
    CARD_CHANGED = "card_changed"
    SEVERAL_CARDS = "several_cards"
    TEST_CARD = "test_card"
    CARD_WITHOUT_PIN = "card_without_pin"
    PHONE_LOCKED = "phone_locked"
    PIN_BLOCKED = "pin_blocked"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    ATTENDANT_DECLINED = "attendant_declined"

    # A visit is held up and goes on another way.
    PIN_WRONG = "pin_wrong"
    PIN_UNANSWERED = "pin_unanswered"
    PIN_LAST_TRY = "pin_last_try"
    FACE_NOT_FOUND = "face_not_found"
    FACE_TOO_DARK = "face_too_dark"
    FACE_TOO_BRIGHT = "face_too_bright"
    FACE_BLURRED = "face_blurred"
    FACE_TOO_FAR = "face_too_far"
    FACE_TOO_NEAR = "face_too_near"
    FACE_TURNED = "face_turned"
    FACE_COVERED = "face_covered"
    FACE_SEVERAL = "face_several"
    FACE_MISMATCH = "face_mismatch"
    FACE_UNAVAILABLE = "face_unavailable"
    LIVENESS_UNSURE = "liveness_unsure"
    MOVE_NOT_SEEN = "move_not_seen"
    PORTRAIT_MISSING = "portrait_missing"
    PORTRAIT_UNREADABLE = "portrait_unreadable"
    PORTRAIT_NOT_GENUINE = "portrait_not_genuine"
    PORTRAIT_ORIGIN_UNKNOWN = "portrait_origin_unknown"
    CHIP_NOT_PROVEN = "chip_not_proven"
    FRONT_UNREADABLE = "front_unreadable"
    REFERENCE_NUMBER_REFUSED = "reference_number_refused"
    INSTITUTION_CREDENTIAL_MISSING = "institution_credential_missing"
    PASSCODE_REFUSED = "passcode_refused"
    PASSCODE_LOCKED = "passcode_locked"
    ATTENDANT_NEEDS_CARD = "attendant_needs_card"
    CARD_LEFT_BEHIND = "card_left_behind"

    # The answer comes with a remark.
    CERTIFICATE_EXPIRES_SOON = "certificate_expires_soon"
    CERTIFICATE_IN_GRACE = "certificate_in_grace"
    NAME_HAS_UNKNOWN_CHARACTERS = "name_has_unknown_characters"
    REGISTERED_NOW = "registered_now"
    PUBLIC_EXPENSE_DECLINED = "public_expense_declined"
    PUBLIC_EXPENSE_ENDED = "public_expense_ended"

    # A part of ours failed.
    CONFIG_INVALID = "config_invalid"
    MODEL_MISSING = "model_missing"
    MODEL_DIGEST_MISMATCH = "model_digest_mismatch"
    LIVENESS_MISSING = "liveness_missing"
    LIVENESS_REPLACED = "liveness_replaced"
    PROTECTION_MISSING = "protection_missing"
    READER_FAULT = "reader_fault"
    CAMERA_FAULT = "camera_fault"
    KEYPAD_FAULT = "keypad_fault"
    VOICE_FAULT = "voice_fault"
    PANEL_FAULT = "panel_fault"
    BROKER_UNREACHABLE = "broker_unreachable"
    OUTBOX_FAULT = "outbox_fault"
    RESULTS_LATE = "results_late"
    CLOCK_DOUBTFUL = "clock_doubtful"
    UNIT_QUARANTINED = "unit_quarantined"
    UPDATE_REFUSED = "update_refused"
    INTERNAL_FAULT = "internal_fault"


FACE_HINTS = frozenset(
    {
        Reason.FACE_TOO_DARK,
        Reason.FACE_TOO_BRIGHT,
        Reason.FACE_BLURRED,
        Reason.FACE_TOO_FAR,
        Reason.FACE_TOO_NEAR,
        Reason.FACE_TURNED,
        Reason.FACE_COVERED,
        Reason.FACE_SEVERAL,
    }
)
"""What a visitor can put right before the camera: each is spoken while there is still time, and worth another look."""
