"""The tables of docs/operation.md: how parts come back, and the journal's events.

Write them anew with `python -m device.app.care_page docs/operation.md`, or `make pages`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from device.app.care import CARES
from device.app.journal_events import WORDS

HEADS = {
    "ja": "部品 | 戻り方 | 戻るまで | なくてもできること | 呼ぶまで | すること",
    "en": "Part | Comes back | Within | What works without it | Calls after | Who does what",
}


def render(page: str) -> str:
    """Return the page with its tables written anew."""
    for name in ("care:ja", "events", "care:en"):
        table = _events() if name == "events" else _cares(name.partition(":")[2])
        # A table ends with the last line that begins with a bar.
        page = re.sub(rf"<!-- {name} -->\n\n?(\|.*\n)*\n?", f"<!-- {name} -->\n\n{table}\n", page)
    return page.rstrip() + "\n"


def _cares(language: str) -> str:
    head = HEADS[language]
    lines = [f"| {head} |", "|---" * (head.count("|") + 1) + "|"]
    for care in CARES:
        back = "—" if care.back_s is None else f"{care.back_s:g} s"
        cells = (care.name, care.by, back, care.without, f"{care.person_after_s:g} s", care.person)
        lines.append(f"| {' | '.join(cell if isinstance(cell, str) else cell.say(language) for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _events() -> str:
    lines = ["| Event | `MESSAGE_ID` | When |", "|---|---|---|"]
    lines += [f"| `{event.name.lower()}` | `{event.value}` | {words} |" for event, words in WORDS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(render(path.read_text(encoding="utf-8")), encoding="utf-8")
