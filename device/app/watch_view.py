"""`uketsuke status` and `watch`: the unit, its parts and its line, as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as Line

from device.app.care import care_for
from device.app.snapshot import PartNow, Snapshot
from device.domain.certificate_window import JAPAN
from device.domain.reasons import Reason
from device.wire.findings import words_for
from device.wire.reasons import entry
from device.wire.texts import Text

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
VISIT = {
    "idle": Text(ja="次の方を待っています", en="nobody is here"),
    "reading": Text(ja="カードを読んでいます", en="reads the card"),
    "matching": Text(ja="顔を照合しています", en="compares the face"),
    "moving": Text(ja="動きを見ています", en="watches a move"),
    "counting_tries": Text(ja="残り回数を確かめています", en="asks the card how many tries are left"),
    "asking_pin": Text(ja="暗証番号を待っています", en="waits for the PIN"),
    "checking_pin": Text(ja="暗証番号を確かめています", en="has the PIN checked"),
    "proving": Text(ja="カードが署名しています", en="has the card sign"),
    "awaiting_holder": Text(ja="資格確認の答えを待っています", en="waits for the answer about the holder"),
    "asking": Text(ja="質問しています", en="asks a question"),
    "returning": Text(ja="カードが戻るのを待っています", en="waits for the card to come back"),
    "awaiting_qualification": Text(ja="結果の答えを待っています", en="waits for the qualification"),
    "settled": Text(ja="終わりました。カードを取るのを待っています", en="is over; waits for the card to be taken"),
}
"""Where a visit stands, by the name that `Logbook` has for it."""


def view(now: Snapshot) -> RenderableType:
    """Return everything on one page, for terminals of every width."""
    well = not now.troubles
    head = Line.assemble(
        (f"{now.unit}", "bold"),
        ("  simulated" if now.simulated else "", "magenta"),
        f"  {now.version}  pid {now.pid}  {_since(now.uptime_s)}   ",
        ("● 準備よし / ready" if well else "▲ 一部が動きません / impaired", "green" if well else "yellow"),
    )
    return Group(
        Panel(head, title="uketsuke", title_align="left"), _now(now), *map(_trouble, now.troubles), *_counts(now)
    )


def _now(now: Snapshot) -> RenderableType:
    stands = VISIT.get(now.visit)
    waiting = "?" if now.waiting_results is None else str(now.waiting_results)
    rows = [
        (
            "受付 / visit",
            f"{f'{stands.ja} / {stands.en}' if stands else now.visit}  {_since(now.visit_s)}  [{now.cue}]",
        ),
        ("回線 / line", "● つながっています / up" if now.line_up else "✗ 切れています / down"),
        ("送信待ち / results waiting", waiting),
        ("時計 / clock", "● 合っています / set" if now.clock_trusted else "! 合わせられていません / nobody set it"),
    ]
    if now.memory_kb is not None and now.cpu_s is not None:
        rows.append(("機械 / machine", f"{now.memory_kb / 1024:.0f} MB, {now.cpu_s:.0f} s CPU"))
    return _sheet(rows)


def _trouble(one: PartNow) -> RenderableType:
    care, what = care_for(one.part), entry(one.reason).cause
    do = care.person if one.needs_person else care.by
    rows = [
        ("なぜ / why", f"{what.ja}\n{what.en}\n{one.why}".rstrip()),
        ("まだできること / works", f"{care.without.ja}\n{care.without.en}"),
        ("すること / do" if one.needs_person else "戻り方 / comes back", "\n".join(dict.fromkeys((do.ja, do.en)))),
    ]
    mark, style = ("!", "red") if one.needs_person else ("↻", "yellow")
    title = f"{mark} {care.name.ja} / {care.name.en}  {_since(one.for_s)}"
    return Panel(_sheet(rows), title=title, title_align="left", border_style=style)


def _sheet(rows: Iterable[tuple[str, str]]) -> RenderableType:
    """Return lines with a label each. What drivers say is taken as it is: `[voice] device` is no markup."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    # Japanese has no blanks to break at: a line that is too long would lose its end.
    table.add_column(overflow="fold")
    for label, words in rows:
        table.add_row(Line(label), Line(words))
    return table


def _counts(now: Snapshot) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if now.visits:
        most = sorted(now.visits.items(), key=lambda pair: -pair[1])[:8]
        table = _sheet((f"{count:>6}", f"{reason}{_cause(reason)}") for reason, count in most)
        lines.append(Panel(table, title="受付の終わり / how visits ended", title_align="left"))
    if now.checkup is not None:
        said = "\n".join(map(_finding, now.checkup.codes)) or f"{now.checkup.checks} 項目、すべてよし / all is well"
        lines.append(
            Panel(
                Line(said), title=f"点検 / doctor {now.checkup.at.astimezone(JAPAN):%Y-%m-%d %H:%M}", title_align="left"
            )
        )
    return lines


def _cause(reason: str) -> str:
    return f"  {entry(Reason(reason)).cause.ja}" if reason in set(Reason) else ""


def _finding(code: str) -> str:
    entry = words_for(code)
    return code if entry is None else f"{entry.degree.mark} {entry.what.ja} / {entry.what.en}"


def _since(seconds: float) -> str:
    whole = int(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min"
    return f"{whole // HOUR_S} h" if whole < DAY_S else f"{whole // DAY_S} d"
