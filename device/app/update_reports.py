"""Between the program that serves visitors and the one that changes versions: orders one way, reports the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from device.domain.errors import UpdateRefused
from device.drivers.update_spool import OrderBox, read_reports
from device.update.jobs import read_book
from device.wire.rollout import OVER, UpdateOrder, UpdateReport

LOOK_S = 2.0

log = logging.getLogger(__name__)


class UpdateReports:
    """Hands orders over and tells what becomes of them. `tell` hears each report once, and again when asked again."""

    def __init__(self, box: OrderBox, reports: Path, tell: Callable[[UpdateReport], None], *, takes: bool) -> None:
        """`takes` is whether this unit was given a root of trust at all."""
        self._box = box
        self._reports = reports
        self._tell = tell
        self._takes = takes
        self._told: dict[str, UpdateReport] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="update reports", daemon=True)

    def start(self) -> None:
        """Begin to look for reports."""
        if self._takes:
            self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def order(self, order: UpdateOrder, payload: bytes) -> None:
        """Hand an order over; one whose end is known is answered at once."""
        refusal = "[update] root is empty: this unit takes no updates"
        if self._takes:
            known = read_book(read_reports(self._reports)).about(order.job_id)
            if known is not None and known.state in OVER:
                self._tell(known)
                return
            try:
                self._box.put(payload)
            except UpdateRefused as error:
                refusal = str(error)
            else:
                return
        self._tell(
            UpdateReport(job_id=order.job_id, part=order.part, state="rejected", version="", detail=refusal[:512])
        )

    def look(self) -> None:
        """Tell what is new."""
        for report in read_book(read_reports(self._reports)).reports:
            if self._told.get(report.job_id) != report:
                self._told[report.job_id] = report
                self._tell(report)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(LOOK_S)
