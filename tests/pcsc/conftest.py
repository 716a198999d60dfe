from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.sim.pcscd import run_pcscd
from device.sim.vpcd import VpcdSlot

TOOL_S = 60


@pytest.fixture(scope="module")
def pcscd() -> Iterator[None]:
    """The one PC/SC service of the machine; without it these tests fail, they do not stand aside."""
    with run_pcscd():
        yield


@pytest.fixture
def slot(pcscd: None) -> Iterator[VpcdSlot]:  # noqa: ARG001  the service has to run
    slot = VpcdSlot()
    yield slot
    slot.close()


@pytest.fixture
def run_tool(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program of OpenSC, in English and with a home of its own."""

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TOOL_S, env=environment, cwd=tmp_path
        )

    return run
