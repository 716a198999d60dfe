"""The catalogue as a page for the desk, and beside it the sheets to print.

Write them anew with `python -m device.wire.reasons_page docs/reasons.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from device.domain.reasons import Reason
from device.wire.reasons import ReasonEntry, Role, catalogue, document_name
from device.wire.reasons_sheet import LETTERS
from device.wire.reasons_sheet import render as render_sheet
from device.wire.texts import LANGUAGES, Text

_TITLE = Text(ja="受付端末の理由コード(窓口用)", en="Reason codes of the unit (for the desk)")
_INTRODUCTION = Text(
    ja="端末や画面に出るコードごとに、声に出して読める文と、次にすることをまとめています。"
    "暗証番号は聞かない、代わりに入れない。カードは預からない。",
    en="For each code that the unit or the screen shows: a sentence to read aloud, and what to do next. "
    "Never ask for a PIN or enter it for the patient; never take the card into custody.",
)
_DOCUMENTS = Text(ja="代わりの書類", en="Fall-back documents")
_COLUMNS = Text(
    ja="コード | 起きたこと | 端末が話す文 | 読み上げる文 | 次にすること | 書類 | 効果のないこと",
    en="Code | What happened | The unit says | Read aloud | Next step | Documents | Never helps",
)
_HEADINGS = {
    Role.ENDING: Text(ja="受付の終わり", en="How a visit ends"),
    Role.STALL: Text(ja="途中で止まったとき(ほかの方法で続く)", en="Held up (goes on another way)"),
    Role.NOTICE: Text(ja="受付はできた(お知らせつき)", en="Checked in, with a remark"),
    Role.FAULT: Text(ja="端末の故障", en="A part of the unit failed"),
}


def render() -> str:
    """Return the page as Markdown, Japanese first."""
    lines = [
        f"# {_TITLE.ja} / {_TITLE.en}",
        "",
        "<!-- Generated from device/wire/reasons.toml by `python -m device.wire.reasons_page docs/reasons.md`. -->",
        "",
        "[日本語](#日本語) · [English](#english)",
    ]
    for language, name in (("ja", "日本語"), ("en", "English")):
        lines += ["", f"## {name}", "", _INTRODUCTION.say(language), "", f"**{_DOCUMENTS.say(language)}**", ""]
        lines += [f"- **{letter}** {document_name(document, language)}" for document, letter in LETTERS.items()]
        for role, heading in _HEADINGS.items():
            lines += ["", f"### {heading.say(language)}", "", f"| {_COLUMNS.say(language)} |", "|---" * 7 + "|"]
            lines += [_row(reason, what, language) for reason, what in _of(role)]
    return "\n".join(lines) + "\n"


def _of(role: Role) -> Iterator[tuple[Reason, ReasonEntry]]:
    # In the order of `Reason`, which tells the story of a visit; the file's order is the author's.
    return ((reason, catalogue().reasons[reason]) for reason in Reason if catalogue().reasons[reason].role is role)


def _row(reason: Reason, what: ReasonEntry, language: str) -> str:
    cells = (
        f"`{reason}`",
        what.cause.say(language),
        what.patient.say(language, tries_left="2"),
        what.desk.say(language),
        what.next_step.say(language),
        " ".join(LETTERS[document] for document in what.fallback),
        what.never_helps.say(language) if what.never_helps else "",
    )
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> None:
    """Write the page to the file that is named, and the sheets beside it."""
    page = Path(arguments[0])
    page.write_text(render(), encoding="utf-8")
    for language in LANGUAGES:
        (page.parent / f"reasons-sheet.{language}.html").write_text(render_sheet(language), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
