"""`python -m fuzz [HARNESS…]`: fuzz with atheris where it is installed; without it, replay the corpus and vary it.

Exit code 0: nothing found. What was found lies in .cache/fuzz, as a file that `--again FILE HARNESS` runs once more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz.harnesses import HARNESSES
from fuzz.replay import replay

if TYPE_CHECKING:
    from argparse import Namespace

CORPUS = Path(__file__).with_name("corpus")
FINDINGS = Path(".cache/fuzz")
TOO_LONG_S = 20
"""One input that takes longer is a finding: the bound is far above the slowest good one, on slow machines too."""


def guided_command(name: str, *, seconds: int | None, runs: int | None, seed: int, found: Path) -> list[str]:
    """Return the command that fuzzes one harness; new inputs go to `found`, never into the corpus of the repository."""
    limits = [f"-atheris_runs={runs}"] if runs is not None else [f"-max_total_time={seconds}"]
    return [
        *(sys.executable, "-m", "fuzz.guided", name, *limits),
        *(f"-seed={seed}", f"-timeout={TOO_LONG_S}", "-max_len=4096", "-rss_limit_mb=1024", "-print_final_stats=1"),
        *(f"-artifact_prefix={found}/finding-", str(found / "inputs"), str(CORPUS / name)),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz; return 0 when nothing was found."""
    options = _options(arguments)
    if options.again:
        for name in options.harness:
            HARNESSES[name](options.again.read_bytes())
        return 0
    unwell = []
    for name in options.harness or HARNESSES:
        sys.stdout.write(f"— {name}\n")
        sys.stdout.flush()
        if not _fuzz(name, options):
            unwell.append(name)
    sys.stdout.write(f"found something: {', '.join(unwell)}\n" if unwell else "found nothing\n")
    return int(bool(unwell))


def _fuzz(name: str, options: Namespace) -> bool:
    if find_spec("atheris") is None:
        count = replay(name, CORPUS / name, runs=options.runs or 1000 * options.seconds, seed=options.seed)
        sys.stdout.write(f"{count} inputs without coverage guidance, because atheris is not installed here\n")
        return True
    found = FINDINGS / name
    (found / "inputs").mkdir(parents=True, exist_ok=True)
    command = guided_command(name, seconds=options.seconds, runs=options.runs, seed=options.seed, found=found)
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603  our own module


def _options(arguments: Sequence[str] | None) -> Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz what reads hostile input.")
    parser.add_argument("harness", nargs="*", choices=[*HARNESSES, []], help="all of them when none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each harness (60)")
    parser.add_argument("--runs", type=int, help="so many inputs instead")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", type=Path, metavar="FILE", help="run the named harness on one input")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
