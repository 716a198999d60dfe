"""What a simulated unit is made of, in numbers: how its contacts bounce, how strong its field is, how sharp it sees.

Good units differ from one another, each by its own seed, within what parts of one batch differ; all of it is invented.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from device.panel.lamps import LAMPS


@dataclass(slots=True, kw_only=True)
class Physics:
    """One unit's numbers. A planted fault changes some of them."""

    seed: int = 0

    supply_v: float = 5.05
    sag_v: float = 0.1
    """Under load."""
    idle_c: float = 45.0
    rise_c: float = 18.0
    """Under load, after a long time; half of it after a minute."""

    field_strength: float = 1.0
    """Of the antenna: at half of it blocks are sent twice and cards are found at half the distance."""
    reads_one_of_two: bool = False
    metal_leaves_it_dead: bool = False

    bounce_s: tuple[float, float] = (0.004, 0.018)
    dropout: float = 0.0
    """Share of moments in which a held contact is open."""
    jammed_key: str = ""
    cut_row: int | None = None
    touching_rows: tuple[int, int] | None = None

    lamp_lx: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LAMPS, 120.0))
    lamp_wires: dict[str, str] = field(default_factory=dict)
    """Which lamp lights in place of the one that was told to."""
    buzzer_db: float = 72.0
    voice_db: float = 66.0

    blur_px: float = 0.7
    noise_grey: float = 1.2
    """At the sensor's own gain."""
    gain_limit: float = 12.0
    hot_pixels: int = 3
    dead_pixels: int = 0
    distortion: float = -0.012
    """How much further out the corner of the picture lies than it should, as a share."""
    frame_s: float = 1 / 15
    frame_loss: float = 0.0
    camera_latency_s: float = 0.09
    camera_dead: bool = False

    link_s: float = 0.004
    link_loss: float = 0.0
    clock_ppm: float = 5.0
    fsync_ms: float = 12.0
    life_used_percent: float = 1.0
    boot_s: float = 28.0
    bite_s: float = 22.0
    complaints: tuple[str, ...] = ()
    wrong_digests: tuple[str, ...] = ()


def good_unit(seed: int) -> Physics:
    """Return a unit without fault, as they come out of a box."""
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose

    def about(value: float, share: float = 0.05) -> float:
        return value * chance.gauss(1, share)

    return Physics(
        seed=seed,
        supply_v=about(5.06, 0.006),
        sag_v=about(0.1, 0.15),
        idle_c=about(44, 0.03),
        rise_c=about(18, 0.06),
        field_strength=about(1.0, 0.04),
        bounce_s=(0.004, min(0.021, about(0.016, 0.1))),
        lamp_lx={lamp: about(120, 0.08) for lamp in LAMPS},
        buzzer_db=chance.gauss(72, 1.2),
        voice_db=chance.gauss(66, 1.2),
        blur_px=about(0.7, 0.08),
        noise_grey=about(1.2, 0.08),
        hot_pixels=chance.randint(0, 5),
        dead_pixels=chance.choice((0, 0, 0, 0, 1)),
        distortion=chance.gauss(-0.012, 0.003),
        camera_latency_s=about(0.09, 0.06),
        link_s=about(0.004, 0.1),
        clock_ppm=chance.gauss(0, 10),
        fsync_ms=about(12, 0.1),
        life_used_percent=chance.choice((0.0, 1.0, 1.0)),
        boot_s=about(28, 0.06),
        bite_s=about(22, 0.02),
    )
