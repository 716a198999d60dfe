"""The loudspeaker through ALSA: files of sentences, given portion by portion to a child process that plays them.

`aplay` is a child for the reason the camera is one: a sound device that hangs takes its caller with it, and a child can
be killed. It is also how speech is interrupted: what the child has not played is gone with it. So that little is
played that was to be taken back, portions are handed out no more than `LEAD_S` ahead of the clock.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import subprocess
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.panel.speech import PAUSE_S, RATE_HZ, Playing, file_name, turned
from device.ports.clock import Clock

log = logging.getLogger(__name__)

BUFFER_S = 0.1
"""Of the sound device: what may still be heard after the child is gone."""
LEAD_S = 0.15
"""More than the buffer, or playing would never begin."""
PORTION_S = 0.05
KILL_AFTER_S = 0.1
LATE_S = 2.0
"""A device that has not taken everything this long after it should have been heard is stuck."""
PROBE_S = 60.0
"""A silent loudspeaker is tried again this often, so that it is well again without waiting for a visitor."""


class AlsaVoice:
    """Speaks on a thread of its own; any thread may call `say` and `stop`. A context manager."""

    def __init__(
        self,
        files: Path,
        clock: Clock,
        *,
        device: str = "default",
        volume: Callable[[], int],
        player: str = "aplay",
    ) -> None:
        """`volume` (0 to 100) is asked whenever speaking begins."""
        self._files = files
        self._clock = clock
        self._volume = volume
        self._command = [player, "--quiet", f"--device={device}", "--file-type=raw", "--format=S16_LE", "--channels=1"]
        self._command += [f"--rate={RATE_HZ}", f"--buffer-time={int(BUFFER_S * 1e6)}", "-"]
        self._lock = threading.Lock()
        self._asked: tuple[bytes, ...] = ()
        """What was asked for since the voice last looked; empty bytes mean silence. Only the last counts."""
        self._playing: Playing | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._probe_s = -math.inf
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self.trouble: Fault | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        self._end_child()

    def say(self, sentences: tuple[str, ...], *, language: str) -> float:
        """Speak in place of what is being said; a sentence without a file is left out and logged."""
        pause = bytes(2 * int(PAUSE_S * RATE_HZ))
        pcm = pause.join(sound for text in sentences if (sound := self._load(file_name(language, text))))
        with self._lock:
            self._asked = (pcm,)
        self._wake.set()
        return len(pcm) / 2 / RATE_HZ

    def stop(self) -> None:
        """Fall silent."""
        with self._lock:
            self._asked = (b"",)
        self._wake.set()

    def pump(self) -> float:
        """Do what is due; return after how many seconds something is due again. The voice's own thread calls it."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            asked, self._asked = self._asked, ()
        if asked:
            self._end_child()
            if asked[-1]:
                self._begin(asked[-1], now_s)
        elif self._playing is None and self._due_for_probe(now_s):
            self._begin(bytes(2 * int(LEAD_S * RATE_HZ)), now_s)
        if self._playing is not None and self._child is not None:
            return self._go_on(self._playing, self._child, now_s)
        return max(0.0, self._probe_s - now_s) if self._due_for_probe(math.inf) else math.inf

    @property
    def is_playing(self) -> bool:
        """The player has not come to an end."""
        return self._playing is not None

    def _run(self) -> None:
        while not self._stopped:
            self._wake.clear()
            wait_s = self.pump()
            self._wake.wait(None if wait_s == math.inf else wait_s)

    def _due_for_probe(self, now_s: float) -> bool:
        return (self.trouble is not None or self._probe_s == -math.inf) and now_s >= self._probe_s

    def _begin(self, pcm: bytes, now_s: float) -> None:
        self._probe_s = now_s + PROBE_S
        try:
            child = subprocess.Popen(  # noqa: S603  the configuration's device, no shell
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        except OSError as error:
            self._fail(f"{self._command[0]}: {error.strerror}; install alsa-utils")
            return
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
        self._child = child
        self._playing = Playing(turned(pcm, self._volume()), now_s, LEAD_S)

    def _go_on(self, playing: Playing, child: subprocess.Popen[bytes], now_s: float) -> float:
        if child.poll() is not None:
            self._ended(playing, child)
            return 0.0 if self.trouble is None else PROBE_S
        try:
            self._hand_out(playing, child, now_s)
        except BlockingIOError:
            self._fail("the sound device takes nothing")
        except OSError:  # the child is gone; its own words come at the next look
            return PORTION_S
        if now_s > playing.ends_s + LATE_S:
            self._fail("the sound device does not come to an end")
        return PORTION_S

    @staticmethod
    def _hand_out(playing: Playing, child: subprocess.Popen[bytes], now_s: float) -> None:
        if child.stdin is None or child.stdin.closed:
            return
        portion = playing.due(now_s)
        while portion:
            portion = portion[os.write(child.stdin.fileno(), portion) :]
        if playing.all_handed:
            child.stdin.close()

    def _ended(self, playing: Playing, child: subprocess.Popen[bytes]) -> None:
        words = child.stderr.read().decode(errors="replace").strip() if child.stderr else ""
        finished = child.returncode == 0 and playing.all_handed
        self._end_child()
        if finished:
            self.trouble = None
        else:
            self._fail(words.splitlines()[-1] if words else f"the player ended with {child.returncode}")

    def _fail(self, why: str) -> None:
        self._end_child()
        if self.trouble is None:
            log.warning("no voice: %s", why)
        self.trouble = Fault(f"no voice: {why}", part="voice", reason=Reason.VOICE_FAULT)

    def _end_child(self) -> None:
        child, self._child, self._playing = self._child, None, None
        if child is None:
            return
        child.terminate()
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()  # aplay notices the signal when its read ends
        try:
            child.wait(KILL_AFTER_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stderr is not None:
            child.stderr.close()

    def _load(self, name: str) -> bytes:
        try:
            with wave.open(str(self._files / name)) as file:
                if (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ):
                    return bytes(file.readframes(file.getnframes()))
                why = "another format"
        except (OSError, EOFError, wave.Error) as error:
            why = str(error)
        log.error("voice file %s: %s; `make voice` makes it anew", name, why)
        return b""
