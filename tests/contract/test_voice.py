"""What every voice promises: remembered, printed, played by the real player on a sound device that is a file."""

from __future__ import annotations

import io
import select
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from device.domain.reasons import Reason
from device.drivers.alsa_voice import AlsaVoice
from device.drivers.console import ConsoleVoice
from device.panel.speech import RATE_HZ, file_name
from device.ports.panel import Voice
from device.sim.clock import SimulatedClock
from device.sim.panel import RecordingVoice

SHORT, LONG, UNKNOWN = "はい。", "カードをお取りください。", "録音のない文です。"
SECONDS = {SHORT: 0.2, LONG: 0.6}
LOOKS = 3000
"""Of 10 ms: only a test that fails looks as often."""


class VoiceStage(Protocol):
    """A voice, and ears."""

    voice: Voice
    short: str
    long: str
    """Two sentences in Japanese that it can say, the second the longer one."""

    def is_heard(self) -> bool:
        """Tell whether something is heard now, or was since the last time; waits for it for a while."""

    def is_silent(self) -> bool:
        """Tell whether nothing is heard any more; waits for that for a while."""


class MemoryVoice:
    short, long = SHORT, LONG

    def __init__(self) -> None:
        self._recorded = RecordingVoice(SimulatedClock(), seconds_per_character=0.2)
        self.voice: Voice = self._recorded
        self._heard = 0

    def is_heard(self) -> bool:
        before, self._heard = self._heard, len(self._recorded.said)
        return self._heard > before

    def is_silent(self) -> bool:
        return not self.is_heard()


class PrintedVoice:
    short, long = SHORT, LONG

    def __init__(self) -> None:
        self._paper = io.StringIO()
        self.voice: Voice = ConsoleVoice(self._paper)
        self._read = 0

    def is_heard(self) -> bool:
        before, self._read = self._read, len(self._paper.getvalue())
        return self._read > before

    def is_silent(self) -> bool:
        return not self.is_heard()


class PlayedVoice:
    """The driver on its own thread, on the test's clock, with a sound device that writes what it gets to a file."""

    short, long = SHORT, LONG

    def __init__(self, voice: AlsaVoice, clock: SimulatedClock, device: Path) -> None:
        self.voice: Voice = voice
        self._played = voice
        self._clock = clock
        self._device = device

    def is_heard(self) -> bool:
        return self._until(lambda: self._device.exists() and bool(np.fromfile(self._device, "<i2").any()))

    def is_silent(self) -> bool:
        silent = self._until(lambda: not self._played.is_playing)
        self._device.unlink(missing_ok=True)  # what it holds was heard before
        return silent

    def _until(self, true: Callable[[], bool]) -> bool:
        for _ in range(LOOKS):
            if true():
                return True
            self._clock.advance(0.01)
            select.select([], [], [], 0.01)
        return False


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    for text, seconds in SECONDS.items():
        with wave.open(str(tmp_path / file_name("ja", text)), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(np.full(int(seconds * RATE_HZ), 1000, dtype="<i2").tobytes())
    return tmp_path


@pytest.fixture
def memory_voice() -> VoiceStage:
    return MemoryVoice()


@pytest.fixture
def printed_voice() -> VoiceStage:
    return PrintedVoice()


@pytest.fixture
def alsa_voice(recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VoiceStage]:
    heard = tmp_path / "heard.raw"
    configuration = tmp_path / "asound.conf"
    configuration.write_text(
        f'pcm.nothing {{ type null }}\npcm.speaker {{ type file slave.pcm "nothing" file "{heard}" format "raw" }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(configuration))
    clock = SimulatedClock()
    with AlsaVoice(recordings, clock, device="speaker", volume=lambda: 100) as voice:
        stage = PlayedVoice(voice, clock, heard)
        assert stage.is_silent(), "the driver has looked whether there is a loudspeaker"
        yield stage


@pytest.fixture(params=["memory", "printed", "alsa"])
def voice_stage(request: pytest.FixtureRequest) -> VoiceStage:
    chosen: VoiceStage = request.getfixturevalue(f"{request.param}_voice")
    return chosen


def test_a_sentence_is_heard_and_how_long_it_takes_is_known_beforehand(voice_stage: VoiceStage) -> None:
    seconds = voice_stage.voice.say((voice_stage.long,), language="ja")
    assert 0.0 <= seconds < 60.0
    assert voice_stage.is_heard()
    assert voice_stage.voice.trouble is None


def test_more_takes_no_less_time(voice_stage: VoiceStage) -> None:
    voice, short, long = voice_stage.voice, voice_stage.short, voice_stage.long
    assert voice.say((short,), language="ja") <= voice.say((long,), language="ja")
    assert voice.say((long,), language="ja") <= voice.say((short, long), language="ja")
    voice.stop()


def test_silence_may_be_asked_for_at_any_time_and_twice(voice_stage: VoiceStage) -> None:
    voice_stage.voice.stop()
    voice_stage.voice.say((voice_stage.long,), language="ja")
    assert voice_stage.is_heard()
    voice_stage.voice.stop()
    voice_stage.voice.stop()
    assert voice_stage.is_silent()
    assert voice_stage.voice.trouble is None


def test_after_a_silence_it_speaks_again(voice_stage: VoiceStage) -> None:
    for sentence in (voice_stage.long, voice_stage.short):
        voice_stage.voice.say((sentence,), language="ja")
        assert voice_stage.is_heard()
        voice_stage.voice.stop()
        assert voice_stage.is_silent()


def test_what_it_cannot_say_costs_nobody_the_rest(voice_stage: VoiceStage) -> None:
    assert voice_stage.voice.say((), language="ja") == 0.0
    voice_stage.voice.say((UNKNOWN, voice_stage.short), language="ja")
    assert voice_stage.is_heard()
    assert voice_stage.voice.trouble is None


@pytest.mark.parametrize("fault", ["no player", "no loudspeaker"])
def test_a_voice_that_nobody_hears_says_so_and_the_visit_s_times_hold(
    recordings: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    (recordings / "asound.conf").write_text("pcm.nothing { type null }\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(recordings / "asound.conf"))
    player = "aplay-is-not-here" if fault == "no player" else "aplay"
    clock = SimulatedClock()
    with AlsaVoice(recordings, clock, device="elsewhere", volume=lambda: 100, player=player) as voice:
        assert voice.say((LONG,), language="ja") == pytest.approx(SECONDS[LONG], abs=0.01)
        for _ in range(LOOKS):
            if voice.trouble is not None:
                break
            clock.advance(0.01)
            select.select([], [], [], 0.01)
        assert voice.trouble is not None
        assert voice.trouble.reason is Reason.VOICE_FAULT
        voice.stop()
        assert voice.say((SHORT,), language="ja") == pytest.approx(SECONDS[SHORT], abs=0.01)
