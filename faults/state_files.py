"""Every file that a unit keeps, and what must be read from it after a power cut: the value before or the new one."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from device.domain.errors import UketsukeError
from device.drivers.sqlite_outbox import SqliteOutbox
from device.drivers.tally_file import TallyFile
from device.drivers.tuf_source import TufSource
from device.drivers.update_fetchers import FOLDER_URL, FolderFetcher
from device.drivers.update_shelf import UpdateShelf
from device.drivers.update_spool import OrderBox, read_reports, write_reports
from faults import updates
from faults.crashes import MEMORY, Found, anything, payload
from faults.power import cuts_of, put_back
from faults.state_papers import PAPERS
from faults.state_subject import Look, Subject, either, nothing

# --- results ----------------------------------------------------------------------------------------------------------


def _outbox(folder: Path) -> SqliteOutbox:
    return SqliteOutbox(folder / "outbox.sqlite")


def _add(*names: str) -> Callable[[Path], None]:
    def add(folder: Path) -> None:
        with _outbox(folder) as outbox:
            for name in names:
                outbox.add(name, lambda _, name=name: payload(name))  # type: ignore[misc]  # a default is no argument

    return add


def _settle(folder: Path) -> None:
    with _outbox(folder) as outbox:
        outbox.settle("first", anything)


def _waiting(folder: Path) -> tuple[str, ...]:
    with _outbox(folder) as outbox:
        kept = outbox.waiting(10)
    return tuple(each.message_id if each.payload == payload(each.message_id) else "damaged" for each in kept)


# --- updates ----------------------------------------------------------------------------------------------------------


def _source(base: Path, folder: Path) -> TufSource:
    fetcher = FolderFetcher(base / "public", folder / "staging")
    return TufSource(root=base / "root.json", cache=folder / "metadata", address=FOLDER_URL, fetcher=fetcher)


def _know_before(base: Path, folder: Path) -> None:
    shutil.copytree(base / "unit/metadata", folder / "metadata", symlinks=True)


def _learn(base: Path, folder: Path) -> None:
    _source(base, folder).offers(datetime.now(UTC))


def _look_at_metadata(base: Path, folder: Path, *, returned: bool) -> str | None:
    newest = json.loads((base / "public/metadata/timestamp.json").read_bytes())["signed"]["version"]
    if returned and json.loads((folder / "metadata/timestamp.json").read_bytes())["signed"]["version"] != newest:
        return "what was seen last is forgotten"
    versions = {offer.version for offer in _source(base, folder).offers(datetime.now(UTC))}
    return None if updates.AFTER in versions else f"only {versions} are offered"


def _order(payload: bytes) -> Callable[[Path], None]:
    return lambda folder: OrderBox(folder / "update-orders").put(payload)


def _orders(folder: Path) -> list[bytes]:
    return [order for _, order in OrderBox(folder / "update-orders").take()]


def _orders_done(folder: Path) -> None:
    box = OrderBox(folder / "update-orders")
    for path, _ in box.take():
        box.done(path)


def _report(book: bytes) -> Callable[[Path], None]:
    return lambda folder: write_reports(folder / "reports.json", book)


def _ledger(text: bytes) -> Callable[[Path], None]:
    return lambda folder: UpdateShelf(folder).write(text)


def _by_and_by(read: Callable[[Path], object], old: object, new: object) -> Look:
    """Look at what promises nothing: done again, it does no harm."""
    look = either(read, old, new)

    def unpromised(folder: Path, *, returned: bool) -> str | None:
        del returned
        return look(folder, returned=False)

    return unpromised


# --- the campaign -----------------------------------------------------------------------------------------------------


def _tally(count: int) -> Callable[[Path], None]:
    return lambda folder: TallyFile(folder / "passcodes-refused").keep(count)


def _tallied(folder: Path) -> int | None:
    return TallyFile(folder / "passcodes-refused").read()


def _reports(folder: Path) -> bytes:
    return read_reports(folder / "reports.json")


def _known(folder: Path) -> bytes:
    return UpdateShelf(folder).read()


_ONE, _TWO = ("first",), ("first", "second")
SUBJECTS: Final[dict[str, Subject]] = {
    **PAPERS,
    "the first tally of passcodes": Subject(nothing, _tally(1), either(_tallied, 0, 1)),
    "the next tally of passcodes": Subject(_tally(9), _tally(10), either(_tallied, 9, 10)),
    "the first result": Subject(nothing, _add("first"), either(_waiting, (), _ONE)),
    "the next result": Subject(_add("first"), _add("second"), either(_waiting, _ONE, _TWO)),
    "a result leaves": Subject(_add(*_TWO), _settle, _by_and_by(_waiting, _TWO, _TWO[1:])),
    "an order waits": Subject(nothing, _order(b"order"), either(_orders, [], [b"order"])),
    "an order is done": Subject(_order(b"order"), _orders_done, _by_and_by(_orders, [b"order"], [])),
    "the first report": Subject(nothing, _report(b"one"), either(_reports, b"", b"one")),
    "the next report": Subject(_report(b"one"), _report(b"two"), either(_reports, b"one", b"two")),
    "the ledger of updates": Subject(_ledger(b"one"), _ledger(b"two"), either(_known, b"one", b"two")),
}
"""By name."""


def update_metadata(base: Path) -> Subject:
    """Return what a unit keeps of its repository's last words; `base` was prepared by `faults.updates`."""
    return Subject(partial(_know_before, base), partial(_learn, base), partial(_look_at_metadata, base))


def cut(subject: Subject, every: int = 1) -> Found:
    """Look at each folder, or every so-manieth, that a cut may leave of one operation."""
    found = Found()
    with _place() as folder:
        subject.before(folder)
        cuts = cuts_of(folder, lambda: _ignore(subject.change(folder)))
        for returned, leavings in ((False, cuts.during), (True, cuts.after)):
            # The folders are a set: in a fixed order, so that every so-manieth are the same ones each time.
            for left in sorted(leavings, key=repr)[:: 1 if returned else every]:
                put_back(folder, left)
                found.points += 1
                try:
                    wrong = subject.look(folder, returned=returned)
                except (UketsukeError, OSError, ValueError) as error:
                    wrong = f"{type(error).__name__}: {error}"
                if wrong:
                    when = "after it had returned" if returned else "before it returned"
                    found.wrong.append(f"{when}: {wrong}")
    return found


def _ignore(result: object) -> None:
    del result


@contextmanager
def _place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as place:
        yield Path(place)


def cut_everywhere(every: int = 1) -> Found:
    """Cut each operation at each step, every way."""
    found = Found()
    with _place() as base:
        updates.prepare(base)
        for name, subject in {**SUBJECTS, "what the repository said": update_metadata(base)}.items():
            part = cut(subject, every)
            found.points += part.points
            found.wrong += [f"{name}: {what}" for what in part.wrong]
    return found
