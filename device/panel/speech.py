"""Speech as samples: made even when it is recorded, cut into portions and turned down when it is played."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
"""Mono, -1 to 1."""

RATE_HZ = 22_050
"""Of every file, mono, 16 bits."""
SILENCE = 0.005
"""-46 dBFS: below this at either end there is nothing to hear."""
EDGE_S = 0.03
"""Kept of the silence at either end, so that no sound is cut off."""
FRAME_S = 0.02
QUIETEST_DB = 40.0
"""Between volume 100 and volume 1; loudness is felt in steps of decibels, not of samples."""
PAUSE_S = 0.25
"""Between two sentences that are said one after the other."""


def file_name(language: str, text: str) -> str:
    """Return the name of the file that has this sentence."""
    return f"{language}-{hashlib.sha256(text.encode()).hexdigest()[:20]}.wav"


def resampled(samples: Samples, from_hz: int) -> Samples:
    """Return the same sound at RATE_HZ, band-limited."""
    if from_hz == RATE_HZ:
        return samples
    length = round(len(samples) * RATE_HZ / from_hz)
    spectrum = np.fft.rfft(samples)[: length // 2 + 1]
    return np.fft.irfft(spectrum, length) * (length / len(samples))


def trimmed(samples: Samples) -> Samples:
    """Return the sound without the silence before and after it."""
    (loud,) = np.nonzero(np.abs(samples) > SILENCE)
    if not len(loud):
        return samples[:0]
    edge = int(EDGE_S * RATE_HZ)
    return samples[max(0, loud[0] - edge) : loud[-1] + edge]


def speech_level(samples: Samples) -> float:
    """Return the mean level (0 to 1) of the frames in which somebody speaks."""
    size = int(FRAME_S * RATE_HZ)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    energy = (frames**2).mean(axis=1)
    active = energy[energy > SILENCE**2]
    return float(np.sqrt(active.mean())) if len(active) else 0.0


def levelled(samples: Samples, *, speech_dbfs: float, peak_dbfs: float) -> Samples:
    """Return the sound at the wanted mean level, or as near to it as its peaks allow."""
    level, peak = speech_level(samples), float(np.abs(samples).max(initial=0.0))
    if level == 0.0:
        return samples
    return samples * min(10 ** (speech_dbfs / 20) / level, 10 ** (peak_dbfs / 20) / peak)


def gain(volume: int) -> float:
    """Return the factor for a volume from 0 (silent) to 100 (as recorded)."""
    return 0.0 if volume <= 0 else 10 ** (-QUIETEST_DB * (1 - min(volume, 100) / 100) / 20)


def turned(pcm: bytes, volume: int) -> bytes:
    """Return 16-bit samples at this volume."""
    return (np.frombuffer(pcm, dtype="<i2") * gain(volume)).astype("<i2").tobytes()


@dataclass(slots=True)
class Playing:
    """What is being said: portions are handed out no further ahead of the clock than can be taken back in time."""

    pcm: bytes
    """16-bit mono at RATE_HZ."""
    began_s: float
    lead_s: float
    """How far ahead of the clock."""
    handed: int = 0
    """Bytes that were handed out."""

    @property
    def ends_s(self) -> float:
        """When the last sample has been heard."""
        return self.began_s + len(self.pcm) / 2 / RATE_HZ

    @property
    def all_handed(self) -> bool:
        """Nothing is left to hand out."""
        return self.handed >= len(self.pcm)

    def due(self, now_s: float) -> bytes:
        """Return what has to be handed out by now."""
        wanted = 2 * int((now_s - self.began_s + self.lead_s) * RATE_HZ)
        portion = self.pcm[self.handed : max(self.handed, wanted)]
        self.handed += len(portion)
        return portion
