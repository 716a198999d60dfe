"""What every outbox promises, asked of each that there is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.sqlite_outbox import SqliteOutbox
from device.ports.line import Kept, Outbox
from device.sim.outbox import MemoryOutbox


class Shelf(Protocol):
    """Where the outbox of one unit stands from life to life."""

    def next_life(self) -> Outbox: ...


class MemoryShelf:
    def __init__(self, limit: int) -> None:
        self._outbox = MemoryOutbox(limit)

    def next_life(self) -> Outbox:
        return self._outbox


class DiskShelf:
    def __init__(self, limit: int, path: Path, parts: ExitStack) -> None:
        self._limit = limit
        self._path = path
        self._parts = parts

    def next_life(self) -> Outbox:
        self._parts.close()
        return self._parts.enter_context(SqliteOutbox(self._path, self._limit))


LIMIT = 50


@pytest.fixture(params=["memory", "sqlite"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    with ExitStack() as parts:
        yield MemoryShelf(LIMIT) if request.param == "memory" else DiskShelf(LIMIT, tmp_path / "outbox.db", parts)


@pytest.fixture
def outbox(shelf: Shelf) -> Outbox:
    return shelf.next_life()


def believed(kept: Kept) -> None:
    """Let the receipt be good for whatever is kept."""
    del kept


def sealed(sequence: int) -> bytes:
    return b"sealed %d" % sequence


def test_a_new_outbox_is_empty(outbox: Outbox) -> None:
    assert outbox.waiting(10) == []


def test_numbers_begin_at_one_and_have_no_gap(outbox: Outbox) -> None:
    assert [outbox.add(f"message-{n}", sealed).sequence for n in range(5)] == [1, 2, 3, 4, 5]


def test_what_is_kept_is_what_was_sealed_under_its_own_number(outbox: Outbox) -> None:
    kept = outbox.add("message-a", sealed)
    assert (kept.message_id, kept.payload) == ("message-a", b"sealed 1")
    assert outbox.waiting(10) == [kept]


def test_the_oldest_wait_first_and_no_more_are_shown_than_asked_for(outbox: Outbox) -> None:
    for n in range(5):
        outbox.add(f"message-{n}", sealed)
    assert [kept.sequence for kept in outbox.waiting(3)] == [1, 2, 3]


def test_a_settled_message_is_gone_and_can_be_settled_only_once(outbox: Outbox) -> None:
    outbox.add("message-a", sealed)
    assert outbox.settle("message-a", believed)
    assert not outbox.settle("message-a", believed)
    assert outbox.waiting(10) == []


def test_settling_what_never_was_is_told_apart(outbox: Outbox) -> None:
    assert not outbox.settle("message-a", believed)


def test_a_message_stays_when_what_looks_at_it_objects(outbox: Outbox) -> None:
    kept = outbox.add("message-a", sealed)

    def object_to(found: Kept) -> None:
        assert found == kept
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        outbox.settle("message-a", object_to)
    assert outbox.waiting(10) == [kept]
    assert outbox.settle("message-a", believed)


def test_a_number_is_never_given_again_even_if_its_message_is_gone(outbox: Outbox) -> None:
    outbox.add("message-a", sealed)
    outbox.settle("message-a", believed)
    assert outbox.add("message-b", sealed).sequence == 2


def test_a_message_is_not_kept_twice(outbox: Outbox) -> None:
    first = outbox.add("message-a", sealed)
    assert outbox.add("message-a", sealed) == first
    assert outbox.waiting(10) == [first]


def test_a_full_outbox_refuses_more_and_says_so(outbox: Outbox) -> None:
    for n in range(LIMIT):
        outbox.add(f"message-{n}", sealed)
    with pytest.raises(Fault, match=f"full: {LIMIT} results wait") as refusal:
        outbox.add("one-too-many", sealed)
    assert refusal.value.reason is Reason.OUTBOX_FAULT
    assert len(outbox.waiting(LIMIT + 1)) == LIMIT


def test_a_receipt_makes_room_and_no_number_was_lost_on_the_refused(outbox: Outbox) -> None:
    for n in range(LIMIT):
        outbox.add(f"message-{n}", sealed)
    with pytest.raises(Fault):
        outbox.add("one-too-many", sealed)
    outbox.settle("message-0", believed)
    assert outbox.add("one-more", sealed).sequence == LIMIT + 1


def test_a_message_that_cannot_be_sealed_costs_no_number(outbox: Outbox) -> None:
    def refuse(sequence: int) -> bytes:
        raise ZeroDivisionError(sequence)

    with pytest.raises(ZeroDivisionError):
        outbox.add("message-a", refuse)
    assert outbox.waiting(10) == []
    assert outbox.add("message-b", sealed).sequence == 1


def test_the_next_life_of_the_unit_finds_everything(shelf: Shelf) -> None:
    before = [shelf.next_life().add(f"message-{n}", sealed) for n in range(3)]
    assert shelf.next_life().waiting(10) == before


def test_the_next_life_of_the_unit_goes_on_counting(shelf: Shelf) -> None:
    outbox = shelf.next_life()
    outbox.add("message-a", sealed)
    outbox.settle("message-a", believed)
    assert shelf.next_life().add("message-b", sealed).sequence == 2


def test_many_threads_get_one_number_each(outbox: Outbox) -> None:
    names = count()

    def keep_five() -> None:
        for _ in range(5):
            outbox.add(f"message-{next(names)}", sealed)

    threads = [threading.Thread(target=keep_five) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [kept.sequence for kept in outbox.waiting(LIMIT)] == list(range(1, 31))
