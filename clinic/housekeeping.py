"""What is done once an hour: visits and files that are old enough leave."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.receipt_files import ReceiptFiles
from clinic.store import Store, japanese_day

EVERY_S = 3600.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """How long what is kept."""

    store: Store
    keep: timedelta
    files: ReceiptFiles | None

    def sweep(self, now: datetime) -> None:
        """Do it. Raise Fault when disk or folder refuse."""
        if visits := self.store.forget_before(japanese_day(now - self.keep)):
            log.info("forgot %d visits of more than %d days ago", visits, self.keep.days)
        if self.files is not None and (swept := self.files.sweep(now)):
            log.info("deleted %d old files in %s", swept, self.files.folder)
