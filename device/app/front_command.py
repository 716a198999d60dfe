"""`uketsuke card front-evaluate`: goes on where an earlier run stopped, and tells of all cards together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from device.app.front_evaluation import evaluate
from device.app.front_tally import WRONG, Tally, draw, line_of, read_told

PROGRESS_EVERY: Final = 500


def run(
    models_dir: Path,
    *,
    count: int,
    seed: int,
    frames: int,
    processes: int,
    keep: Path | None,
    plot: Path | None,
    say: Callable[[str], None],
) -> Tally:
    """Show the cards 0 to `count` - 1 of `seed` that the file `keep` does not tell of yet; tally every card in it.

    Raise Fault when weights or typefaces are missing, BadConfig for a file that tells of something else.
    """
    told = read_told(keep) if keep else []
    done = {one.index for one in told if one.seed == seed}
    missing = [index for index in range(count) if index not in done]
    with ExitStack() as stack:
        kept = stack.enter_context(keep.open("a", encoding="utf-8")) if keep else None
        for one in evaluate(models_dir, missing, seed=seed, frames=frames, processes=processes):
            told.append(one)
            if kept:
                kept.write(line_of(one))
                kept.flush()
            if len(told) % PROGRESS_EVERY == 0:
                say(f"{len(told)} cards, {sum(card.sent == WRONG for card in told)} wrong numbers")
    if plot:
        draw(told, plot)
    tally = Tally()
    for one in told:
        tally.add(one)
    return tally
