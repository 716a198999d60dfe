from __future__ import annotations

from collections.abc import Iterator

import pytest

from device.drivers.portrait import SandboxedPortraitDecoder


@pytest.fixture(scope="session")
def decoder() -> Iterator[SandboxedPortraitDecoder]:
    with SandboxedPortraitDecoder() as decoder:
        yield decoder
