"""`python -m bench`: print the ratios, write all figures as JSON, and with --picture where the time goes.

It needs the virtual reader for itself (pcscd is started where none runs) and judges nothing: the aims stand beside the
figures, and a busy machine makes both worse.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from bench import (
    apdu_cost,
    card_part,
    clinic_side,
    console_update,
    face_part,
    line,
    panel_idle,
    portrait_cost,
    screen_update,
    unit_cost,
    unit_growth,
    unit_visits,
)
from bench.picture import draw
from device.domain.errors import UketsukeError
from device.sim.card.link import BIT_RATES
from device.sim.pcscd import run_pcscd

AIM_HOST, AIM_PART = 1.1, 1.05
AIM_SANDBOX_MS = 30
AIMED_KBPS = 424
PANEL_SECONDS = 5.0
STARTS, IDLE_S = 4, 20.0


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="What card, face, clinic, line and panel cost."
    )
    parser.add_argument("--turns", type=int, default=40, help="of the comparison with pyscard")
    parser.add_argument("--times", type=int, default=5, help="that the card part is gone through at each bit rate")
    parser.add_argument("--json", type=Path, default=Path(".cache/bench/card.json"), help="where the figures go")
    parser.add_argument("--picture", type=Path, help="draw where the time goes (SVG)")
    parser.add_argument(
        "--only",
        choices=["card", "clinic", "face", "line", "panel", "screen", "console", "unit"],
        help="measure one part",
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="that fifty units come to the clinic side")
    parser.add_argument(
        "--face-picture",
        type=Path,
        default=Path(".cache/bench/face.svg"),
        help="where the face part is drawn",
    )
    parser.add_argument("--visits", type=int, default=2_000, help="that are told to a unit to see whether it grows")
    parser.add_argument("--face-visits", type=int, default=5, help="after which a unit's memory is looked at")
    parser.add_argument("--memory-picture", type=Path, help="draw what each of the unit's processes has (.png)")
    parser.add_argument("--growth-picture", type=Path, help="draw the unit's memory over those visits (.png)")
    parser.add_argument("--results", type=int, default=20_000, help="that wait when the line comes back")
    options = parser.parse_args()
    if options.only in {None, "line"}:
        line.measure(options.turns * 5, options.results, options.json.with_name("line.json"))
    _measure_unit(options)
    if options.only in {None, "clinic"}:
        figures_of_clinic = clinic_side.measure(options.turns * 5, options.seconds)
        for words in clinic_side.say(figures_of_clinic):
            _say(words)
        clinic_side.write(figures_of_clinic, options.json.with_name("clinic.json"))
    if options.only in {None, "screen"}:
        for words in screen_update.say(options.turns):
            _say(words)
    if options.only in {None, "console"}:
        for words in console_update.say(options.turns):
            _say(words)
    if options.only in {None, "face"}:
        face_part.measure(options.turns, options.json.with_name("face.json"), options.face_picture, _say)
    return _measure_card(options) if options.only in {None, "card"} else 0


def _measure_unit(options: argparse.Namespace) -> None:
    if options.only in {None, "panel"}:
        for words in panel_idle.say(panel_idle.measure(PANEL_SECONDS)):
            _say(words)
    if options.only in {None, "unit"}:
        cost = unit_cost.measure(STARTS, IDLE_S, options.visits, options.face_visits)
        for words in unit_cost.say(cost):
            _say(words)
        if options.memory_picture:
            unit_visits.draw(cost.memory, options.memory_picture)
        if options.growth_picture:
            unit_growth.draw(cost.growth, options.growth_picture)


def _measure_card(options: argparse.Namespace) -> int:
    try:
        portrait = portrait_cost.measure(options.turns)
        _say_portrait(portrait)
        with run_pcscd():
            costs = apdu_cost.measure(options.turns)
            _say_costs(costs)
            parts = [card_part.measure(kbps, options.times) for kbps in BIT_RATES]
            _say_parts(parts)
    except UketsukeError as error:
        sys.stderr.write(f"bench: {error} [{error.reason}]\n")
        return 2
    figures = {
        "machine": {"python": platform.python_version(), "kernel": platform.release(), "processor": platform.machine()},
        "portrait_cost": asdict(portrait) | {"added_ms": portrait.added_ms},
        "apdu_cost": [asdict(cost) for cost in costs],
        "card_part": [asdict(part) | {"ratio": part.ratio, "ratio_on_time": part.ratio_on_time} for part in parts],
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    _say(f"\nall figures: {options.json}")
    if options.picture:
        draw(parts, options.picture)
        _say(f"picture: {options.picture}")
    return 0


def _say_portrait(cost: portrait_cost.PortraitCost) -> None:
    _say(f"A portrait decoded in the sandbox (aim: at most {AIM_SANDBOX_MS} ms more than in this process)")
    _say(f"  in process {cost.in_process_ms:.1f} ms, sandboxed {cost.sandboxed_ms:.1f} ms: {cost.added_ms:+.1f} ms\n")


def _say_costs(costs: list[apdu_cost.Cost]) -> None:
    _say(f"Host cost of one command through pcscd and vpcd (aim: ours at most {AIM_HOST} x pyscard)")
    _say(f"  {'command':30}{'way':30}{'median':>8}  {'to pyscard':>11}{'to bare C':>11}")
    for cost in costs:
        ratios = f"{cost.to_pyscard:>10.2f}x{cost.to_bare_c:>10.2f}x"
        _say(f"  {cost.command:30}{cost.way:30}{cost.median_us:>5.0f} µs  {ratios}")


def _say_parts(parts: list[card_part.CardPart]) -> None:
    _say(f"\nThe whole card part (aim at {AIMED_KBPS} kbit/s: at most {AIM_PART} x the sum of link and card)")
    _say(f"  {'kbit/s':>8}{'commands':>10}{'air':>9}{'chip':>9}{'late':>9}{'whole':>9}{'ratio':>9}  without late")
    for part in parts:
        seconds = "".join(f"{value:>7.3f} s" for value in (part.air_s, part.chip_s, part.late_s, part.wall_s))
        _say(f"  {part.kbps:>8}{part.commands:>10}{seconds}{part.ratio:>8.3f}x{part.ratio_on_time:>13.3f}x")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
