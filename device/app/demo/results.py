"""What the clinic keeps, as a spectator follows it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from clinic.store_file import read_records

TIMEOUT_S = 10.0
LOOK_AGAIN_S = 0.02

Record = dict[str, Any]


class Results:
    """Reads what the clinic side wrote; each record is one visit."""

    def __init__(self, path: Path, *, patience: float = 1.0) -> None:
        """`patience`: so many times as long a result is waited for."""
        self._path = path
        self._timeout_s = TIMEOUT_S * patience

    def all(self) -> list[Record]:
        """Return every result so far."""
        return [json.loads(record) for record in read_records(self._path)]

    def of(self, reception: str) -> Record | None:
        """Wait for the result of one visit; None when it does not come."""
        pause = threading.Event()
        end_s = monotonic() + self._timeout_s
        while monotonic() < end_s:
            for record in self.all():
                if record["reception"] == reception:
                    return record
            pause.wait(LOOK_AGAIN_S)
        return None

    @contextmanager
    def following(self, tell: Callable[[Record], None]) -> Iterator[None]:
        """Tell every result that comes meanwhile, from a thread of its own."""
        stop = threading.Event()
        known = len(self.all())

        def follow() -> None:
            seen = known
            while not stop.wait(LOOK_AGAIN_S):
                records = self.all()
                for record in records[seen:]:
                    tell(record)
                seen = len(records)

        thread = threading.Thread(target=follow, name="results", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def people_of(record: Record) -> str:
    """Return whom the clinic was told about, if anybody."""
    results = (record["qualification"] or {}).get("ResultOfQualificationConfirmation") or []
    return "、".join(f"{person['Name']}({person['NameKana']})" for person in results if "Name" in person)
