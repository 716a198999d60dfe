"""Sharpness, noise, distortion and uncertainty against what is known beforehand."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from hw.optics.pixels import dead_pixels, distortion_percent, hot_pixels, noise
from hw.optics.slanted_edge import NoEdge, measure_edge
from hw.rig.port import Picture
from hw.sim.scenes import GRID_COLUMNS, GRID_ROWS, project
from hw.uncertainty import mean, percentile, share_percent, slope

FINER = 8


def blurred_edge(sigma_px: float, *, slant: float = 0.08, height: int = 120, width: int = 160) -> np.ndarray:
    y, x = np.mgrid[0 : height * FINER, 0 : width * FINER]
    edge = np.where(x / FINER - width / 2 > slant * (y / FINER - height / 2), 200.0, 50.0).astype(np.float32)
    return np.asarray(
        cv2.resize(cv2.GaussianBlur(edge, (0, 0), sigma_px * FINER), (width, height), interpolation=cv2.INTER_AREA)
    )


def gaussian_mtf50(sigma_px: float) -> float:
    """By formula: the lens is a Gaussian, a pixel averages over its width."""
    frequency = np.linspace(0.001, 0.5, 5000)
    contrast = np.exp(-2 * (math.pi * sigma_px * frequency) ** 2) * np.sinc(frequency)
    return float(frequency[np.argmax(contrast < 0.5)])


@pytest.mark.parametrize("sigma_px", [0.5, 0.8, 1.2, 2.0, 3.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_slanted_edge_finds_the_sharpness_that_was_put_in(sigma_px: float, *, mirrored: bool) -> None:
    edge = blurred_edge(sigma_px)
    seen = measure_edge(edge[:, ::-1] if mirrored else edge)
    assert seen.mtf50 == pytest.approx(gaussian_mtf50(sigma_px), rel=0.02)


def test_noise_hardly_moves_the_sharpness() -> None:
    noisy = blurred_edge(1.0) + np.random.default_rng(1).normal(0, 3, (120, 160))
    assert measure_edge(noisy).mtf50 == pytest.approx(gaussian_mtf50(1.0), rel=0.06)


def test_a_dead_and_a_hot_pixel_beside_a_blurred_edge_are_not_taken_for_the_edge() -> None:
    clean = blurred_edge(2.4)
    spotted = clean.copy()
    spotted[20, 120], spotted[70, 30] = 0, 255
    assert measure_edge(spotted).mtf50 == pytest.approx(measure_edge(clean).mtf50, abs=0.003)
    assert measure_edge(spotted).mtf50 < 0.1


@pytest.mark.parametrize(
    ("picture", "why"),
    [(np.full((60, 80), 90.0), "differ by 0"), (blurred_edge(1.0, slant=0.0), "upright")],
)
def test_a_picture_without_a_slanted_edge_is_refused(picture: np.ndarray, why: str) -> None:
    with pytest.raises(NoEdge, match=why):
        measure_edge(picture)


def frames(level: float, sigma: float, *spots: tuple[int, int, int]) -> list[np.ndarray]:
    draw = np.random.default_rng(3)
    made = []
    for _ in range(6):
        grey = np.clip(draw.normal(level, sigma, (60, 80)), 0, 255)
        for row, column, value in spots:
            grey[row, column] = value
        made.append(np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2))
    return made


def test_noise_is_what_was_put_in() -> None:
    assert noise(frames(118, 4.0)) == pytest.approx(4.0, rel=0.05)


def test_hot_and_dead_pixels_are_counted_one_by_one() -> None:
    assert hot_pixels(frames(10, 2, (5, 5, 200), (30, 40, 120))) == 2
    assert dead_pixels(frames(118, 2, (5, 5, 0), (30, 40, 20), (40, 60, 118))) == 2


@pytest.mark.parametrize("distortion", [-0.05, 0.0, 0.03])
def test_distortion_is_what_was_put_in(distortion: float) -> None:
    picture = (235 * project(Picture.GRID, blur_px=0.7, distortion=distortion)).astype(np.uint8)
    # A dot at radius r (1 in the corner) is seen at the R with R (1 - distortion R^2) = r. On a picture of 4:3 the
    # innermost dots lie at 0.213 across and 0.24 along, the corners of the grid at 0.8.
    far, across, along = (seen_at(radius, distortion) / radius for radius in (0.8, 0.2133, 0.24))
    expected = 100 * (far * math.hypot(0.64, 0.48) / math.hypot(0.64 * across, 0.48 * along) - 1)
    assert distortion_percent(picture, columns=GRID_COLUMNS, rows=GRID_ROWS) == pytest.approx(expected, abs=0.15)


def seen_at(radius: float, distortion: float) -> float:
    seen = radius
    for _ in range(20):
        seen = radius / (1 - distortion * seen**2)
    return seen


def test_a_percentile_knows_how_sure_it_is() -> None:
    value, uncertainty = percentile([float(each) for each in range(101)], 0.5)
    assert value == 50
    assert uncertainty == pytest.approx(10, abs=1)
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


def test_the_wilson_interval_of_all_hits_is_not_zero() -> None:
    value, uncertainty = share_percent(40, 40)
    assert value == 100
    assert uncertainty == pytest.approx(4.38, abs=0.01)
    with pytest.raises(ValueError, match="no tries"):
        share_percent(0, 0)


def test_mean_and_slope_are_those_of_the_book() -> None:
    value, uncertainty = mean([1.0, 2.0, 3.0])
    assert value == 2
    assert uncertainty == pytest.approx(1.959964 / math.sqrt(3))
    assert mean([4.0]) == (4.0, math.inf)
    rise, spread = slope([0, 1, 2, 3], [1, 3, 5, 7])
    assert rise == pytest.approx(2)
    assert spread == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="three points"):
        slope([1, 1, 1], [1, 2, 3])
