"""The program `uketsuke`.

What serves visitors runs for months, and takes the short way: without the libraries of the command line, which are of
no use to it any more and would keep 14 MB.
"""

from __future__ import annotations

import sys
from pathlib import Path

from device.app.apology import apologising
from device.app.logs import log_to_stderr
from device.app.serving import serve


def main() -> None:
    """Run what was asked for; the exit code says how it went."""
    match sys.argv[1:]:
        case ["run", "--config", config]:
            with apologising():
                log_to_stderr(verbose=False)
                serve(Path(config))
        case _:
            from device.app.cli import main as command_line  # noqa: PLC0415  see above

            command_line()


if __name__ == "__main__":
    main()
