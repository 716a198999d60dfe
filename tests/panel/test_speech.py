"""Speech as samples: levelled, turned down by the hour, handed out no further ahead than can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.certificate_window import JAPAN
from device.panel.loudness import From, volume_at
from device.panel.speech import (
    EDGE_S,
    RATE_HZ,
    Playing,
    Samples,
    file_name,
    gain,
    levelled,
    resampled,
    speech_level,
    trimmed,
    turned,
)

DAY = (From(time="07:00", volume=80), From(time="20:00", volume=30))


def tone(hertz: float, seconds: float, rate_hz: int = RATE_HZ, level: float = 0.5) -> Samples:
    return level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate_hz)) / rate_hz)


def test_another_rate_keeps_pitch_length_and_level() -> None:
    heard = resampled(tone(440, 1.0, rate_hz=48_000), 48_000)

    assert len(heard) == RATE_HZ
    assert np.argmax(np.abs(np.fft.rfft(heard))) == 440
    assert speech_level(heard) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    assert resampled(heard, RATE_HZ) is heard


def test_silence_before_and_after_is_left_out_and_no_sound_is_cut() -> None:
    silence = np.zeros(RATE_HZ)
    said = tone(440, 0.5)

    heard = trimmed(np.concatenate([silence, said, silence]))

    assert len(heard) / RATE_HZ == pytest.approx(0.5 + 2 * EDGE_S, abs=0.01)
    assert not len(trimmed(silence))


@settings(deadline=None)
@given(st.floats(0.02, 0.9))
def test_every_sentence_is_equally_loud_whatever_the_engine_gave(level: float) -> None:
    said = np.concatenate([tone(200, 0.5, level=level), np.zeros(RATE_HZ), tone(300, 0.5, level=level)])

    heard = levelled(said, speech_dbfs=-18.0, peak_dbfs=-1.0)

    assert 20 * np.log10(speech_level(heard)) == pytest.approx(-18.0, abs=0.1)


def test_a_peak_is_never_clipped() -> None:
    said = tone(200, 0.5, level=0.01)
    said[1000] = 0.9

    heard = levelled(said, speech_dbfs=-18.0, peak_dbfs=-1.0)

    assert np.abs(heard).max() == pytest.approx(10 ** (-1 / 20))
    assert not levelled(np.zeros(100), speech_dbfs=-18.0, peak_dbfs=-1.0).any()


def test_volume_is_felt_in_equal_steps_and_zero_is_silent() -> None:
    steps = [20 * np.log10(gain(volume)) for volume in (100, 75, 50, 25)]

    assert steps == pytest.approx([0, -10, -20, -30])
    assert gain(0) == 0
    assert turned(b"\x00\x40\x00\xc0", 100) == b"\x00\x40\x00\xc0"
    assert turned(b"\x00\x40\x00\xc0", 0) == bytes(4)


@pytest.mark.parametrize(
    ("clock_time", "volume"), [("06:59", 30), ("07:00", 80), ("12:00", 80), ("19:59", 80), ("20:00", 30), ("00:00", 30)]
)
def test_the_volume_goes_by_the_hour_in_japan(clock_time: str, volume: int) -> None:
    now = datetime.fromisoformat(f"2026-04-06T{clock_time}").replace(tzinfo=JAPAN).astimezone(UTC)

    assert volume_at(now, volume=55, by_hour=DAY) == volume
    assert volume_at(now, volume=55, by_hour=DAY[::-1]) == volume, "whatever the order of the entries"


def test_without_a_clock_that_can_be_trusted_or_without_hours_there_is_one_volume() -> None:
    assert volume_at(None, volume=55, by_hour=DAY) == 55
    assert volume_at(datetime(2026, 4, 6, tzinfo=UTC), volume=55, by_hour=()) == 55


@settings(deadline=None)
@given(st.lists(st.floats(0, 1.0, allow_subnormal=False), max_size=30), st.integers(1, 60_000))
def test_portions_are_the_whole_in_order_and_never_too_far_ahead(waits: list[float], samples: int) -> None:
    pcm = np.arange(samples, dtype="<u2").tobytes()
    playing, now_s, got = Playing(pcm, began_s=100.0, lead_s=0.15), 100.0, b""
    for wait_s in waits:
        now_s += wait_s
        got += playing.due(now_s)
        assert pcm.startswith(got)
        assert len(got) / 2 <= (now_s - 100.0 + 0.15) * RATE_HZ
    got += playing.due(playing.ends_s)

    assert got == pcm
    assert playing.all_handed


def test_a_file_is_found_by_its_sentence_and_language() -> None:
    names = {file_name(language, text) for language in ("ja", "en") for text in ("はい", "yes")}

    assert len(names) == 4
    assert all(name.endswith(".wav") and name.isascii() and "/" not in name for name in names)


def test_the_schedule_does_not_depend_on_the_day() -> None:
    noon = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
    assert {volume_at(noon + timedelta(days=days), volume=1, by_hour=DAY) for days in range(366)} == {80}
