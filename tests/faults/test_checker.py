"""A checker that cannot fail proves nothing: each break of the code below has to be seen, by name."""

from __future__ import annotations

import logging
import tempfile
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.app.link_worker import Link
from device.drivers.sqlite_outbox import SqliteOutbox
from device.link import events
from device.ports.line import Kept
from device.wire.codec import decode
from device.wire.messages import Receipt, Result
from device.wire.said import Signed
from faults.clinic import ModelClinic
from faults.crashes import MEMORY, anything, crash_at
from faults.history import Wrong
from faults.world import Parts, in_folder

ENOUGH = 80
"""Histories in which a break has to show."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of commits shall not wait for a disk."""
    if not MEMORY.exists():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def wrongs_with(memory: Path) -> Callable[[Parts, int], set[Wrong]]:
    """Return what the checker finds in so many histories."""

    def find(parts: Parts, histories: int) -> set[Wrong]:
        found: set[Wrong] = set()
        for seed in range(histories):
            folder = memory / str(seed)
            folder.mkdir()
            history = in_folder(seed, folder, parts)
            found |= history.wrongs().keys()
            assert not history.waiting or parts != Parts()
        return found

    return find


def test_the_link_as_it_is_loses_doubles_and_disorders_nothing(
    wrongs_with: Callable[[Parts, int], set[Wrong]],
) -> None:
    assert wrongs_with(Parts(), 100) == set()


class DeletesWhenSent(Link):
    """What trusting the broker's acknowledgement comes to."""

    def _send(self, topic: str, kept: Kept, expiry_s: int) -> None:
        super()._send(topic, kept, expiry_s)
        self._outbox.settle(kept.message_id, anything)


class BelievesAnyReceipt(Link):
    """What a receipt comes to that nobody has to sign."""

    def _open_signed(self, signed: Signed) -> None:
        receipt: Receipt = decode(urlsafe_b64decode(signed.jws.split(".")[1] + "=="), Receipt)
        self._first(events.Opened(receipt))


class StoresWhateverComes(ModelClinic):
    def knows(self, message_id: str) -> bool:
        del message_id
        return False


class AsksNoDate(ModelClinic):
    def is_fresh(self, result: Result) -> bool:
        del result
        return True


class NewestFirst(SqliteOutbox):
    def waiting(self, limit: int) -> list[Kept]:
        return super().waiting(limit)[::-1]


class CountsAnew(SqliteOutbox):
    """Forgets the numbers of what has left it."""

    def _prepare(self) -> None:
        super()._prepare()
        self._database.execute("UPDATE counter SET last_sequence = (SELECT coalesce(max(sequence), 0) FROM waiting)")


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        (Parts(link=DeletesWhenSent), Wrong.LOST),
        (Parts(link=BelievesAnyReceipt), Wrong.LOST),
        (Parts(clinic=StoresWhateverComes), Wrong.DOUBLED),
        (Parts(clinic=AsksNoDate), Wrong.STALE),
        (Parts(outbox=NewestFirst), Wrong.ORDER),
        (Parts(outbox=CountsAnew), Wrong.DOUBLED),
    ],
    ids=lambda value: value.value if isinstance(value, Wrong) else "",
)
def test_a_break_is_seen_and_named(wrongs_with: Callable[[Parts, int], set[Wrong]], parts: Parts, wrong: Wrong) -> None:
    assert wrong in wrongs_with(parts, ENOUGH)


class WritesLater(SqliteOutbox):
    """Promises before the disk has it: what a cache in front of the base would do."""

    def add(self, message_id: str, seal: Callable[[int], bytes]) -> Kept:
        kept = Kept(1_000_000, message_id, seal(1))
        if message_id == "one-more" or hash(message_id) % 2:
            return super().add(message_id, seal)
        return kept


def test_killed_before_a_write_an_outbox_has_all_that_it_promised() -> None:
    found = crash_at([1, 2, 9, 30, 77, 150, 301, 540, 800, 1000])
    assert (found.points, found.wrong) == (10, [])


def test_an_outbox_that_promises_too_early_is_seen() -> None:
    assert any("is lost" in wrong for wrong in crash_at([200], WritesLater).wrong)
