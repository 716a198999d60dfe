"""What the line costs, and why TCP_NODELAY is on at both ends."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from bench import ask_answer, outbox_cost

AIM_ANSWER_MS = 3.0
AIM_INSERT_MS = 1.0
SLOW_TURNS = 40
INSERTS = 1000


def measure(turns_wanted: int, results: int, figures: Path) -> None:
    """Measure, tell, and write the figures as JSON. Raise Fault where mosquitto does not start."""
    _say(f"Question and answer over mutual TLS on loopback, 500 B and 700 B (aim: p50 at most {AIM_ANSWER_MS} ms)")
    turns = []
    for unit, broker in ((True, True), (True, False), (False, True), (False, False)):
        count = turns_wanted if unit and broker else SLOW_TURNS
        turn = ask_answer.measure(count, unit_nodelay=unit, broker_nodelay=broker)
        turns.append(turn)
        _say(f"  TCP_NODELAY {turn.where:22} p50 {turn.p50_ms:7.2f} ms   p95 {turn.p95_ms:7.2f} ms")
    _say(f"\nA result of 6 kB put on the disk (aim: p50 at most {AIM_INSERT_MS} ms)")
    insert = outbox_cost.measure_inserts(INSERTS)
    _say(f"  p50 {insert.p50_ms:.2f} ms   p95 {insert.p95_ms:.2f} ms   (in memory {insert.memory_ms:.2f} ms)")
    _say(f"\n72 simulated hours without a line, {results} results, then a good line")
    drain = outbox_cost.measure_drain(results)
    _say(
        f"  lost {drain.lost}, doubled {drain.doubled}, out of order {drain.disordered}; {drain.per_second:.0f} a "
        f"second; memory {drain.before_mb:.0f} MB before, {drain.after_mb:.0f} MB after"
    )
    told = {"ask_answer": [asdict(turn) for turn in turns], "insert": asdict(insert), "drain": asdict(drain)}
    figures.parent.mkdir(parents=True, exist_ok=True)
    figures.write_text(json.dumps(told, indent=1), encoding="utf-8")


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()
