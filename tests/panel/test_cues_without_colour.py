"""The lamps as people see them who see fewer colours, or none. Whoever hears nothing has only these.

Matrices: G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A Physiologically-based Model for Simulation of Color
Vision Deficiency", IEEE TVCG 15(6), 2009, severity 1.0, on linear RGB. Lightness: CIE 1976 L*.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from device.domain.prompts import Cue
from device.panel.cues import BUZZER, levels
from device.panel.lamps import LAMP_COLOURS, LAMPS, UNLIT
from device.panel.patterns import TICK_S

VISION = {
    "all colours": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
    "monochrome": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
}
PLAIN_DIFFERENCE = 40.0
"""In L*, of 100: as far apart as two greys that nobody takes for one another at a glance."""
WATCHED_TICKS = 60


def lightness(colour: str, vision: str) -> float:
    srgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(VISION[vision] @ linear, 0, 1)
    luminance = float(seen @ [0.2126, 0.7152, 0.0722])
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


def lit(cue: Cue) -> np.ndarray:
    """Which of the five lamps are lit, tick by tick, shape (ticks, 5)."""
    return np.array([[levels(cue, tick * TICK_S)[lamp] for lamp in LAMPS] for tick in range(2 * WATCHED_TICKS)])


@pytest.fixture(scope="module")
def films() -> dict[Cue, np.ndarray]:
    return {cue: lit(cue) for cue in Cue}


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("lamp", LAMPS)
def test_lit_is_never_mistaken_for_dark(lamp: str, vision: str) -> None:
    assert lightness(LAMP_COLOURS[lamp], vision) - lightness(UNLIT, vision) >= PLAIN_DIFFERENCE


@pytest.mark.parametrize("vision", VISION)
def test_any_two_cues_differ_by_place_and_rhythm_of_light_alone(films: dict[Cue, np.ndarray], vision: str) -> None:
    dark = lightness(UNLIT, vision)
    bright = np.array([lightness(LAMP_COLOURS[lamp], vision) for lamp in LAMPS])
    seen = {cue: np.where(film, bright, dark) for cue, film in films.items()}
    for one, other in combinations(Cue, 2):
        for shift in range(WATCHED_TICKS):  # whenever one looks, they are no moment's delay of one another
            watched, compared = seen[one][:WATCHED_TICKS], seen[other][shift : shift + WATCHED_TICKS]
            assert np.abs(watched - compared).max() >= PLAIN_DIFFERENCE, f"{one} looks like {other} {shift} ticks later"


def test_every_lamp_has_its_colour_and_the_colours_differ() -> None:
    assert set(LAMP_COLOURS) == set(LAMPS)
    assert len(set(LAMP_COLOURS.values())) == len(LAMPS)


@pytest.mark.parametrize("cue", Cue)
def test_a_quiet_unit_shows_the_same_lamps(cue: Cue) -> None:
    for tick in range(WATCHED_TICKS):
        loud, quiet = levels(cue, tick * TICK_S), levels(cue, tick * TICK_S, quiet=True)
        assert {**loud, BUZZER: False} == {**quiet, BUZZER: False}
        assert quiet[BUZZER] == (loud[BUZZER] and cue is Cue.CARD_LEFT)
    assert levels(cue, 100.0, since_key_s=0.04, quiet=True)[BUZZER], "but keys click"
