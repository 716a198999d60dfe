"""docs/parts.md, from hw/parts.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

PARTS: Final = Path(__file__).parents[1] / "parts.toml"
VERDICTS: Final = {
    "likely": "likely 見込み",
    "experimental": "experimental 試験的",
    "no": "no 不可",
}


def parts_page() -> str:
    """Return the page."""
    data = tomllib.loads(PARTS.read_text(encoding="utf-8"))
    month = data["estimated"]
    parts: list[dict[str, Any]] = data["part"]
    optional = [part for part in parts if "optional" in part["en"] or part["en"].startswith("clock")]
    low, high = (sum(part["jpy"][side] for part in parts) for side in (0, 1))
    least = low - sum(part["jpy"][0] for part in optional)
    lines = [
        "# Parts / 部品表",
        "",
        "Made of `hw/parts.toml` by `python -m hw.drawings`. How it goes together: [assembly.md](assembly.md); lines:",
        "[the drawing](pictures/wiring.svg).",
        "",
        f"**Prices are estimates of {month}, in yen with tax for one piece; no shop was asked.**",
        f"The least without optional parts comes to about {least:,} yen, everything at its dearest to {high:,} yen.",
        "",
        f"**価格は{month}時点の見積もりで、店には確認していません**(税込・1個)。必須部品の最小はおよそ{least:,}円、",
        f"すべて高い方を選ぶと{high:,}円です。「見込み」は、ドライバーはあるが誰も試していないという意味です。",
        "**実機ではまだ何も試していません。**",
        "",
        "| Part | 部品 | Why | 理由 | Yen |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {part['en']} | {part['ja']} | {part['why_en']} | {part['why_ja']} |"
            f" {part['jpy'][0]:,}–{part['jpy'][1]:,} |"
            for part in parts
        ),
        "",
        "## Choices / 選択肢",
        "",
        "`likely`: its driver is there and public sources say that it does; nobody here has tried. Readers were looked",
        "up in the list of Debian's libccid 1.5.2; what is said of cards comes from public reports.",
    ]
    for part in parts:
        lines += ["", f"### {part['en']} / {part['ja']}", "", "| Choice | Verdict | Note |", "| --- | --- | --- |"]
        lines += [f"| {each['name']} | {VERDICTS[each['verdict']]} | {each['note']} |" for each in part["options"]]
    return "\n".join(lines) + "\n"
