"""`python -m faults`: live through everything that can go wrong, and say what came of it.

Exit code 0: nothing was lost, doubled, believed too late or out of order. Times are told and judged by nobody.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from device.domain.errors import UketsukeError
from faults import disk, episodes
from faults.crashes import crash_everywhere
from faults.histories import simulate
from faults.report import Report, write_into

PAGE = Path("docs/reliability.md")
PLOT = Path("docs/pictures/recovery.png")


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="python -m faults", description="The fault campaign of the line.")
    parser.add_argument("--histories", type=int, default=10_000, help="simulated ones (10000)")
    parser.add_argument("--every", type=int, default=1, help="kill before each so-manieth write (1: all of them)")
    parser.add_argument("--rounds", type=int, default=10, help="of each fault on the real site (10)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path(".cache/faults/report.json"), help="where the figures go")
    parser.add_argument("--plot", type=Path, default=Path(".cache/faults/recovery.png"))
    parser.add_argument("--write", action="store_true", help=f"put figures and plot into {PAGE}")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    report = Report()
    try:
        simulate(report, options.histories, options.seed)
        _say(f"simulated: {report.simulated_histories} histories, {len(report.simulated_wrong)} wrong")
        found = crash_everywhere(options.every)
        report.crash_points, report.crash_wrong = found.points, found.wrong
        _say(f"crashes: {found.points} points, {len(found.wrong)} wrong")
        report.disk_wrong = disk.in_namespace()
        campaign = episodes.live(options.rounds, seed=options.seed)
    except UketsukeError as error:
        sys.stderr.write(f"faults: {error} [{error.reason}]\n")
        return 2
    report.real_histories, report.real_results = campaign.histories, campaign.results
    report.real_wrong, report.recovery_s = campaign.wrong, campaign.recovery_s
    _say("\n" + "\n".join(report.lines()))
    for file in (options.json, options.plot):
        file.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report.as_json(), indent=1), encoding="utf-8")
    report.draw(options.plot)
    if options.write:
        write_into(PAGE, report.lines())
        report.draw(PLOT)
    return 0 if report.good else 1


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
