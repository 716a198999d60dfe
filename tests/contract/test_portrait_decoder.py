"""What every decoder of portraits promises: the sandbox's child process, and the stage's own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pytest
from PIL import Image

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.drivers.portrait import SandboxedPortraitDecoder
from device.ports.network import PortraitDecoder
from device.sim.staged import StagedDecoder, staged_portrait


class DecoderStage(Protocol):
    """A decoder, and a portrait that it opens."""

    decoder: PortraitDecoder
    good: bytes


class SandboxStage:
    def __init__(self, decoder: SandboxedPortraitDecoder) -> None:
        self.decoder: PortraitDecoder = decoder
        ramp = np.add.outer(np.arange(120) * 3, np.arange(90) * 2).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(ramp).save(file, format="JPEG2000")
        self.good = file.getvalue()


class StagedStage:
    def __init__(self) -> None:
        self.decoder: PortraitDecoder = StagedDecoder()
        self.good = staged_portrait()


@pytest.fixture
def sandbox_decoder() -> Iterator[DecoderStage]:
    with SandboxedPortraitDecoder() as decoder:
        yield SandboxStage(decoder)


@pytest.fixture
def staged_decoder() -> DecoderStage:
    return StagedStage()


@pytest.fixture(params=["sandbox", "staged"])
def decoder_stage(request: pytest.FixtureRequest) -> DecoderStage:
    chosen: DecoderStage = request.getfixturevalue(f"{request.param}_decoder")
    return chosen


def test_a_portrait_is_a_colour_picture_of_bytes(decoder_stage: DecoderStage) -> None:
    picture = decoder_stage.decoder.decode(decoder_stage.good)
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert picture.any()


def test_the_same_portrait_is_the_same_picture_and_each_is_its_owners(decoder_stage: DecoderStage) -> None:
    first = decoder_stage.decoder.decode(decoder_stage.good)
    again = decoder_stage.decoder.decode(bytearray(decoder_stage.good))
    assert np.array_equal(first, again)
    first.fill(0)
    assert again.any()


def test_a_buffer_stays_its_owners(decoder_stage: DecoderStage) -> None:
    buffer = bytearray(decoder_stage.good)
    decoder_stage.decoder.decode(buffer)
    assert buffer == decoder_stage.good
    buffer.clear()  # nobody holds on to it


def test_anything_else_is_unreadable_and_the_next_portrait_is_read(decoder_stage: DecoderStage) -> None:
    for broken in (b"", b"\0", decoder_stage.good[:20], bytes(5000), b"no picture at all" * 99):
        with pytest.raises(FaceError) as unreadable:
            decoder_stage.decoder.decode(broken)
        assert unreadable.value.reason is Reason.PORTRAIT_UNREADABLE
    assert decoder_stage.decoder.decode(decoder_stage.good).any()
