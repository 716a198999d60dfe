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
import sys

from PIL import ImageFile, Jpeg2KImagePlugin

from device.drivers.lockdown import give_everything_up
from device.drivers.portrait_header import HEADER, LARGEST_FILE_BYTES, LONGEST_SIDE_PX, PROCESSOR_S, READY, check_size

MEMORY_BYTES = 256 * 1024 * 1024

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


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
