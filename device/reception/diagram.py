"""Draws the visit from the machine itself, so the picture cannot lie: `python -m device.reception.diagram`."""

from __future__ import annotations

from device.reception import events as on
from device.reception.events import Event, Key
from device.reception.explore import steps
from device.reception.policy import Policy
from device.reception.states import Settled, State

_PREFACE = """\
# The visit

Drawn from `device/reception` by `python -m device.reception.diagram`; a test keeps it current. One box is one state,
one arrow is what leads on. Not drawn, because it holds in every state between *Reading* and *Settled*: a card that is
taken away ends the visit (`card_removed`), another card begins the next one, every state has a time limit, and after
seven silent seconds the unit says something. Whatever the way to *Settled*, the result is kept for the clinic first
and the visitor is forgotten last.
"""


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
    return f"{_PREFACE}\n```mermaid\n{mermaid(policy)}\n```\n"


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
