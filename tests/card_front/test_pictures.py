"""Pictures of drawn cards through the real network, and pictures that are none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from device.app.assets.place import MODELS_DIR
from device.app.card_front import open_front_reader
from device.app.front_evaluation import TODAY, evaluate
from device.app.front_tally import FRAMES_IN_TIME, WRONG
from device.card.front import FrontReader, Unread
from device.sim.card_front_pictures import invent, photograph, print_card, take_view

CARDS = 8


@pytest.fixture(scope="module")
def reader() -> FrontReader:
    return open_front_reader(MODELS_DIR)


def test_easy_pictures_are_read_and_nothing_wrong_would_be_sent() -> None:
    told = list(evaluate(MODELS_DIR, range(CARDS), seed=1, hardest=0.0))
    assert all(card.readable for card in told)
    assert sum(card.within(FRAMES_IN_TIME) for card in told) >= CARDS - 1
    assert not any(card.sent == WRONG for card in told)


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (np.zeros((0, 0, 3), np.uint8), Unread.NO_PICTURE),
        (np.zeros((20, 20, 3), np.uint8), Unread.NO_PICTURE),
        (np.zeros((9000, 300, 3), np.uint8), Unread.NO_PICTURE),
        (np.zeros((480, 640), np.uint8), Unread.NO_PICTURE),
        (np.full((480, 640, 3), np.nan, np.float32), Unread.NO_PICTURE),
        (np.zeros((480, 640, 3), np.uint8), Unread.NO_CARD),
        (np.full((480, 640, 3), 255, np.uint8), Unread.NO_CARD),
    ],
)
def test_what_is_no_picture_of_a_card_says_so(reader: FrontReader, picture: np.ndarray, why: Unread) -> None:
    assert reader.read(picture, date(2026, 4, 6)) is why


def test_noise_is_no_number(reader: FrontReader) -> None:
    for seed in range(5):
        noise = np.random.default_rng(seed).integers(0, 256, (480, 640, 3), np.uint8)
        assert isinstance(reader.read(noise, date(2026, 4, 6)), Unread)


def test_a_code_that_is_not_certain_is_read_in_doubt_and_takes_three_pictures() -> None:
    # A readable card of the evaluation whose code is worn: every one of its three pictures is in doubt.
    (told,) = evaluate(MODELS_DIR, [9916], seed=20261125)
    assert told.looks == ("in doubt, right",) * 3
    assert told.sent == "right"


def test_a_card_that_is_not_wholly_in_the_picture_is_not_read(reader: FrontReader) -> None:
    chance = np.random.default_rng(2)
    card, view = print_card(invent(chance, TODAY), chance), take_view(0.0, chance, upside_down=False)
    assert not isinstance(reader.read(photograph(card, view, chance), TODAY), Unread)
    for way in ((-120, 0), (-160, 0), (-200, 0), (160, 0), (0, 260)):
        moved = replace(view, corners=view.corners + np.array(way, np.float32))
        read = reader.read(photograph(card, moved, chance), TODAY)
        assert isinstance(read, Unread), f"moved by {way}"
