"""A harness without coverage guidance: every input of the corpus, then so many variations of them.

For machines where atheris has no wheel (it has none for aarch64). The variations are the same in every run with one
seed; they find less than a guided fuzzer does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from fuzz.harnesses import HARNESSES

LONGEST = 4096
_INTERESTING = (0x00, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF)


def replay(name: str, corpus: Path, *, runs: int, seed: int) -> int:
    """Run the harness on the corpus and then on variations, `runs` in all at least; return how many there were."""
    harness = HARNESSES[name]
    inputs = [path.read_bytes() for path in sorted(corpus.iterdir())]
    for data in inputs:
        harness(data)
    chance = random.Random(seed)  # noqa: S311  variety, not secrecy
    for _ in range(runs - len(inputs)):
        harness(varied(inputs, chance))
    return max(runs, len(inputs))


def varied(inputs: Sequence[bytes], chance: random.Random) -> bytes:
    """Return one of the inputs with a few changes, or a splice of two."""
    data = bytearray(chance.choice(inputs) if inputs else b"")
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
            case 1:
                del data[at : at + chance.randint(1, 16)]
            case 2 if at < len(data):
                data[at] = chance.choice(_INTERESTING)
            case 3 if at < len(data):
                data[at] = chance.randrange(256)
            case _ if inputs:
                data[at:] = chance.choice(inputs)[chance.randint(0, at) :]
            case _:
                data += chance.randbytes(8)
    return bytes(data[:LONGEST])
