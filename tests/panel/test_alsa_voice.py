"""The loudspeaker's driver with the real player and the real ALSA, whose sound device here is a file."""

from __future__ import annotations

import os
import select
import stat
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from device.drivers.alsa_voice import LEAD_S, PROBE_S, AlsaVoice
from device.panel.speech import PAUSE_S, RATE_HZ, file_name
from device.sim.clock import SimulatedClock

BOUND_S = 0.2
"""How soon the voice has to fall silent."""
PERIOD_S = 0.05
"""The player fills its last portion up with silence."""
LONG = "ながい。"
SHORT = "はい。"
SECONDS = {LONG: 3.0, SHORT: 0.5}


class Listener:
    """A voice without its thread, on the test's clock; what the sound device got is in a file."""

    def __init__(self, voice: AlsaVoice, clock: SimulatedClock, heard: Path) -> None:
        self.voice = voice
        self.clock = clock
        self._heard = heard

    def listen(self, seconds: float) -> None:
        """Let our clock pass, but no faster than the player, a real process, takes what it is given."""
        began_s = self.clock.monotonic_s()
        while (passed_s := self.clock.monotonic_s() - began_s) < seconds:
            self.voice.pump()
            self._until_taken(passed_s)
            self.clock.advance(0.025)
        self.voice.pump()

    def _until_taken(self, seconds: float) -> None:
        for _ in range(500):
            if len(self.samples) / RATE_HZ >= seconds or self.voice.pump() > 1.0:
                return
            select.select([], [], [], 0.002)

    def until_done(self) -> None:
        """The player is a real process: it needs a moment to end, however fast our clock runs."""
        for _ in range(2000):
            if self.voice.pump() > 1.0:
                return
            select.select([], [], [], 0.002)
        raise AssertionError("the player did not end")

    @property
    def samples(self) -> np.ndarray:
        return np.fromfile(self._heard, dtype="<i2") if self._heard.exists() else np.zeros(0, dtype="<i2")


def write_sound(folder: Path, text: str, level: int) -> None:
    with wave.open(str(folder / file_name("ja", text)), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.full(int(SECONDS[text] * RATE_HZ), level, dtype="<i2").tobytes())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write_sound(tmp_path, LONG, 1000)
    write_sound(tmp_path, SHORT, 3000)
    return tmp_path


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ALSA of the test's own: its device writes what it is given to a file, as fast as it gets it."""
    path = tmp_path / "heard.raw"
    configuration = tmp_path / "asound.conf"
    configuration.write_text(
        f'pcm.nothing {{ type null }}\npcm.speaker {{ type file slave.pcm "nothing" file "{path}" format "raw" }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(configuration))
    return path


@pytest.fixture
def listener(files: Path, heard: Path, clock: SimulatedClock) -> Iterator[Listener]:
    voice = AlsaVoice(files, clock, device="speaker", volume=lambda: 100)
    yield Listener(voice, clock, heard)
    voice.__exit__(None, None, None)


def test_sentences_are_heard_whole_and_with_a_pause_between(listener: Listener) -> None:
    seconds = listener.voice.say((SHORT, LONG), language="ja")
    assert seconds == pytest.approx(3.5 + PAUSE_S, abs=0.001)

    listener.listen(seconds)
    listener.until_done()

    said = listener.samples
    assert len(said) == pytest.approx(seconds * RATE_HZ, abs=PERIOD_S * RATE_HZ)
    begin, end = int(0.5 * RATE_HZ), int((0.5 + PAUSE_S) * RATE_HZ)
    assert (said[:begin] == 3000).all()
    assert not said[begin:end].any()
    assert (said[end : int(seconds * RATE_HZ) - 1] == 1000).all()
    assert listener.voice.trouble is None


def test_no_more_is_handed_out_than_can_be_taken_back(listener: Listener) -> None:
    listener.voice.say((LONG,), language="ja")
    listener.listen(1.0)
    listener.voice.stop()
    listener.voice.pump()

    assert len(listener.samples) / RATE_HZ <= 1.0 + BOUND_S
    assert LEAD_S < BOUND_S
    assert len(listener.samples) / RATE_HZ >= 1.0 - PERIOD_S, "the player had taken what was due"
    at_the_stop = len(listener.samples)
    listener.listen(3.0)
    assert len(listener.samples) == at_the_stop, "and it stays silent"


def test_another_sentence_takes_the_place_of_the_one_that_is_said(listener: Listener) -> None:
    listener.voice.say((LONG,), language="ja")
    listener.listen(0.5)
    seconds = listener.voice.say((SHORT,), language="ja")
    listener.listen(seconds)
    listener.until_done()

    # The file begins anew with each player: the first sentence is not in it.
    assert set(listener.samples[: int(seconds * RATE_HZ)]) == {3000}


def test_of_sentences_asked_for_at_once_only_the_last_is_said(listener: Listener) -> None:
    listener.voice.say((LONG,), language="ja")
    listener.voice.say((SHORT,), language="ja")
    listener.listen(SECONDS[SHORT])
    listener.until_done()

    assert set(listener.samples[: int(SECONDS[SHORT] * RATE_HZ)]) == {3000}


@pytest.mark.parametrize(("volume", "factor"), [(100, 1.0), (50, 0.1), (0, 0.0)])
def test_the_volume_holds_from_the_next_sentence_on(
    files: Path, heard: Path, clock: SimulatedClock, volume: int, factor: float
) -> None:
    with_volume = Listener(AlsaVoice(files, clock, device="speaker", volume=lambda: volume), clock, heard)
    with_volume.voice.say((SHORT,), language="ja")
    with_volume.listen(SECONDS[SHORT])
    with_volume.until_done()

    assert with_volume.samples.max() == int(3000 * factor)


def test_a_sentence_without_a_file_is_left_out_and_the_others_are_said(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    assert listener.voice.say(("いいえ。", SHORT), language="ja") == SECONDS[SHORT]
    assert "make voice" in caplog.text
    assert listener.voice.say(("いいえ。",), language="ja") == 0.0


def test_a_file_of_another_format_is_not_played(listener: Listener, files: Path) -> None:
    with wave.open(str(files / file_name("ja", SHORT)), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(bytes(400))

    assert listener.voice.say((SHORT,), language="ja") == 0.0


# --- without a loudspeaker -------------------------------------------------------------------------------------------


def test_a_loudspeaker_that_is_not_there_is_known_before_the_first_visitor_and_tried_again(
    files: Path, heard: Path, clock: SimulatedClock
) -> None:
    listener = Listener(AlsaVoice(files, clock, device="elsewhere", volume=lambda: 100), clock, heard)
    listener.until_done()
    trouble = listener.voice.trouble
    assert trouble is not None
    assert "audio open error" in str(trouble)
    assert not heard.exists()

    assert listener.voice.say((SHORT,), language="ja") == SECONDS[SHORT], "the visit's timers hold all the same"
    listener.until_done()

    configuration = Path(os.environ["ALSA_CONFIG_PATH"])
    configuration.write_text(configuration.read_text(encoding="utf-8").replace("pcm.speaker", "pcm.elsewhere"))
    clock.advance(PROBE_S)
    listener.listen(LEAD_S)
    listener.until_done()
    assert listener.voice.trouble is None


def test_a_sound_device_that_hangs_is_given_up_and_its_player_killed(
    files: Path, clock: SimulatedClock, tmp_path: Path
) -> None:
    player = tmp_path / "player"
    player.write_text("#!/bin/sh\ntrap '' TERM\nexec 0<&-\nwhile :; do sleep 60; done\n")
    player.chmod(player.stat().st_mode | stat.S_IXUSR)
    voice = AlsaVoice(files, clock, volume=lambda: 100, player=str(player))
    voice.say((LONG,), language="ja")

    for _ in range(60):
        voice.pump()
        clock.advance(0.1)

    assert voice.trouble is not None
    assert voice.pump() > 1.0


def test_a_machine_without_the_player_says_what_to_install(files: Path, clock: SimulatedClock) -> None:
    voice = AlsaVoice(files, clock, volume=lambda: 100, player="aplay-is-not-here")
    voice.pump()

    assert "install alsa-utils" in str(voice.trouble)


def test_on_its_own_thread_it_speaks_and_ends_with_its_owner(files: Path, heard: Path, clock: SimulatedClock) -> None:
    with AlsaVoice(files, clock, device="speaker", volume=lambda: 100) as voice:
        voice.say((SHORT,), language="ja")
        for _ in range(400):
            clock.advance(0.05)
            if heard.exists() and heard.stat().st_size >= 2 * int(SECONDS[SHORT] * RATE_HZ):
                break
            select.select([], [], [], 0.005)

    samples = np.fromfile(heard, dtype="<i2")
    assert (samples[: int(SECONDS[SHORT] * RATE_HZ)] == 3000).all()
