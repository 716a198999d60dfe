"""The site's own program that is asked before a claim is granted: JSON in, JSON out, and silence is no."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

_MOST_BYTES = 65_536


class _Verdict(msgspec.Struct):
    allow: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the program said."""

    allow: bool
    why: str
    broken: bool = False
    """It did not answer, or not as agreed: asking again may help."""


def ask(program: Path, question: dict[str, str], *, timeout_s: float) -> Opinion:
    """Run `program` with the question on standard input; it prints `{"allow": true}` or `{"allow": false, "why": "…"}`.

    It gets no argument and an environment of its own; whatever goes wrong with it is a no that says so.
    """
    try:
        done = subprocess.run(  # noqa: S603  the site's own configuration names it
            [program],
            input=json.dumps(question, ensure_ascii=False).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired:
        return Opinion(allow=False, why=f"the site's program did not answer within {timeout_s:g} s", broken=True)
    except OSError as error:
        words = f"the site's program cannot be run: {error.strerror}"
        return Opinion(allow=False, why=words, broken=True)
    if done.returncode != 0:
        return Opinion(allow=False, why=f"the site's program ended with code {done.returncode}", broken=True)
    try:
        verdict = msgspec.json.decode(done.stdout[:_MOST_BYTES], type=_Verdict)
    except msgspec.DecodeError:
        return Opinion(allow=False, why="the site's program said something else than yes or no", broken=True)
    return Opinion(allow=verdict.allow, why=verdict.why[:300])
