"""The reference consumer: what anybody's own system needs to take visits from the units of a site.

    from pathlib import Path

    from clinic.consumer import Visit, open_consumer

    def save(visit: Visit) -> None:
        my_database.save(visit.record.reception, visit.record.reason, visit.qualification)

    with open_consumer(Path("clinic.toml"), "my-system", save) as consumer:
        consumer.wait()

It verifies every result (signature, unit, sequence, age, reception), opens and verifies the answer inside, keeps the
visit on disk and only then sends the receipt. `save` gets every visit once and in order, from a thread of its own; when
it raises, the visit stays and comes again a little later, and units are not held up meanwhile. After a crash between
`save` and its note a visit comes once more, and so does one whose late answer was accepted: put it where it was, by
`visit.record.reception`. docs/consumer.md says what is needed around these lines.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from clinic.config import load_config
from clinic.follow import Follower
from clinic.health import HealthRow
from clinic.parts import read_parts
from clinic.run import OpenClinic, open_clinic
from clinic.store import KeptVisit as Visit
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

__all__ = ["OpenConsumer", "Visit", "open_consumer"]

log = logging.getLogger(__name__)


class OpenConsumer:
    """A consumer at work."""

    def __init__(self, clinic: OpenClinic) -> None:
        self._clinic = clinic
        self._stopped = threading.Event()

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Wait for the line; False when it is not there in time (it is tried on)."""
        return all(line.ready.wait(timeout_s) for line in self._clinic.lines)

    def wait(self) -> None:
        """Wait until `stop`, from another thread or a signal handler."""
        self._stopped.wait()

    def stop(self) -> None:
        """End `wait`."""
        self._stopped.set()

    def troubles(self) -> list[HealthRow]:
        """Return what is wrong just now; empty on a good day."""
        return self._clinic.health.rows()


@contextmanager
def open_consumer(config: Path, name: str, save: Callable[[Visit], None]) -> Iterator[OpenConsumer]:
    """Take visits in and hand each to `save`; `name` keeps the place over restarts.

    Only the sections [site], [broker] and [consumer] of the configuration are used. Raise BadConfig for what does not
    fit in it.
    """
    settings = load_config(config)
    if settings.consumer is None:
        raise BadConfig("there is no [consumer]", where=str(config))
    alone = msgspec.structs.replace(settings, gateway=None, terminal=None, receipt_files=None)
    with open_clinic(read_parts(alone, config.parent)) as clinic:
        if clinic.store is None:
            raise BadConfig("there is no [consumer]", where=str(config))
        with Follower(name, clinic.store, lambda visit: _saved(name, save, visit), health=clinic.health):
            for line in clinic.lines:
                line.start()
            yield OpenConsumer(clinic)


def _saved(name: str, save: Callable[[Visit], None], visit: Visit) -> None:
    try:
        save(visit)
    except Fault:
        raise
    except Exception as error:
        # Its text may quote the visit; where it happened says enough to look.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
        raise Fault(f"{name} did not take a visit: {where}", part=name, reason=Reason.INTERNAL_FAULT) from error
