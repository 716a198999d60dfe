"""Starts the card's process and talks to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from device.drivers.pcsc import PcscReader
from device.sim.pcscd import VIRTUAL_READER

SEEN_S = 10.0


class CardProcess:
    """A card on the virtual reader, served by another process."""

    def __init__(self, say: IO[str], hear: IO[str]) -> None:
        self._say = say
        self._hear = hear

    def report(self) -> Any:  # noqa: ANN401  JSON
        """Return what the card tells of the commands since the last report."""
        self._say.write("report\n")
        self._say.flush()
        return json.loads(self._hear.readline())


@contextmanager
def card_on_reader(*words: str) -> Iterator[CardProcess]:
    """Have a card on the virtual reader that PC/SC has seen. `words` are those of `bench.card_process`."""
    command = [sys.executable, "-m", "bench.card_process", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  our own module
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes to the card's process")
        try:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the card's process did not start")
            reader = open_reader()
            reader.wait_for_change(present=False, timeout_s=SEEN_S)
            reader.close()
            yield CardProcess(process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.wait()


def open_reader() -> PcscReader:
    """Return the driver for the virtual reader."""
    return PcscReader(f"^{VIRTUAL_READER}$")
