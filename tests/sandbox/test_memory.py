"""Freed memory is overwritten where the program was started with the settings, and it notices where it was not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from device.drivers.memory import SETTINGS

PATTERN = "bytes(range(1, 201))"
LOOK = (
    "import ctypes, sys, numpy as np\n"
    "from device.drivers import memory\n"
    f"pattern = {PATTERN}\n"
    "array = np.frombuffer(pattern, np.uint8).copy()\n"
    "address = array.ctypes.data\n"
    "del array\n"
    "kept = pattern[40:80] in ctypes.string_at(address, 200)\n"
    "memory.sweep()\n"
    "print(memory.is_overwritten(), kept, pattern[40:80] in ctypes.string_at(address, 200))\n"
)


def run(code: str, settings: dict[str, str]) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS} | settings
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_with_the_settings_freed_blocks_lose_their_content_and_the_sweep_reaches_numpys_own() -> None:
    overwritten, kept_by_numpy, kept_after_sweep = run(LOOK, SETTINGS).split()

    assert overwritten == "True"
    assert kept_by_numpy == "True", "numpy keeps small blocks: if not any more, the sweep can go"
    assert kept_after_sweep == "False"


@pytest.mark.parametrize("missing", SETTINGS)
def test_without_one_of_the_settings_it_is_noticed(missing: str) -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != missing}

    assert run(LOOK, settings).split()[0] == "False"


def test_a_program_starts_itself_again_with_the_settings_once_and_keeps_its_arguments() -> None:
    code = (
        "import os, sys\n"
        "from device.drivers import memory\n"
        "print('started', flush=True)\n"
        "memory.start_again_overwriting()\n"
        "print(memory.is_overwritten(), sys.argv[1:], os.environ['KEPT'])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS} | {"KEPT": "kept"}
    done = subprocess.run(
        [sys.executable, "-c", code, "one", "two words"], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["started", "started", "True ['one', 'two words'] kept"]
