"""The machine that the bench runs on: flags, heat, clock, storage, line, doctor. What it cannot say it says so."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from device.app.assets.place import MODELS_DIR
from device.app.assets.store import Condition, check
from device.app.config import Config
from device.app.key_parts import tls_files
from device.drivers.paho_line import BrokerAddress
from hw.errors import CannotMeasure
from hw.unit.broker_trips import suback_times_ms
from hw.unit.port import PowerFlags
from hw.unit.sntp import offset_s

THERMAL: Final = Path("/sys/class/thermal/thermal_zone0/temp")
LIFE: Final = Path("/sys/block/mmcblk0/device/life_time")
SERVICE: Final = "uketsuke.service"
DOCTOR: Final = (sys.executable, "-c", "from device.app.cli import main; main()", "doctor")
DOCTOR_CODES: Final = (0, 1, 2)
"""Good, soon a problem, a problem."""
DOORS: Final = ("key", "hardening", "swap", "journal", "versions", "packages")
_UNDERVOLTAGE: Final = 1 << 0 | 1 << 16
_THROTTLED: Final = 0b1110 | 0b1110 << 16
PAGE_BYTES: Final = 4096
COMMAND_S: Final = 60.0
PERCENT_A_STEP: Final = 10


class LocalSystem:
    """A `System` by this machine's files and commands."""

    def __init__(self, file: Path, config: Config, time_server: str) -> None:
        self._file = file
        self._config = config
        self._time_server = time_server
        self._busy: list[multiprocessing.Process] = []

    @property
    def models(self) -> Path:
        """The folder with manifest and weights."""
        return Path(self._config.unit.models) if self._config.unit.models else MODELS_DIR

    def power_flags(self) -> PowerFlags:
        """Ask the board's firmware."""
        said = _command("vcgencmd", "get_throttled")
        match = re.fullmatch(r"throttled=0x([0-9a-fA-F]+)", said.strip())
        if match is None:
            raise CannotMeasure(f"vcgencmd says {said.strip()!r}")
        flags = int(match[1], 16)
        return PowerFlags(undervoltage=int(bool(flags & _UNDERVOLTAGE)), throttled=int(bool(flags & _THROTTLED)))

    def temperature_c(self) -> float:
        """Read the processor's thermal zone."""
        return float(_fact(THERMAL, "this board has no thermal zone")) / 1000

    def work_hard(self, *, on: bool) -> None:
        """Keep a process busy on every core."""
        for process in self._busy:
            process.terminate()
            process.join()
        self._busy = (
            [multiprocessing.Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 1)] if on else []
        )
        for process in self._busy:
            process.start()

    def clock_offset_s(self) -> float:
        """Ask the bench's time server."""
        if not self._time_server:
            raise CannotMeasure("station.toml names no time_server to compare the clock with")
        return offset_s(self._time_server)

    def fsync_ms(self, times: int) -> list[float]:
        """Write where the outbox lies."""
        with _scratch(self._config.unit.state) as file:
            taken = []
            for _ in range(times):
                began_s = time.monotonic()
                os.pwrite(file, os.urandom(PAGE_BYTES), 0)
                os.fsync(file)
                taken.append(1000 * (time.monotonic() - began_s))
            return taken

    def storage_life_used_percent(self) -> float:
        """Read what an eMMC says of itself, in steps of ten percent."""
        return PERCENT_A_STEP * (int(_fact(LIFE, "this storage does not tell its wear").split()[0], 16) - 1)

    def boot_ready_s(self) -> float:
        """Ask systemd when the unit's service was ready, counted from the kernel's start."""
        said = _command("systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", "--value", SERVICE).strip()
        if not said.isdigit() or said == "0":
            raise CannotMeasure(f"{SERVICE} was not ready since the machine started")
        return int(said) / 1e6

    def watchdog_bite_s(self) -> float:
        """Cannot be: the unit's program is stopped while the bench holds its parts."""
        raise CannotMeasure("the unit's program is stopped while the bench holds its parts: nothing hangs")

    def hardening_complaints(self) -> tuple[str, ...]:
        """Ask the doctor for what has to do with open doors; parts that the bench holds are not opened again."""
        only = [word for check in DOORS for word in ("--only", check)]
        said = _command(*DOCTOR, "--config", str(self._file), "--json", *only, well=DOCTOR_CODES)
        try:
            findings = json.loads(said)["findings"]
            return tuple(f"{each['what']['en']} {each['detail']}".strip() for each in findings)
        except (ValueError, KeyError, TypeError) as error:
            raise CannotMeasure(f"the doctor says {said[:80]!r}") from error

    def round_trips_ms(self, times: int) -> list[float | None]:
        """Subscribe again and again, and time the broker's answers: nobody else hears of it."""
        broker = self._config.broker
        files, address = tls_files(self._config), BrokerAddress(broker.host, broker.port)
        return suback_times_ms(address, files, self._config.unit_id, times)

    def wrong_digests(self) -> tuple[str, ...]:
        """Compare every required file with the manifest."""
        return tuple(
            state.name for state in check(self.models) if state.required and state.condition is not Condition.OK
        )


def read_fact(path: Path) -> str:
    """Return what a file of the kernel says, empty where it is not there."""
    try:
        return path.read_text(encoding="utf-8").strip("\0\n ")
    except OSError:
        return ""


def versions() -> dict[str, str]:
    """Return the versions of program and system."""
    return {"program": version("uketsuke"), "kernel": platform.release(), "python": sys.version.split()[0]}


def digests(config: Config) -> dict[str, str]:
    """Return SHA-256 of the weights' manifest."""
    models = Path(config.unit.models) if config.unit.models else MODELS_DIR
    try:
        return {"manifest": hashlib.sha256((models / "manifest.toml").read_bytes()).hexdigest()}
    except OSError:
        return {}


def _fact(path: Path, otherwise: str) -> str:
    said = read_fact(path)
    if not said:
        raise CannotMeasure(otherwise)
    return said


def _command(*words: str, well: tuple[int, ...] = (0,)) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_S, check=False)  # noqa: S603  ours
    except FileNotFoundError as error:
        raise CannotMeasure(f"{words[0]} is not on this machine") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotMeasure(f"{words[0]}: {error}") from error
    if done.returncode not in well:
        raise CannotMeasure(f"{words[0]} ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    return done.stdout


def _spin() -> None:
    while True:
        hashlib.sha256(bytes(1 << 16)).digest()


@contextmanager
def _scratch(folder: Path) -> Iterator[int]:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            yield file.fileno()
    except OSError as error:
        raise CannotMeasure(f"nothing can be written to {folder}: {error.strerror}") from error
