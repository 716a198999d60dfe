"""What years in a wallet do to a card: print fades in patches, the laminate gets scratched and hazy."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from device.ports.camera import Picture
from device.sim.card_front_pictures.printing import PrintedCard

MOST_SCRATCHES = 14
MOST_FADING = 0.6
MOST_HAZE = 0.25
HAZE_LEVEL = 225

Share = npt.NDArray[np.float32]
"""Height x width x 1, from 0 to 1."""


def wear(card: PrintedCard, severity: float, chance: np.random.Generator) -> PrintedCard:
    """Return the card after `severity` (0 to 1) of wear. Ink fades towards the paper; scratches are thin and pale.

    Print that is rubbed off so that whole strokes are missing is not modelled: an 8 without its left half is a 3 to
    every reader.
    """
    height, width = card.ink.shape[:2]
    fading = severity * MOST_FADING * chance.uniform(0, 1) * _patches(chance, height, width)
    fading = np.maximum(fading, _scratches(chance, height, width, severity))
    haze = float(severity * MOST_HAZE * chance.uniform(0, 1))
    ink, paper = (_hazy(side, haze) for side in (_between(card.ink, card.paper, fading), card.paper))
    return PrintedCard(ink=ink, paper=paper, boxes=card.boxes)


def _patches(chance: np.random.Generator, height: int, width: int) -> Share:
    rough = chance.uniform(0, 1, (5, 8)).astype(np.float32)
    return np.asarray(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)[..., None]


def _scratches(chance: np.random.Generator, height: int, width: int, severity: float) -> Share:
    drawn = np.zeros((height, width), np.uint8)
    for _ in range(int(severity * chance.uniform(0, MOST_SCRATCHES))):
        start = chance.uniform((0, 0), (width, height))
        angle, length = chance.uniform(0, np.pi), chance.uniform(100, 900)
        end = start + length * np.array([np.cos(angle), np.sin(angle)])
        depth = int(chance.uniform(60, 220))
        cv2.line(drawn, start.astype(int).tolist(), end.astype(int).tolist(), depth, 1, cv2.LINE_AA)
    return np.asarray(drawn[..., None] / np.float32(255), np.float32)


def _between(ink: Picture, paper: Picture, share: Share) -> Picture:
    return np.asarray(ink + (paper.astype(np.float32) - ink) * np.clip(share, 0, 1), np.uint8)


def _hazy(side: Picture, haze: float) -> Picture:
    return np.asarray(cv2.addWeighted(side, 1 - haze, side, 0, HAZE_LEVEL * haze), np.uint8)
