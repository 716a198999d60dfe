"""`python -m faults`: live through everything that can go wrong, and say what came of it.

Exit code 0: nothing was lost, doubled, believed too late or out of order. Times are told and judged by nobody.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from device.domain.errors import UketsukeError
from faults import disk, episodes, state_files, updates
from faults.crashes import crash_everywhere
from faults.histories import simulate
from faults.report import Part, Report, write_into

PAGE = Path("docs/reliability.md")
PLOT = Path("docs/pictures/recovery.png")


def main() -> int:
    """Run the campaign, or the parts of it that are named."""
    parser = argparse.ArgumentParser(prog="python -m faults", description="The fault campaign of the line.")
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="only these; the others' last figures stay")
    parser.add_argument("--histories", type=int, default=10_000, help="simulated ones (10000)")
    parser.add_argument("--every", type=int, default=1, help="kill before each so-manieth write (1: all of them)")
    parser.add_argument("--rounds", type=int, default=10, help="of each fault on the real site (10)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, help="processes for histories and crashes (one for each processor)")
    parser.add_argument("--folder", type=Path, default=Path(".cache/faults"), help="where the figures go")
    parser.add_argument("--write", action="store_true", help=f"put figures and plot into {PAGE}")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    good = True
    try:
        for name in options.part or PARTS:
            options.folder.mkdir(parents=True, exist_ok=True)
            part = PARTS[name](options)
            (options.folder / f"{name}.json").write_text(json.dumps(asdict(part), indent=1), encoding="utf-8")
            good &= not part.wrong
            _say(f"{name}: {part.told}, wrong: {part.wrong[:5] or 'nothing'}")
    except UketsukeError as error:
        sys.stderr.write(f"faults: {error} [{error.reason}]\n")
        return 2
    report = Report.load(options.folder)
    _say("\n" + "\n".join(report.lines()))
    report.draw(options.folder / PLOT.name)
    if options.write:
        write_into(PAGE, report.lines())
        report.draw(PLOT)
    return 0 if good else 1


def _histories(options: argparse.Namespace) -> Part:
    return simulate(options.histories, options.seed, options.workers)


def _crashes(options: argparse.Namespace) -> Part:
    found = crash_everywhere(options.every, options.workers)
    return Part(f"{found.points:,} crash points", found.wrong)


def _updates(options: argparse.Namespace) -> Part:
    found = updates.crash_everywhere(options.every)
    return Part(f"{found.points:,} crash points of an update", found.wrong)


def _state(options: argparse.Namespace) -> Part:
    found = state_files.cut_everywhere(options.every)
    return Part(f"{found.points:,} folders that a cut may leave", found.wrong)


def _disk(_: argparse.Namespace) -> Part:
    wrong = disk.in_namespace()
    return Part("not possible on this machine") if wrong is None else Part("a tmpfs of 1 MB", wrong)


def _site(options: argparse.Namespace) -> Part:
    campaign = episodes.live(options.rounds, seed=options.seed)
    count = sum(map(len, campaign.recovery_s.values()))
    return Part(f"{count} episodes, {campaign.results:,} results", campaign.wrong, campaign.recovery_s)


PARTS: Final = {
    "histories": _histories,
    "crashes": _crashes,
    "updates": _updates,
    "state": _state,
    "disk": _disk,
    "site": _site,
}


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
