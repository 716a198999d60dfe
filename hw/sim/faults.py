"""Units that are wrong in one way each: the bench has to catch every one, in the right phase, in the right words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from device.panel.lamps import LAMPS
from device.wire.texts import Text
from hw.sim.physics import Physics, good_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFault:
    """One way to be wrong."""

    name: str
    title: Text
    numbers: Mapping[str, object]
    """What differs from a good unit."""
    phase: str
    """The first that has to fail."""
    words: str
    """Part of what it has to say."""

    def unit(self, seed: int) -> Physics:
        """Return a good unit with this fault."""
        physics = good_unit(seed)
        for name, value in self.numbers.items():
            setattr(physics, name, value(getattr(physics, name)) if callable(value) else value)
        return physics


def _fault(name: str, ja: str, en: str, phase: str, words: str, **numbers: object) -> PlantedFault:
    return PlantedFault(name=name, title=Text(ja=ja, en=en), numbers=numbers, phase=phase, words=words)


def _with(lamp: str, lx: float) -> Callable[[dict[str, float]], dict[str, float]]:
    return lambda lamps: {**lamps, lamp: lx}


_FIRST, _SECOND, _THIRD = LAMPS[0], LAMPS[1], LAMPS[2]

FAULTS: tuple[PlantedFault, ...] = (
    _fault(
        "wrong_digest",
        "モデルの取り違え",
        "wrong weights",
        "models",
        "not the manifest's: embedder",
        wrong_digests=("embedder",),
    ),
    _fault(
        "slow_link",
        "通信の遅れ(+50ミリ秒)",
        "+50 ms on the link",
        "link",
        "round trip to the broker, median is",
        link_s=lambda seconds: seconds + 0.05,
    ),
    _fault("lossy_link", "通信の欠落(5%)", "5 % of messages lost", "link", "messages lost is", link_loss=0.05),
    _fault(
        "slow_storage", "遅い記憶装置", "slow storage", "storage", "time to have a write on the disk", fsync_ms=80.0
    ),
    _fault(
        "worn_storage",
        "使い古したカード",
        "worn storage card",
        "storage",
        "life of the storage used up is 60 %",
        life_used_percent=60.0,
    ),
    _fault(
        "weak_antenna",
        "弱いアンテナ(時間が倍)",
        "weak antenna, twice the time",
        "nfc",
        "reading 256 bytes, median is",
        field_strength=0.5,
    ),
    _fault(
        "short_reach",
        "短い認識距離",
        "cards found at 5 mm only",
        "nfc",
        "distance at which a card is found is",
        field_strength=lambda strength: strength * 0.36,
    ),
    _fault(
        "reads_one_of_two",
        "2枚重ねを読む",
        "reads one of two cards",
        "nfc",
        "one of two cards answered",
        reads_one_of_two=True,
    ),
    _fault(
        "stunned_by_metal",
        "金属で固まる",
        "dead after metal",
        "nfc",
        "activated after metal lay beside them is 0",
        metal_leaves_it_dead=True,
    ),
    _fault("cut_row", "行の断線", "a row cut", "keypad", "row 2 is dead (4 5 6)", cut_row=1),
    _fault("jammed_key", "押されたままのキー", "a key that sticks", "keypad", "down by itself: 5", jammed_key="5"),
    _fault("touching_rows", "行の短絡", "two rows touching", "keypad", "seen together: 1 with 4", touching_rows=(0, 1)),
    _fault(
        "bounce",
        "40ミリ秒のチャタリング",
        "bounce of 40 ms",
        "keypad",
        "longest bounce of a key is",
        bounce_s=(0.03, 0.04),
    ),
    _fault(
        "worn_contacts",
        "接点の摩耗",
        "worn contacts",
        "keypad",
        "scans without contact while a key is held is",
        dropout=0.06,
    ),
    _fault("dim_lamp", "暗いランプ", "a dim lamp", "lamps", f"(lamp {_SECOND})", lamp_lx=_with(_SECOND, 38.0)),
    _fault(
        "dark_lamp",
        "つかないランプ",
        "a dark lamp",
        "lamps",
        f"{_THIRD} was told to light and nothing did",
        lamp_lx=_with(_THIRD, 0.0),
    ),
    _fault(
        "swapped_lamps",
        "ランプの入れ違い",
        "two lamps swapped",
        "lamps",
        f"{_FIRST} was told to light and {_SECOND} did",
        lamp_wires={_FIRST: _SECOND, _SECOND: _FIRST},
    ),
    _fault("quiet_speaker", "小さい音声", "quiet loudspeaker", "sound", "voice at 0.5 m is", voice_db=53.0),
    _fault("dead_buzzer", "鳴らないブザー", "dead buzzer", "sound", "sounds that were not heard is 1", buzzer_db=0.0),
    _fault("out_of_focus", "ピントずれ", "camera out of focus", "camera", "sharpness, MTF50 is", blur_px=2.4),
    _fault("hot_pixels", "輝点", "hot pixels", "camera", "hot pixels is 60", hot_pixels=60),
    _fault("dead_pixels", "暗点", "dead pixels", "camera", "dead pixels is 12", dead_pixels=12),
    _fault("frame_loss", "フレームの欠落(1%)", "1 % of frames lost", "camera", "frames lost is", frame_loss=0.01),
    _fault("noisy_sensor", "ノイズの多いセンサー", "noisy sensor", "camera", "noise in dim light is", noise_grey=4.5),
    _fault(
        "blind_in_the_dim",
        "暗所に弱いセンサー",
        "too little gain",
        "camera",
        "grey card in dim light is",
        gain_limit=2.5,
    ),
    _fault("bent_lens", "ゆがんだレンズ", "bent lens", "camera", "distortion at the edge is", distortion=-0.11),
    _fault("slow_camera", "撮影の遅れ", "slow camera", "camera", "from light to frame is", camera_latency_s=0.35),
    _fault("dead_camera", "写らないカメラ", "dead camera", "camera", "no frame within 3 s", camera_dead=True),
    _fault(
        "sagging_supply",
        "電源の電圧低下",
        "sagging supply",
        "power",
        "under-voltage events is 1",
        supply_v=4.75,
        sag_v=0.2,
    ),
    _fault("no_heat_sink", "放熱板なし", "no heat sink", "power", "highest temperature under load is", rise_c=48.0),
    _fault("slow_clock", "遅れる時計", "slow clock", "clock", "drift of the clock is -1", clock_ppm=-150.0),
    _fault(
        "open_door",
        "保護設定の不備",
        "open door",
        "hardening",
        "complaints about the hardening is 1",
        complaints=("a password opens ssh",),
    ),
    _fault(
        "no_watchdog", "働かない番犬タイマー", "no watchdog", "watchdog", "from a hang to the restart is", bite_s=900.0
    ),
    _fault("slow_start", "遅い起動", "slow start", "start", "from power to ready is", boot_s=95.0),
)
