"""The keys: does each one work, alone, once, and only when it is pressed?"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from device.panel.keys import KeyPressed, decode
from device.panel.pad import Pad
from device.ports.panel import KeypadSample
from device.wire.texts import Text
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.session import Session
from hw.uncertainty import of_step, share_percent

SCAN_S: Final = 0.001
WAITING_S: Final = 0.005
"""Between scans until a hand has pressed: its first contact is then seen that much late, its bounce is not."""
HOLD_S: Final = 0.15
REST_S: Final = 0.1
"""Without any key before a press counts as over; longer than any bounce."""
PRESSES: Final = 2
IDLE_S: Final = 0.1
BURST_S: Final = 0.05
"""Changes of a contact that lie closer together are one bounce."""
GIVES_UP_S: Final = 1.0
"""On top of the time that the rig takes to press."""


def measure_keypad(session: Session) -> None:
    """Look at rest, then press every key, then two, then three of a rectangle."""
    pad = session.unit.pad
    idle = _watch(session, IDLE_S)
    stuck = sorted(frozenset().union(*(sample.closed for sample in idle)))
    session.measured("keypad.stuck_keys", len(stuck), note=f"down by itself: {' '.join(stuck)}" if stuck else "")
    bursts_ms, missing, extra = [], [], set[str]()
    held = opened = 0
    for key in pad.keys:
        for _ in range(PRESSES):
            samples = _press(session, key)
            times = [sample.at_s for sample in samples if key in sample.closed]
            extra |= {f"{other} with {key}" for sample in samples for other in sample.closed - {key, *stuck}}
            if not times:
                missing.append(key)
                continue
            bursts_ms += [1000 * burst for burst in _bursts_s(key, samples)]
            middle = _middle(samples, times)
            held += len(middle)
            opened += sum(key not in sample.closed for sample in middle)
    _tell_keys(session, pad, missing, extra)
    if bursts_ms:
        worst = max(bursts_ms)
        session.measured("keypad.bounce_ms", worst, uncertainty=1000 * of_step(SCAN_S), samples=len(bursts_ms))
        session.draw(
            Series(
                name="bounce",
                title=Text(ja="チャタリングの長さ", en="How long keys bounce"),
                drawing=Drawing.HISTOGRAM,
                x_name="ms",
                x=bursts_ms,
                limit_of="keypad.bounce_ms",
            )
        )
    if held:
        value, uncertainty = share_percent(opened, held)
        session.measured("keypad.dropout_percent", value, uncertainty=uncertainty, samples=held)
    _ghosts(session, pad)


def _tell_keys(session: Session, pad: Pad, missing: list[str], extra: set[str]) -> None:
    lost = sorted(set(missing), key=pad.keys.index)
    session.measured(
        "keypad.missing_keys", len(lost), samples=PRESSES * len(pad.keys), note=_lines(pad, lost) if lost else ""
    )
    note = f"seen together: {', '.join(sorted(extra))}" if extra else ""
    session.measured("keypad.extra_keys", len(extra), samples=PRESSES * len(pad.keys), note=note)


def _lines(pad: Pad, keys: list[str]) -> str:
    """Name rows and columns of which no key was seen, then what is left."""
    rows = [(f"row {row + 1} is dead", line) for row, line in enumerate(pad.rows)]
    columns = [
        (f"column {column + 1} is dead", "".join(row[column] for row in pad.rows)) for column in range(pad.columns)
    ]
    whole = [f"{name} ({' '.join(line)})" for name, line in (*rows, *columns) if set(line) <= set(keys)]
    return "; ".join(whole) or f"not seen: {' '.join(keys)}"


def _ghosts(session: Session, pad: Pad) -> None:
    """Hold three keys of a rectangle: whatever the decoder counts then, it counts wrongly."""
    first, last = pad.rows[0], pad.rows[1]
    samples = _press(session, first[0] + first[-1] + last[0])
    counted = [event for event in decode(samples) if isinstance(event, KeyPressed)]
    session.measured("keypad.ghost_presses", len(counted), note="three keys were held")


def _press(session: Session, keys: str) -> list[KeypadSample]:
    """Have keys pressed and watch them until they have long been up, or were never seen."""
    session.rig.press(keys, HOLD_S)
    unit = session.unit
    began_s = unit.clock.monotonic_s()
    gives_up_s = began_s + session.rig.press_within_s + HOLD_S + REST_S
    samples: list[KeypadSample] = []
    last_down_s: float | None = None
    while True:
        sample = unit.keypad.scan()
        samples.append(sample)
        if sample.closed & set(keys):
            last_down_s = sample.at_s
        quiet_since_s = gives_up_s - REST_S if last_down_s is None else last_down_s
        if sample.at_s - quiet_since_s >= REST_S or sample.at_s > gives_up_s + GIVES_UP_S:
            return samples
        unit.wait(SCAN_S if last_down_s is not None or session.rig.tireless else WAITING_S)


def _watch(session: Session, seconds: float) -> list[KeypadSample]:
    unit = session.unit
    end_s = unit.clock.monotonic_s() + seconds
    samples = []
    while unit.clock.monotonic_s() < end_s:
        samples.append(unit.keypad.scan())
        unit.wait(SCAN_S)
    return samples


def _bursts_s(key: str, samples: list[KeypadSample]) -> Iterable[float]:
    """Return how long each bounce took, from its first change to its last."""
    changes = [after.at_s for before, after in pairwise(samples) if (key in before.closed) != (key in after.closed)]
    began_s = last_s = None
    for at_s in changes:
        if last_s is None or began_s is None or at_s - last_s > BURST_S:
            if last_s is not None and began_s is not None:
                yield last_s - began_s
            began_s = at_s
        last_s = at_s
    if last_s is not None and began_s is not None:
        yield last_s - began_s


def _middle(samples: list[KeypadSample], times: list[float]) -> list[KeypadSample]:
    """Return the samples of the middle half of a press: bounce is over there."""
    quarter = (times[-1] - times[0]) / 4
    return [sample for sample in samples if times[0] + quarter <= sample.at_s <= times[-1] - quarter]


KEYPAD = Phase(
    name="keypad",
    title=Text(ja="テンキー", en="Keypad"),
    next_step=Text(
        ja="コネクタの挿し込みと膜スイッチを確かめ、直らなければ取り替えてください。",
        en="Check the connector and the membrane; replace the pad if that does not help.",
    ),
    measures=(
        "keypad.stuck_keys",
        "keypad.missing_keys",
        "keypad.extra_keys",
        "keypad.bounce_ms",
        "keypad.dropout_percent",
        "keypad.ghost_presses",
    ),
    run=measure_keypad,
)
