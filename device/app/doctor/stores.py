"""Checks: what the unit carries with it on its disk."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

from device.app.assets.store import Condition, check
from device.app.config import NO_CAMERA
from device.app.doctor.case import Case
from device.app.voice_files import absent
from device.domain.finding import Finding
from device.domain.finding import FindingCode as Code
from device.domain.reasons import Reason

PILE = 200
"""A day of a busy clinic; so many may wait after an evening without a line."""
LATE_DAYS = 1.0
FULL_BYTES, LOW_BYTES = 64 << 20, 512 << 20
GROUP_AND_OTHERS = 0o077
DRAFTS = (".part", ".draft", ".new", ".half")
"""How files end that were being written; a start removes its own, an update that was cut leaves them."""


def models(case: Case) -> Iterator[Finding]:
    """Every network is there, is what the manifest says and answers, where the unit has a camera."""
    if case.settings.camera.source == NO_CAMERA:
        return
    for state in check(case.models):
        if state.condition is Condition.WRONG_DIGEST:
            yield Finding(Code.MODEL_CHANGED, str(state.path), state.name)
        elif state.condition is Condition.ABSENT and state.required:
            yield Finding(Code.MODEL_MISSING, str(state.path), state.name)
    if (fault := case.senses.networks()) is not None and fault.reason is Reason.INTERNAL_FAULT:
        yield Finding(Code.MODEL_FAILS, fault.part, str(fault))


def voice_files(case: Case) -> Iterator[Finding]:
    """Every sentence was recorded."""
    voice = case.settings.voice
    if voice.device and (missing := absent(voice.files)):
        yield Finding(Code.VOICE_FILES, str(voice.files), str(len(missing)))


def state_folder(case: Case) -> Iterator[Finding]:
    """What must survive can be written, by the unit alone."""
    folder = case.settings.unit.state
    try:
        told = folder.stat()
    except OSError as error:
        if folder.parent.is_dir() and isinstance(error, FileNotFoundError):
            return  # the first start makes it
        yield Finding(Code.STATE_FOLDER, str(folder), error.strerror or "")
        return
    if not stat.S_ISDIR(told.st_mode):
        yield Finding(Code.STATE_FOLDER, str(folder), "no folder")
    elif told.st_uid != case.account:
        yield Finding(Code.STATE_FOLDER, str(folder), f"uid {told.st_uid}, not {case.account}")
    elif told.st_mode & GROUP_AND_OTHERS:
        yield Finding(Code.STATE_OPEN, str(folder), f"{stat.S_IMODE(told.st_mode):o}")


def outbox(case: Case) -> Iterator[Finding]:
    """Results can be kept, and they leave."""
    where = "outbox"
    for path in _files(case.settings.unit.state):
        if re.search(r"\.damaged-\d+$", path.name):
            yield Finding(Code.OUTBOX_DAMAGED, str(path), "an earlier one was set aside")
    told = case.senses.outbox()
    if told.fault is not None:
        yield Finding(told.fault.finding or Code.OUTBOX_DAMAGED, where, str(told.fault))
        return
    if told.waiting > PILE:
        yield Finding(Code.OUTBOX_FILLS, where, str(told.waiting))
    if told.oldest is not None:
        days = (case.clock.utc_now() - told.oldest).total_seconds() / 86_400
        if days >= LATE_DAYS:
            yield Finding(Code.RESULTS_WAIT, where, f"{days:.0f}")


def disk_space(case: Case) -> Iterator[Finding]:
    """There is room."""
    free = case.machine.volume(case.settings.unit.state).free_bytes
    if free < LOW_BYTES:
        code = Code.DISK_FULL if free < FULL_BYTES else Code.DISK_FILLS
        yield Finding(code, str(case.settings.unit.state), str(free >> 20))


def disk_writes(case: Case) -> Iterator[Finding]:
    """The disk takes what is written."""
    if case.machine.volume(case.settings.unit.state).read_only:
        yield Finding(Code.DISK_READ_ONLY, str(case.settings.unit.state))


def updates(case: Case) -> Iterator[Finding]:
    """No update stopped half-way."""
    for folder in (case.models / "weights", case.settings.unit.state):
        left = [path.name for path in _files(folder) if path.name.endswith(DRAFTS)]
        if left:
            yield Finding(Code.UPDATE_LEFT, str(folder), ", ".join(left[:5]))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
