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


def in_yen(data: dict[str, Any], published: dict[str, Any]) -> float:
    """Return a published price in yen with tax: prices in yen have it already."""
    tax = 1 if published["currency"] == "JPY" else 1 + data["tax_percent"] / 100
    return float(published["price"] * data["yen"][published["currency"]] * tax)


def parts_page() -> str:
    """Return the page."""
    data = tomllib.loads(PARTS.read_text(encoding="utf-8"))
    parts: list[dict[str, Any]] = data["part"]
    lines = [
        "# Parts / 部品表",
        "",
        "Made of `hw/parts.toml` by `python -m hw.drawings`. How it goes together: [assembly.md](assembly.md); lines:",
        "[the drawing](pictures/wiring.svg).",
        "",
        *_totals(data, parts),
        "**実機ではまだ何も試していません。**",
        "",
        "| Part | 部品 | Why | 理由 | Yen, estimated 見積もり(円) | Published 公表例 |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {part['en']} | {part['ja']} | {part['why_en']} | {part['why_ja']} |"
            f" {part['jpy'][0]:,}–{part['jpy'][1]:,} | {_published(data, part)} |"
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


def _totals(data: dict[str, Any], parts: list[dict[str, Any]]) -> list[str]:
    needed = [part for part in parts if "optional" not in part["en"] and not part["en"].startswith("clock")]
    least, most = sum(part["jpy"][0] for part in needed), sum(part["jpy"][1] for part in parts)
    seen = [part for part in needed if part["basis"] == "published"]
    cheapest = sum(min(in_yen(data, each) for each in part["published"]) for part in seen)
    rest = [part for part in needed if part["basis"] == "estimate"]
    low, high = (sum(part["jpy"][side] for part in rest) for side in (0, 1))
    names_ja, names_en = "・".join(part["ja"] for part in rest), "; ".join(part["en"] for part in rest)
    rate = data["yen"]["USD"]
    return [
        f"**Every range is an estimate of {data['estimated']}, in yen with tax for one piece; no shop was asked.**",
        f"The least without optional parts comes to about {least:,} yen, everything at its dearest to {most:,} yen.",
        f"Of the {len(needed)} parts that every unit needs, {len(seen)} have a price that somebody published for one",
        f"of their choices: the cheapest of these come to {cheapest:,.0f} yen ({rate} yen for a dollar, assumed, and",
        f"{data['tax_percent']} % tax; some are years old). The others are estimates alone, {low:,} to {high:,} yen",
        f"together: {names_en}.",
        "",
        f"**範囲はすべて{data['estimated']}時点の見積もりで、店には確認していません**(税込・1個)。",
        f"必須部品の最小はおよそ{least:,}円、すべて高い方を選ぶと{most:,}円です。必須の{len(needed)}品のうち",
        f"{len(seen)}品は、選択肢のどれかに公表された価格があり、その最小の合計は{cheapest:,.0f}円です",
        f"(1ドル{rate}円と仮定、税{data['tax_percent']}%込み。数年前の価格もあります)。残りは見積もりだけで、",
        f"合わせて{low:,}〜{high:,}円: {names_ja}。「見込み」は、ドライバーはあるが誰も試していないという意味です。",
    ]


def _published(data: dict[str, Any], part: dict[str, Any]) -> str:
    told = []
    for each in part.get("published", []):
        price = (
            f"{each['price']:,} 円"
            if each["currency"] == "JPY"
            else f"${each['price']:g} = {in_yen(data, each):,.0f} 円"
        )
        note = f" ({each['note']})" if each["note"] else ""
        told.append(f"{each['option']}: [{price}, {each['on']}]({each['source']}){note}")
    return "; ".join(told) or "none: estimate alone 見積もりのみ"
