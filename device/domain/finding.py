"""What a doctor may find. The words for each code stand in `device.wire.findings`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """How bad it is; also the exit code of every `doctor`."""

    NOTICE = 0
    """Good to know."""
    WARNING = 1
    """Works today."""
    ERROR = 2
    """Does not work, or lets somebody in."""

    @property
    def mark(self) -> str:
        """One character for a list on a terminal."""
        return "·!✗"[self]


class FindingCode(StrEnum):
    """Everything that the unit's doctor knows by name. Codes are stable: screens and alarms hang on them."""

    # Who the unit is
    CONFIG_INVALID = "config_invalid"
    CONFIG_OPEN = "config_open"
    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET = "certificate_not_yet"
    CERTIFICATE_ENDS = "certificate_ends"
    CERTIFICATE_FOREIGN = "certificate_foreign"
    CERTIFICATE_NAME = "certificate_name"
    KEY_MISMATCH = "key_mismatch"
    KEY_OPEN = "key_open"
    FILES_CLOSED = "files_closed"
    SEALING_KEY = "sealing_key"
    NO_ATTENDANT = "no_attendant"
    NO_VOICE = "no_voice"

    # What it carries with it
    MODEL_MISSING = "model_missing"
    MODEL_CHANGED = "model_changed"
    MODEL_FAILS = "model_fails"
    VOICE_FILES = "voice_files"
    STATE_FOLDER = "state_folder"
    STATE_OPEN = "state_open"
    OUTBOX_DAMAGED = "outbox_damaged"
    OUTBOX_FILLS = "outbox_fills"
    RESULTS_WAIT = "results_wait"
    UPDATE_LEFT = "update_left"

    # The line and the time
    BROKER_NAME = "broker_name"
    BROKER_ABSENT = "broker_absent"
    BROKER_UNTRUSTED = "broker_untrusted"
    BROKER_REFUSES = "broker_refuses"
    CLOCK_PAST = "clock_past"
    CLOCK_DOUBTFUL = "clock_doubtful"
    NO_TIME_SERVICE = "no_time_service"

    # The parts
    READER_MISSING = "reader_missing"
    READER_OTHER = "reader_other"
    READERS_SEVERAL = "readers_several"
    READER_UNSUPPORTED = "reader_unsupported"
    READER_HELD = "reader_held"
    READER_FORBIDDEN = "reader_forbidden"
    PCSCD_DOWN = "pcscd_down"
    CARD_MUTE = "card_mute"
    CAMERA_SILENT = "camera_silent"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_SLOW = "camera_slow"
    CAMERA_DARK = "camera_dark"
    CAMERA_BRIGHT = "camera_bright"
    CAMERA_BLURRED = "camera_blurred"
    KEYPAD_SILENT = "keypad_silent"
    KEYPAD_GROUNDED = "keypad_grounded"
    KEYPAD_JOINED = "keypad_joined"
    KEY_STUCK = "key_stuck"
    LAMPS_SILENT = "lamps_silent"
    SPEAKER_SILENT = "speaker_silent"
    DISPLAY_SILENT = "display_silent"

    # The machine
    DISK_FULL = "disk_full"
    DISK_FILLS = "disk_fills"
    DISK_READ_ONLY = "disk_read_only"
    DISK_WORN = "disk_worn"
    TOO_HOT = "too_hot"
    POWER_LOW = "power_low"
    POWER_WAS_LOW = "power_was_low"
    MEMORY_SHORT = "memory_short"
    SWAP_ON = "swap_on"
    CORE_DUMPS = "core_dumps"
    SANDBOX_OPEN = "sandbox_open"
    PORTRAIT_SANDBOX = "portrait_sandbox"
    PORTRAIT_DECODER = "portrait_decoder"
    JOURNAL_UNBOUND = "journal_unbound"
    WRONG_ARCHITECTURE = "wrong_architecture"
    PYTHON_UNSUPPORTED = "python_unsupported"
    ONNXRUNTIME_OLD = "onnxruntime_old"
    PACKAGE_HALF = "package_half"
    CHECK_FAILED = "check_failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the unit's doctor found."""

    code: FindingCode
    where: str
    """The part, the file or the option."""
    detail: str = ""
    """A number or the system's own words; for technicians, without personal data."""
