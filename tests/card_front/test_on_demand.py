"""The reader of card fronts is in memory while there is a card, and at no other time."""

from __future__ import annotations

import gc
import threading
import weakref
from datetime import date

import numpy as np
import pytest

from device.app.front_on_demand import FrontOnDemand
from device.card.front import Unread
from device.card.front.reader import FrontRead
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.ports.camera import Picture

PATIENCE_S = 30.0
PICTURE = np.zeros((4, 4, 3), np.uint8)
TODAY = date(2026, 11, 22)


class ReaderStandIn:
    """Reads nothing."""

    def read(self, _picture: Picture, _today: date) -> FrontRead:
        return Unread.NO_PICTURE


class Opener:
    """Opens readers, counts them, and fails when it is told to."""

    def __init__(self) -> None:
        self.opened: list[weakref.ref[ReaderStandIn]] = []
        self.opens = threading.Condition()
        self.fault: Fault | None = None

    def __call__(self) -> ReaderStandIn:
        if self.fault is not None:
            raise self.fault
        reader = ReaderStandIn()
        with self.opens:
            self.opened.append(weakref.ref(reader))
            self.opens.notify_all()
        return reader

    def wait_for(self, count: int) -> None:
        with self.opens:
            assert self.opens.wait_for(lambda: len(self.opened) >= count, PATIENCE_S)

    @property
    def in_memory(self) -> int:
        gc.collect()
        return sum(reader() is not None for reader in self.opened)


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def front(opener: Opener) -> FrontOnDemand:
    return FrontOnDemand(opener)


def test_at_the_start_it_is_tried_and_let_go_of(front: FrontOnDemand, opener: Opener) -> None:
    assert len(opener.opened) == 1
    assert opener.in_memory == 0
    assert not front.is_there


def test_what_is_wrong_with_it_is_known_at_the_start(opener: Opener) -> None:
    opener.fault = Fault("no weights", part="models", reason=Reason.MODEL_MISSING)
    with pytest.raises(Fault, match="no weights"):
        FrontOnDemand(opener)


def test_a_card_brings_it_once_and_its_pictures_find_it_there(front: FrontOnDemand, opener: Opener) -> None:
    front.prepare()
    opener.wait_for(2)
    for _ in range(3):
        front.read(PICTURE, TODAY)
    front.prepare()
    front.read(PICTURE, TODAY)

    assert len(opener.opened) == 2
    assert front.is_there


def test_the_end_of_a_visit_lets_go_of_it(front: FrontOnDemand, opener: Opener) -> None:
    front.read(PICTURE, TODAY)
    assert opener.in_memory == 1
    front.rest()
    front.rest()

    assert opener.in_memory == 0
    assert not front.is_there


def test_a_picture_that_nobody_announced_is_read_all_the_same(front: FrontOnDemand, opener: Opener) -> None:
    front.rest()
    front.read(PICTURE, TODAY)

    assert opener.in_memory == 1


def test_weights_that_are_gone_meanwhile_are_told_to_whoever_reads(front: FrontOnDemand, opener: Opener) -> None:
    opener.fault = Fault("no weights", part="models", reason=Reason.MODEL_MISSING)
    front.prepare()
    with pytest.raises(Fault, match="no weights"):
        front.read(PICTURE, TODAY)
    opener.fault = None
    front.read(PICTURE, TODAY)

    assert front.is_there
