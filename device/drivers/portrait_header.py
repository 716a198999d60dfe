"""What unit and decoder agree on about a card's portrait, and how modest its header has to be.

Without the decoder's library, which the unit itself has no use for.
"""

from __future__ import annotations

import struct

READY = b"+"
HEADER = struct.Struct(">BHH")
LARGEST_FILE_BYTES = 65_536
LONGEST_SIDE_PX = 1_000
MOST_TILES = 64
MOST_COMPONENTS = 4
MOST_BITS = 8
PROCESSOR_S = 1.0

JP2_SIGNATURE = bytes.fromhex("0000000C6A5020200D0A870A")
START_OF_CODESTREAM_AND_SIZE = bytes.fromhex("FF4FFF51")
SIZE_SEGMENT = struct.Struct(">HH8IH")
"""Lsiz, Rsiz, Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz, Csiz (ISO/IEC 15444-1, A.5.1)."""
BOX = struct.Struct(">I4s")
LONG_BOX = struct.Struct(">Q")


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
