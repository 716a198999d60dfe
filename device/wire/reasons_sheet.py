"""The catalogue on one sheet of A4 for the desk, in each language. `device.wire.reasons_page` writes it, too.

Alone: `python -m device.wire.reasons_sheet ja docs/reasons-sheet.ja.html`.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

from device.domain.reasons import Reason
from device.wire.reasons import FallbackDocument, ReasonEntry, Role, catalogue, document_name
from device.wire.texts import Text

LETTERS = dict(zip(FallbackDocument, "ABCD", strict=True))

_TITLE = Text(ja="受付端末の理由コード", en="Reason codes of the unit")
_RULES = Text(
    ja="太字はコード、「」は声に出して読む文、→は次にすること、×は効果のないこと。"
    "暗証番号は聞かない、代わりに入れない。カードは預からない。",
    en="Bold: the code. In quotes: to read aloud. →: what to do next. ×: what never helps. "
    "Never ask for a PIN or enter it for the patient; never take the card into custody.",
)
_HEADINGS = {
    Role.ENDING: Text(ja="受付の終わり", en="How a visit ends"),
    Role.STALL: Text(ja="途中で止まったとき", en="Held up, goes on another way"),
    Role.NOTICE: Text(ja="受付はできた", en="Checked in, with a remark"),
    Role.FAULT: Text(ja="端末の故障", en="A part of the unit failed"),
}
_QUOTES = Text(ja="「{said}」", en="“{said}”")

# The sizes are what fits: a test prints the sheet in a browser and counts its pages.
_STYLE = """\
@page { size: A4 landscape; margin: 6mm 7mm; }
* { box-sizing: border-box; }
body { margin: 0; font: 5.9pt/1.21 "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", sans-serif; }
html[lang=en] body { font: 6pt/1.18 "Liberation Sans", "DejaVu Sans", Arial, sans-serif; }
header { display: flex; gap: 4mm; align-items: baseline; border-bottom: 0.3mm solid; margin-bottom: 1mm; }
h1 { font-size: 9pt; margin: 0; white-space: nowrap; }
header p { margin: 0; }
main { column-count: 3; column-gap: 4mm; column-rule: 0.1mm solid #888; }
h2 { font-size: 7pt; margin: 0.6mm 0 0.3mm; background: #ddd; padding: 0 1mm; break-after: avoid; }
p { margin: 0 0 0.45mm; break-inside: avoid; }
b { font-family: "Liberation Mono", monospace; }
i { font-style: normal; font-weight: bold; border: 0.1mm solid; padding: 0 0.4mm; }
@media screen { body { font-size: 10pt; margin: 8mm; } html[lang=en] body { font-size: 10pt; } }
"""


def render(language: str) -> str:
    """Return the sheet as HTML. Raise ValueError for an unknown language."""
    documents = "　".join(
        f"<i>{letter}</i> {escape(document_name(document, language))}" for document, letter in LETTERS.items()
    )
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{language}">',
        f'<head><meta charset="utf-8"><title>{_TITLE.say(language)}</title>',
        f"<style>\n{_STYLE}</style></head>",
        "<!-- Generated from device/wire/reasons.toml by `python -m device.wire.reasons_sheet`. -->",
        f"<body><header><h1>{_TITLE.say(language)}</h1><p>{_RULES.say(language)}<br>{documents}</p></header>",
        "<main>",
    ]
    for role, heading in _HEADINGS.items():
        lines.append(f"<h2>{heading.say(language)}</h2>")
        lines += [_block(reason, what, language) for reason, what in _of(role)]
    return "\n".join([*lines, "</main></body></html>"]) + "\n"


def _of(role: Role) -> list[tuple[Reason, ReasonEntry]]:
    entries = catalogue().reasons
    return [(reason, entries[reason]) for reason in Reason if entries[reason].role is role]


def _block(reason: Reason, what: ReasonEntry, language: str) -> str:
    said = _QUOTES.say(language, said=what.desk.say(language))
    letters = "".join(f"<i>{LETTERS[document]}</i>" for document in what.fallback)
    never = f" × {escape(what.never_helps.say(language))}" if what.never_helps else ""
    return f"<p><b>{reason}</b> {escape(said)} → {escape(what.next_step.say(language))} {letters}{never}</p>"


def main(arguments: list[str]) -> None:
    """Write the sheet in the language that is named to the file that is named."""
    Path(arguments[1]).write_text(render(arguments[0]), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
