"""One harness under atheris: `python -m fuzz.guided HARNESS [libFuzzer options] [corpus folders]`.

The options are libFuzzer's, such as -atheris_runs=1000 or -max_total_time=60. The process ends inside libFuzzer, so
each harness has one of its own.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped, unused-ignore]  # ships no types


def main() -> None:
    """Fuzz until libFuzzer ends."""
    # Only our own code: instrumenting the standard library costs seconds and steers towards nothing of interest.
    with atheris.instrument_imports(include=["device", "fuzz.harnesses"], enable_loader_override=False):
        from fuzz.harnesses import HARNESSES  # noqa: PLC0415  the import is what gets instrumented
    name, *options = sys.argv[1:]
    atheris.Setup([name, *options], HARNESSES[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
