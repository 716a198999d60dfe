"""`uketsuke status` and `watch`: the unit, its parts and its line, as a person reads them."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as Line

from device.app.care import care_for
from device.app.snapshot import Snapshot
from device.wire.findings import words_for
from device.wire.reasons import entry

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


def view(now: Snapshot) -> RenderableType:
    """Return everything on one page."""
    well = not now.troubles
    head = Line.assemble(
        (f"{now.unit}", "bold"),
        ("  simulated" if now.simulated else "", "magenta"),
        f"  {now.version}  pid {now.pid}  {_since(now.uptime_s)}   ",
        ("● 準備よし / ready" if well else "▲ 一部が動きません / impaired", "green" if well else "yellow"),
    )
    return Group(Panel(head, title="uketsuke", title_align="left"), _now(now), *_troubles(now), *_counts(now))


def _now(now: Snapshot) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_row("受付 / visit", f"{now.visit}  {_since(now.visit_s)}  [{now.cue}]")
    table.add_row("回線 / line", "● つながっています / up" if now.line_up else "✗ 切れています / down")
    waiting = "?" if now.waiting_results is None else str(now.waiting_results)
    table.add_row("送信待ち / results waiting", waiting)
    table.add_row(
        "時計 / clock", "● 合っています / set" if now.clock_trusted else "! 合わせられていません / nobody set it"
    )
    if now.memory_kb is not None and now.cpu_s is not None:
        table.add_row("機械 / machine", f"{now.memory_kb / 1024:.0f} MB, {now.cpu_s:.0f} s CPU")
    return table


def _troubles(now: Snapshot) -> list[RenderableType]:
    if not now.troubles:
        return []
    table = Table(title="動かない部品 / parts that do not work", title_justify="left", expand=True)
    for column in (
        "部品 / part",
        "なぜ / why",
        "いつから / for",
        "それでもできること / what still works",
        "すること / do",
    ):
        # Japanese has no blanks to break at: a line that is too long would lose its end.
        table.add_column(column, overflow="fold")
    for one in now.troubles:
        care = care_for(one.part)
        what = entry(one.reason).cause
        do = care.person if one.needs_person else care.by
        table.add_row(
            f"{care.name.ja}\n{care.name.en}",
            f"{what.ja}\n{what.en}\n{one.why}",
            _since(one.for_s),
            f"{care.without.ja}\n{care.without.en}",
            f"{'!' if one.needs_person else '↻'} {do.ja}\n{do.en}",
        )
    return [table]


def _counts(now: Snapshot) -> list[RenderableType]:
    table = Table.grid(padding=(0, 2))
    for reason, count in sorted(now.visits.items(), key=lambda pair: -pair[1])[:8]:
        table.add_row(f"{count:>6}", reason)
    lines: list[RenderableType] = []
    if now.visits:
        lines.append(Panel(table, title="受付の終わり / how visits ended", title_align="left"))
    if now.checkup is not None:
        said = "\n".join(map(_finding, now.checkup.codes)) or f"{now.checkup.checks} 項目、すべてよし / all is well"
        lines.append(Panel(said, title=f"点検 / doctor {now.checkup.at:%Y-%m-%d %H:%M}", title_align="left"))
    return lines


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
