"""Every hostile picture of `fuzz/portraits.py`: nothing falls over, nothing hangs, and what comes out is sane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.drivers.portrait import SandboxedPortraitDecoder

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())
HONEST = {"honest-grey.j2k", "honest-grey.jp2", "honest-colour.j2k"}
REFUSED_BY_HEADER = (
    "width-",
    "height-",
    "starts-",
    "tile-width-0",
    "tile-begins",
    "components-",
    "depth-38",
    "no-size",
    "box-of-",
)


def test_the_corpus_is_there() -> None:
    assert {file.name for file in CORPUS} >= HONEST
    assert len(CORPUS) > 100


@pytest.mark.parametrize("file", CORPUS, ids=[file.name for file in CORPUS])
def test_a_hostile_picture_is_unreadable_or_a_sane_picture(file: Path, decoder: SandboxedPortraitDecoder) -> None:
    try:
        pixels = decoder.decode(file.read_bytes())
    except FaceError as error:
        pixels, reason = None, error.reason

    if pixels is None:
        assert reason is Reason.PORTRAIT_UNREADABLE
        assert file.name not in HONEST
    else:
        assert not file.name.startswith(REFUSED_BY_HEADER)
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3
        assert max(pixels.shape) <= 1_000
