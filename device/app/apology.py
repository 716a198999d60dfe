"""What a person reads when a command could not do its work: a sentence with a code and a way on, never a traceback."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from device.domain.errors import BadConfig, UketsukeError
from device.domain.reasons import Reason
from device.wire.reasons import entry

EXIT_CANNOT_RUN = 2
EXIT_CONFIG = 78
"""EX_CONFIG of sysexits.h: starting once more will not help before a person has changed something."""


@contextmanager
def apologising() -> Iterator[None]:
    """Say what went wrong inside, as JSON where `--json` was asked for, and end the program with EXIT_CANNOT_RUN.

    Where no further start would help it is EXIT_CONFIG.
    """
    try:
        yield
    except UketsukeError as error:
        apologise(str(error), error.reason, advice=not isinstance(error, BadConfig) or _is_in_a_file(error.where))
        sys.exit(EXIT_CANNOT_RUN)
    except ImportError as error:
        # Parts of two versions, as half an upgrade leaves them; starting once more will not help (deb/launcher).
        apologise(f"the program's files do not fit together ({error}); `uketsuke doctor` looks", Reason.INTERNAL_FAULT)
        sys.exit(EXIT_CONFIG)
    except Exception as error:
        logging.getLogger(__name__).info("unforeseen", exc_info=True)
        apologise(f"unforeseen {type(error).__name__}; `uketsuke -v …` shows where", Reason.INTERNAL_FAULT)
        sys.exit(EXIT_CANNOT_RUN)


def apologise(message: str, reason: Reason, *, advice: bool = True) -> None:
    """Say it, in JSON on standard output where `--json` was asked for; `advice` is the reason's own."""
    if "--json" in sys.argv:
        told = {"ok": False, "reason": reason, "message": message}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        said = entry(reason).next_step
        sys.stderr.write(f"uketsuke: {message}\n" + (f"  [{reason}] {said.en}\n  {said.ja}\n" if advice else ""))


def _is_in_a_file(where: str) -> bool:
    """Whether this is a place in a configuration, which `uketsuke config check` finds too, and not in the command."""
    return ".toml" in where or "[" in where
