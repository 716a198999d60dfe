"""Free speech engines as programs: a sentence in, samples out. For making the voice's files, never during a visit."""

from __future__ import annotations

import io
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.panel.speech import Samples

ENGINE_TIMEOUT_S = 60.0


def open_jtalk(text: str, *, dictionary: str, voice: Path, speed: float) -> tuple[Samples, int]:
    """Speak Japanese. Return samples and their rate in Hz. Raise Fault(VOICE_FAULT) where the engine cannot."""
    with tempfile.TemporaryDirectory(prefix="uketsuke-voice-") as folder:
        said = Path(folder) / "said.wav"
        _run(["open_jtalk", "-x", dictionary, "-m", str(voice), "-r", str(speed), "-ow", str(said)], text)
        return _samples(said.read_bytes())


def espeak_ng(text: str, *, voice: str, words_per_minute: int, pitch: int) -> tuple[Samples, int]:
    """Speak English. Return samples and their rate in Hz. Raise Fault(VOICE_FAULT) where the engine cannot."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "--stdin", "--stdout"]
    return _samples(_run(command, text))


def _run(command: list[str], text: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603  every word is ours or the recipe's
            command, input=text.encode(), capture_output=True, timeout=ENGINE_TIMEOUT_S, check=False
        )
    except FileNotFoundError as error:
        raise _fault(f"{command[0]} is not installed (`make setup` does it)") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _fault(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        raise _fault(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _samples(sound: bytes) -> tuple[Samples, int]:
    try:
        with wave.open(io.BytesIO(sound)) as file:
            # espeak-ng writes to a pipe before it knows the length, so the header's is not believed.
            frames = file.readframes(len(sound) // 2)
            rate_hz = file.getframerate()
    except (wave.Error, EOFError) as error:
        raise _fault(f"the speech engine gave no sound: {error}") from error
    return np.frombuffer(frames, dtype="<i2").astype(np.float64) / 32768.0, rate_hz


def _fault(message: str) -> Fault:
    return Fault(message, part="voice", reason=Reason.VOICE_FAULT)
