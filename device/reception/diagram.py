"""Draws the visit from the machine itself, so the picture cannot lie: `python -m device.reception.diagram`.

The words around it stand in `visit_page.md`.
"""

from __future__ import annotations

from importlib import resources

from device.domain.values import ConsentItem
from device.reception import events as on
from device.reception.events import Event, Key
from device.reception.explore import steps
from device.reception.policy import Policy
from device.reception.questions import RULES, Topic
from device.reception.states import Settled, State
from device.wire.phrases import say

_QUESTIONS = {
    Topic.LAST_TRY: ("one PIN try is left", "no: the try is kept, `pin_last_try`"),
    Topic.ATTENDANT: ("an attendant's passcode was right", "the visit ends, `timed_out`"),
    Topic.REGISTRATION: ("the card is no insurance card yet", "no: `not_registered`"),
    Topic.CONSENT: ("the clinic wants to see something; at once or item by item", "no"),
    Topic.PUBLIC_EXPENSE: ("the visitor has a subsidy (公費)", "no: `public_expense_declined`"),
    Topic.PRESCRIPTION: ("the clinic lets visitors choose", "paper"),
    Topic.READ_BACK: ("the policy says `read_back`", "nothing is shown to the clinic"),
}


def mermaid(policy: Policy) -> str:
    """Return the state diagram in mermaid's language."""
    arrows: dict[tuple[str, str], list[str]] = {}
    endings: dict[str, list[str]] = {}
    for state, event, after, _ in steps(policy):
        here, there = _name(state), _name(after)
        holds_everywhere = isinstance(event, on.CardRemoved | on.CardPresented) and here not in {"Idle", "Settled"}
        if here == there or holds_everywhere:
            continue
        if isinstance(after, Settled):
            _add(endings.setdefault(here, []), after.reason)
        else:
            _add(arrows.setdefault((here, there), []), _label(event))
    lines = ["stateDiagram-v2", "    [*] --> Idle"]
    lines += [f"    {here} --> {there}: {' / '.join(labels)}" for (here, there), labels in arrows.items()]
    lines += [f"    {here} --> Settled: {' / '.join(reasons)}" for here, reasons in endings.items()]
    return "\n".join(lines)


def page(policy: Policy) -> str:
    """Return `docs/visit.md`."""
    template = (resources.files(__package__) / "visit_page.md").read_text(encoding="utf-8")
    states = f"```mermaid\n{mermaid(policy)}\n```"
    return template.replace("<!-- questions -->", _questions()).replace("<!-- states -->", states)


def _questions() -> str:
    lines = ["| Asked when | The unit says | Keys | Silence |", "|---|---|---|---|"]
    for topic, (when, silence) in _QUESTIONS.items():
        rule = RULES[topic]
        digits = [f"`{number}`" for number in range(1, rule.choices + 1)]
        keys = " ".join([*digits, *(["`#`"] if rule.yes_is_an_answer else []), "`*`"])
        words = say(rule.phrase, "en", items=(ConsentItem.MEDICATION, ConsentItem.CHECKUP))
        lines.append(f"| {when} | {words} | {keys} | {silence} |")
    return "\n".join(lines)


def _name(state: State) -> str:
    return type(state).__name__


def _add(labels: list[str], label: str) -> None:
    if label not in labels:
        labels.append(label)


def _label(event: Event) -> str:
    match event:
        case on.KeyPressed(key=Key.YES):
            return "hash key"
        case on.KeyPressed():
            return "star key"
        case on.TimeUp():
            return "time up"
        case on.TriesCounted(tries_left=left) | on.PinRefused(tries_left=left) | on.PinUnanswered(tries_left=left):
            return f"{_words(event)}, {left} left"
        case on.FaceFailed(reason=reason):
            return reason.replace("_", " ")
        case _:
            return _words(event)


def _words(event: Event) -> str:
    name = type(event).__name__
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


if __name__ == "__main__":
    print(page(Policy()), end="")  # noqa: T201  this module's whole purpose
