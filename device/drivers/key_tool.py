"""Runs the program that talks to a TPM or a token: whatever hangs or crashes there is another process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

PATIENCE_S = 30.0
"""A TPM needs up to some seconds for a key, a tenth of one for a signature."""


class ToolRefused(Exception):  # noqa: N818  the caller makes an error of it
    """The program said no."""

    def __init__(self, words: str) -> None:
        """`words` is what it wrote on its error output."""
        super().__init__(words)
        self.words = words


def run_tool(
    command: Sequence[str], *, package: str, given: bytes = b"", environment: Mapping[str, str] | None = None
) -> bytes:
    """Return what a program prints. `package` is what to install where it is missing.

    Raise ToolRefused when it fails, BadConfig when it is not there, Fault (part `key`) when it does not end.
    """
    try:
        done = subprocess.run(  # noqa: S603  fixed programs; what a configuration names comes as one argument
            command,
            input=given,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            env={**os.environ, **(environment or {}), "LC_ALL": "C"},
        )
    except FileNotFoundError as error:
        raise BadConfig(f"{command[0]} is not installed: apt install {package}", where="[key] store") from error
    except OSError as error:
        raise BadConfig(f"{command[0]} cannot be run: {error.strerror}", where="[key] store") from error
    except subprocess.TimeoutExpired as error:
        words = f"{command[0]} gave no answer within {PATIENCE_S:.0f} s"
        raise Fault(words, part="key", reason=Reason.INTERNAL_FAULT) from error
    if done.returncode:
        raise ToolRefused(" ".join(done.stderr.decode(errors="replace").split()))
    return done.stdout
