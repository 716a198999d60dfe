"""The throw-away process that decodes one portrait from a card, and then ends.

Started by `portrait.py` as a program of its own, with three pipes and nothing else. The picture comes from a card that
may be an attacker's, and decoders of JPEG 2000 have a history. So before the first byte is read, everything but
computing is given up (`lockdown.py`), and before the decoder sees a byte, the codestream's own header has to be modest.
Whatever goes wrong, it ends without an answer and says nothing.

In: the file, to the end. Out: `READY` and one byte with the protections in force; then channels, width and height
(`HEADER`) and the pixels, blue first.
"""

from __future__ import annotations

import io
import os
import struct
import sys

from PIL import ImageFile, Jpeg2KImagePlugin

from device.drivers.lockdown import give_everything_up

READY = b"+"
HEADER = struct.Struct(">BHH")
LARGEST_FILE_BYTES = 65_536
LONGEST_SIDE_PX = 1_000
MOST_TILES = 64
MOST_COMPONENTS = 4
MOST_BITS = 8
MEMORY_BYTES = 256 * 1024 * 1024
PROCESSOR_S = 1.0

JP2_SIGNATURE = bytes.fromhex("0000000C6A5020200D0A870A")
START_OF_CODESTREAM_AND_SIZE = bytes.fromhex("FF4FFF51")
SIZE_SEGMENT = struct.Struct(">HH8IH")
"""Lsiz, Rsiz, Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz, Csiz (ISO/IEC 15444-1, A.5.1)."""
BOX = struct.Struct(">I4s")
LONG_BOX = struct.Struct(">Q")


REHEARSAL = bytes.fromhex(
    "FF4FFF510029000000000008000000080000000000000000000000080000000800000000000000000001070101"
    "FF52000C00000001000104040000FF5C000B42482457D357D35762"
    "FF90000A00000000002C0001FF93CFA478114F07B66B581BAA2673B39C6AFCE5C03E10E01C18221A01037DF8FFD9"
)
"""A picture of 8 x 8 grey pixels. Decoding it before the card's own spares the visitor 30 ms of first times."""


def main(processor_s: float = PROCESSOR_S) -> None:
    """Get ready, give everything up, decode standard input, write the pixels to standard output."""
    decode(REHEARSAL)
    in_force = give_everything_up(memory_bytes=MEMORY_BYTES, processor_s=processor_s)
    sys.stdout.buffer.write(READY + bytes([in_force]))
    sys.stdout.buffer.flush()
    data = sys.stdin.buffer.read(LARGEST_FILE_BYTES + 1)
    sys.stdout.buffer.write(decode(data))
    sys.stdout.buffer.flush()
    os._exit(0)  # taking an interpreter down in order takes longer than the decoding, and a visitor waits


def decode(data: bytes) -> bytes:
    """Return header and pixels. Raise whatever a bad file makes the decoder raise."""
    check_size(data)
    image: ImageFile.ImageFile = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(data))
    if max(image.size) > LONGEST_SIDE_PX:  # the container may say something else than the codestream
        raise ValueError("the container promises too large a picture")
    pixels = image.convert("L" if image.mode == "L" else "RGB")
    order = "L" if pixels.mode == "L" else "BGR"
    return HEADER.pack(len(pixels.getbands()), pixels.width, pixels.height) + pixels.tobytes("raw", order)


def check_size(data: bytes) -> tuple[int, int]:
    """Return width and height from the codestream's own header. Raise ValueError unless all of it is modest."""
    if len(data) > LARGEST_FILE_BYTES:
        raise ValueError("the file is too large")
    stream = _codestream(data)
    if not stream.startswith(START_OF_CODESTREAM_AND_SIZE):
        raise ValueError("no JPEG 2000 codestream")
    body = stream[len(START_OF_CODESTREAM_AND_SIZE) :]
    if len(body) < SIZE_SEGMENT.size:
        raise ValueError("the header is cut off")
    _, _, right, bottom, left, top, tile_width, tile_height, tile_left, tile_top, components = SIZE_SEGMENT.unpack(
        body[: SIZE_SEGMENT.size]
    )
    width, height = right - left, bottom - top
    if not (0 < width <= LONGEST_SIDE_PX and 0 < height <= LONGEST_SIDE_PX and max(left, top) <= LONGEST_SIDE_PX):
        raise ValueError("the picture is too large")
    if not (tile_width and tile_height and tile_left <= left and tile_top <= top):
        raise ValueError("the tiles make no sense")
    if -(-(right - tile_left) // tile_width) * -(-(bottom - tile_top) // tile_height) > MOST_TILES:
        raise ValueError("too many tiles")
    depths = body[SIZE_SEGMENT.size : SIZE_SEGMENT.size + 3 * components : 3]
    if not 0 < components <= MOST_COMPONENTS or len(depths) != components:
        raise ValueError("too many components")
    if any((depth & 0x7F) + 1 > MOST_BITS for depth in depths):
        raise ValueError("too many bits per component")
    return width, height


def _codestream(data: bytes) -> bytes:
    """Return the codestream: the file itself, or what the box `jp2c` of a JP2 file holds."""
    if not data.startswith(JP2_SIGNATURE):
        return data
    at = len(JP2_SIGNATURE)
    while at + BOX.size <= len(data):
        length, kind = BOX.unpack_from(data, at)
        start = at + BOX.size
        if length == 1 and start + LONG_BOX.size <= len(data):
            (length,) = LONG_BOX.unpack_from(data, start)
            start += LONG_BOX.size
        end = at + length if length else len(data)
        if end < start:
            break
        if kind == b"jp2c":
            return data[start:end]
        at = end
    raise ValueError("no codestream in the file")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
