"""Files for the receipt computer (レセコン): one for every visit with an answer, in the folder that it watches.

`OQSsiquc01res_face_<reception>_<yyyyMMddHHmmss>.xml`, as the official terminal writes it after a visit at its reader.
A file appears whole or not at all, and leaves again after some days. A folder that has vanished is waited for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from clinic.official_xml import Encoding, to_xml
from clinic.store import KeptVisit
from device.domain.certificate_window import JAPAN
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.whole_file import PRIVATE, put_whole

FOLLOWER = "receipt-files"
_OURS = re.compile(r"(?:OQSsiquc01res_face_[0-9A-Za-z-]+_(\d{14})\.xml|\.OQSsiquc01res_face_\S+\.draft)")


@dataclass(frozen=True, slots=True)
class ReceiptFiles:
    """The folder, and how files in it are written."""

    folder: Path
    encoding: Encoding = Encoding.UTF_8
    keep: timedelta = timedelta(days=3)

    def write(self, visit: KeptVisit) -> None:
        """Write a visit's file, if it has an answer. Raise Fault (part `receipt files`) when the folder refuses."""
        if visit.qualification is None:
            return
        path = self.folder / self.name_of(visit)
        try:
            put_whole(path, to_xml(visit.qualification, self.encoding), mode=PRIVATE)
        except OSError as error:
            raise _fault(f"cannot write {path.name} into {self.folder}", error) from error

    @staticmethod
    def name_of(visit: KeptVisit) -> str:
        """Return a file's name. A visit whose late answer was accepted gets the time of that."""
        moment = (visit.accepted_at or visit.record.happened_at).astimezone(JAPAN)
        # The pattern that receipt computers look for ends at the last underscore.
        reception = visit.record.reception.replace("_", "-")
        return f"OQSsiquc01res_face_{reception}_{moment:%Y%m%d%H%M%S}.xml"

    def sweep(self, now: datetime) -> int:
        """Delete files of ours that are too old; return how many. Raise Fault when the folder refuses."""
        try:
            old = [path for path in self.folder.iterdir() if self._is_old(path, now)]
            for path in old:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise _fault(f"cannot clean up {self.folder}", error) from error
        return len(old)

    def _is_old(self, path: Path, now: datetime) -> bool:
        ours = _OURS.fullmatch(path.name)
        if ours is None:
            return False  # the receipt computer's own, or of the official terminal's other programs
        if ours[1] is None:
            return path.stat().st_mtime < (now - self.keep).timestamp()  # a draft of a process that was killed
        written = datetime.strptime(ours[1], "%Y%m%d%H%M%S").replace(tzinfo=JAPAN)
        return written < now - self.keep


def _fault(what: str, error: OSError) -> Fault:
    return Fault(f"{what}: {error.strerror or error}", part="receipt files", reason=Reason.INTERNAL_FAULT)
