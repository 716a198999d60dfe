"""Do the unit's own drivers keep what the product's ports promise? The contract suites, a phase each."""

from __future__ import annotations

from functools import partial

from hw.contract.suites import SUITES, Suite
from hw.plan import Phase
from hw.session import Session

WORST = 3
"""Broken sentences that are quoted; the record has room for more than a page."""


def ask_suite(session: Session, suite: Suite) -> None:
    """Ask every sentence, and write down how many were broken, of how many."""
    from hw.contract.asking import Answer, ask  # noqa: PLC0415  pytest, which only this phase needs

    sentences = ask(suite, session.unit, session.rig, session.cards)
    broken = [sentence for sentence in sentences if sentence.answer is Answer.BROKEN]
    asked = [sentence for sentence in sentences if sentence.answer is not Answer.NOT_ASKED]
    left_out = sorted({sentence.why for sentence in sentences if sentence.answer is Answer.NOT_ASKED})
    measure = f"contract.{suite.name}_broken"
    said = [f"not asked ({len(sentences) - len(asked)}): {'; '.join(left_out)}"] if left_out else []
    if not asked:
        session.not_measured(measure, "; ".join(said) or "the suite has no sentence for this part")
        return
    said = [*(f"“{sentence.text}”: {sentence.why}" for sentence in broken[:WORST]), *said]
    session.measured(measure, len(broken), samples=len(asked), note="; ".join(said))


CONTRACT = tuple(
    Phase(
        name=f"contract_{suite.name}",
        title=suite.title,
        next_step=suite.next_step,
        measures=(f"contract.{suite.name}_broken",),
        run=partial(ask_suite, suite=suite),
    )
    for suite in SUITES
)
