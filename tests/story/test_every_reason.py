"""Every reason of the catalogue is told in a story, or in a test that is named here and says it at another level."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from device.domain.reasons import Reason

TESTS = Path(__file__).parents[1]

ELSEWHERE = {
    Reason.PROOF_REFUSED: "clinic/test_gateway_proof.py",
    Reason.SERVICE_REFUSED: "clinic/test_gateway_memory.py",
    Reason.ANSWER_PENDING: "clinic/test_outage.py",
    Reason.FACE_TOO_DARK: "face/test_hints.py",
    Reason.FACE_TOO_BRIGHT: "face/test_one_to_one.py",
    Reason.FACE_BLURRED: "face/test_one_to_one.py",
    Reason.FACE_TOO_FAR: "face/test_hints.py",
    Reason.FACE_TOO_NEAR: "face/test_quality.py",
    Reason.FACE_TURNED: "face/test_quality.py",
    Reason.CONFIG_INVALID: "domain/test_errors.py",
    Reason.MODEL_MISSING: "assets/test_fetch.py",
    Reason.LIVENESS_MISSING: "liveness/test_parts.py",
    Reason.LIVENESS_REPLACED: "liveness/test_parts.py",
    Reason.UPDATE_REFUSED: "update/test_attacks.py",
    Reason.INTERNAL_FAULT: "liveness/test_run.py",
}
"""What no visitor can bring about: a broken file, a part that did not start, a foreign message."""


def told_in(folder: str) -> dict[str, set[str]]:
    """Return which files of a test folder name which reasons."""
    found: dict[str, set[str]] = {}
    for file in sorted((TESTS / folder).rglob("test_*.py")):
        if file == Path(__file__):
            continue
        text = file.read_text(encoding="utf-8")
        for reason in Reason:
            if re.search(rf'Reason\.{reason.name}\b|"{reason.value}"', text):
                found.setdefault(reason.value, set()).add(f"{folder}/{file.name}")
    return found


def test_every_reason_is_reached_in_a_story_or_in_the_test_that_is_named_for_it() -> None:
    stories = told_in("story")
    missing = [reason for reason in Reason if reason.value not in stories and reason not in ELSEWHERE]
    assert not missing


@pytest.mark.parametrize("reason", ELSEWHERE)
def test_the_test_that_is_named_for_a_reason_speaks_of_it(reason: Reason) -> None:
    folder, _ = ELSEWHERE[reason].split("/")
    assert ELSEWHERE[reason] in told_in(folder)[reason.value]
