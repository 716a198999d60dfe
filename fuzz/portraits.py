"""Writes hostile JPEG 2000 files: `python -m fuzz.portraits`. `tests/sandbox` holds the decoder of portraits to them.

Each is small and was made from a tiny picture of nothing: every field of the codestream's headers set to what hurts,
segments left out, doubled and swapped, boxes that lie about their length, and random damage in the coded bytes. Another
version of the encoder gives other bytes, so the files are kept and this is their recipe.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

CORPUS = Path(__file__).parents[1] / "tests" / "sandbox" / "corpus"
SIGNATURE: Final = bytes.fromhex("0000000C6A5020200D0A870A")
SOC, SIZ, COD, COC, QCD, RGN, POC, TLM, PLT, PPM, PPT, CRG, COM, SOT, SOP, SOD, EOC = (
    0xFF4F, 0xFF51, 0xFF52, 0xFF53, 0xFF5C, 0xFF5E, 0xFF5F, 0xFF55, 0xFF58, 0xFF60, 0xFF61, 0xFF63, 0xFF64, 0xFF90,
    0xFF91, 0xFF93, 0xFFD9,
)  # fmt: skip
DAMAGED: Final = 24
"""Files with random damage behind an honest header."""


def main() -> None:
    """Write the corpus anew."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    for old in CORPUS.iterdir():
        old.unlink()
    for name, content in files():
        (CORPUS / name).write_bytes(content)


def files() -> Iterator[tuple[str, bytes]]:
    """Yield names and contents."""
    grey, colour = _picture(1), _picture(3)
    stream, file = _encoded(grey, container=False), _encoded(grey, container=True)
    coloured = _encoded(colour, container=False)
    yield "honest-grey.j2k", stream
    yield "honest-grey.jp2", file
    yield "honest-colour.j2k", coloured
    for name, at, value, length in _FIELDS:
        marker, offset = at
        yield f"{name}.j2k", _with(stream, marker, offset, value, length)
    yield from _segments(stream)
    yield from _boxes(stream, file)
    chance = np.random.default_rng(20261122)
    for number in range(DAMAGED):
        base = (stream, coloured, file)[number % 3]
        start = base.index(SOT.to_bytes(2, "big")) + 12 if number % 2 else 60
        damaged = bytearray(base)
        for at in chance.integers(start, len(base), size=1 + number):
            damaged[at] = chance.integers(0, 256)
        yield f"damaged-{number:02}.bin", bytes(damaged)


_FIELDS: Final = (
    # Offsets count from the marker. SIZ: Rsiz 4, Xsiz 6, Ysiz 10, XOsiz 14, YOsiz 18, XTsiz 22, YTsiz 26, XTOsiz 30,
    # YTOsiz 34, Csiz 38, then depth and sub-sampling of each component.
    ("capabilities", (SIZ, 4), 0xFFFF, 2),
    ("width-4294967295", (SIZ, 6), 0xFFFF_FFFF, 4),
    ("width-0", (SIZ, 6), 0, 4),
    ("height-65535", (SIZ, 10), 0xFFFF, 4),
    ("starts-at-its-end", (SIZ, 14), 24, 4),
    ("starts-behind-its-end", (SIZ, 14), 0x8000_0000, 4),
    ("tile-width-0", (SIZ, 22), 0, 4),
    ("tile-width-1", (SIZ, 22), 1, 4),
    ("tile-width-4294967295", (SIZ, 22), 0xFFFF_FFFF, 4),
    ("tile-begins-behind", (SIZ, 30), 1000, 4),
    ("components-0", (SIZ, 38), 0, 2),
    ("components-2", (SIZ, 38), 2, 2),
    ("components-16384", (SIZ, 38), 16384, 2),
    ("components-65535", (SIZ, 38), 65535, 2),
    ("depth-38", (SIZ, 40), 37, 1),
    ("depth-signed", (SIZ, 40), 0x87, 1),
    ("depth-1", (SIZ, 40), 0, 1),
    ("sub-sampling-0", (SIZ, 41), 0, 1),
    ("sub-sampling-255", (SIZ, 41), 255, 1),
    # COD: Scod 4, progression 5, layers 6, component transform 8, levels 9, block width 10, height 11, style 12,
    # wavelet 13, precincts 14.
    ("coding-style-255", (COD, 4), 255, 1),
    ("progression-255", (COD, 5), 255, 1),
    ("layers-0", (COD, 6), 0, 2),
    ("layers-65535", (COD, 6), 65535, 2),
    ("component-transform-of-grey", (COD, 8), 1, 1),
    ("levels-33", (COD, 9), 33, 1),
    ("levels-255", (COD, 9), 255, 1),
    ("blocks-huge", (COD, 10), 255, 1),
    ("blocks-too-large-together", (COD, 10), 0x0808, 2),
    ("block-style-255", (COD, 12), 255, 1),
    ("wavelet-255", (COD, 13), 255, 1),
    ("coding-length-0", (COD, 2), 0, 2),
    ("coding-length-65535", (COD, 2), 65535, 2),
    ("quantisation-255", (QCD, 4), 255, 1),
    ("quantisation-length-3", (QCD, 2), 3, 2),
    # SOT: tile 4, length of the part 6, part 10, number of parts 11.
    ("tile-65535", (SOT, 4), 65535, 2),
    ("part-length-1", (SOT, 6), 1, 4),
    ("part-length-4294967295", (SOT, 6), 0xFFFF_FFFF, 4),
    ("part-255", (SOT, 10), 255, 1),
    ("parts-1-of-0", (SOT, 10), 0x0100, 2),
)


def _segments(stream: bytes) -> Iterator[tuple[str, bytes]]:
    tile = stream.index(SOT.to_bytes(2, "big"))
    coding, coded_at = _segment(stream, COD)
    size, size_at = _segment(stream, SIZ)
    yield "no-coding-style.j2k", stream[:coded_at] + stream[coded_at + len(coding) :]
    yield "no-size.j2k", stream[:size_at] + stream[size_at + len(size) :]
    yield "two-sizes.j2k", stream[:size_at] + size + _with(size, SIZ, 6, 0xFFFF, 4) + stream[size_at + len(size) :]
    yield "two-coding-styles.j2k", stream[:tile] + _with(coding, COD, 9, 32, 1) + stream[tile:]
    yield "two-starts.j2k", stream[:2] + stream
    yield "no-end.j2k", stream[:-2]
    yield "no-data.j2k", stream[: tile + 14] + EOC.to_bytes(2, "big")
    yield "a-thousand-tile-parts.j2k", stream[:tile] + stream[tile:-2] * 300 + stream[-2:]
    for name, marker, body in (
        ("component-style-beyond", COC, b"\xff\x00\x05\x04\x04\x00\x01"),
        ("region-shift-255", RGN, b"\x00\x00\xff"),
        ("region-of-component-255", RGN, b"\xff\x00\x25"),
        ("order-changes-beyond", POC, b"\x21\xff\xff\xff\x21\xff\xff"),
        ("tile-lengths-lie", TLM, b"\x00\x40" + b"\xff" * 200),
        ("packed-headers-main", PPM, b"\x00\xff\xff\xff\xff" + bytes(100)),
        ("packed-headers-without-bytes", PPM, b"\x00"),
        ("component-registration", CRG, b"\xff" * 4),
        ("comment-of-64-k", COM, b"\x00\x01" + bytes(60_000)),
        ("an-unknown-marker", 0xFF3F, b"\xff" * 50),
    ):
        yield f"{name}.j2k", stream[:tile] + _marked(marker, body) + stream[tile:]
    data = tile + 12
    for name, marker, body in (
        ("packet-lengths-lie", PLT, b"\x00" + b"\xff" * 300),
        ("packed-headers-of-tile", PPT, b"\x00" + bytes(3)),
        ("tile-with-33-levels", COD, b"\x00\x00\x00\x01\x00\x21\x04\x04\x00\x01"),
    ):
        yield f"{name}.j2k", stream[:data] + _marked(marker, body) + stream[data:]


def _boxes(stream: bytes, file: bytes) -> Iterator[tuple[str, bytes]]:
    kind = _box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    code = _box(b"jp2c", stream)
    size = bytes.fromhex("00000018 00000012 0001 07 07 00 00")
    shade = bytes.fromhex("01 00 00 00000011")

    def told(*boxes: bytes, image: bytes = size) -> bytes:
        return SIGNATURE + kind + _box(b"jp2h", _box(b"ihdr", image) + b"".join(boxes)) + code

    colour = _box(b"colr", shade)
    palette = bytes.fromhex("0400 03 07 07 07") + bytes(range(256)) * 12
    yield "container-says-65535.jp2", told(colour, image=bytes.fromhex("0000FFFF 0000FFFF 0001 07 07 00 00"))
    yield "container-says-colour.jp2", told(colour, image=bytes.fromhex("00000018 00000012 0003 07 07 00 00"))
    yield "palette-without-map.jp2", told(colour, _box(b"pclr", palette))
    yield "palette-map-beyond.jp2", told(colour, _box(b"pclr", palette), _box(b"cmap", b"\x00\x09\x01\xff" * 3))
    yield "palette-map-twice.jp2", told(colour, _box(b"pclr", palette), _box(b"cmap", b"\x00\x00\x01\x00" * 3))
    yield "palette-of-nothing.jp2", told(colour, _box(b"pclr", b"\x00\x00\x00"), _box(b"cmap", b"\x00\x00\x01\x00"))
    yield "channels-beyond.jp2", told(colour, _box(b"cdef", b"\x00\x02" + b"\xff\xff\x00\x01\x00\x01" * 2))
    yield "profile-cut-off.jp2", told(_box(b"colr", b"\x02\x00\x00" + b"\x00\x00\x10\x00" + bytes(20)))
    yield "colour-space-unknown.jp2", told(_box(b"colr", bytes.fromhex("01 00 00 FFFFFFFF")))
    yield "no-header-box.jp2", SIGNATURE + kind + code
    yield "header-behind-the-picture.jp2", SIGNATURE + kind + code + _box(b"jp2h", _box(b"ihdr", size) + colour)
    yield "boxes-in-boxes.jp2", SIGNATURE + kind + _nested(200) + code
    yield "box-of-endless-length.jp2", SIGNATURE + kind + b"\0\0\0\x01jp2h" + b"\xff" * 8 + code
    yield "box-of-length-7.jp2", SIGNATURE + kind + b"\0\0\0\x07jp2h" + code
    yield "picture-to-the-end-of-time.jp2", SIGNATURE + kind + b"\0\0\0\0jp2h" + code
    yield "file-type-of-64-k.jp2", SIGNATURE + _box(b"ftyp", bytes(60_000)) + code
    yield "two-pictures.jp2", file + code


def _picture(channels: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    ramp = (np.add.outer(np.arange(24) * 9, np.arange(18) * 5) % 256).astype(np.uint8)
    return ramp if channels == 1 else np.stack([ramp, ramp // 2, 255 - ramp], axis=-1)


def _encoded(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], *, container: bool) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG2000", no_jp2=not container, irreversible=True)
    return file.getvalue()


def _segment(stream: bytes, marker: int) -> tuple[bytes, int]:
    at = stream.index(marker.to_bytes(2, "big"))
    length = int.from_bytes(stream[at + 2 : at + 4], "big")
    return stream[at : at + 2 + length], at


def _marked(marker: int, body: bytes) -> bytes:
    return marker.to_bytes(2, "big") + (len(body) + 2).to_bytes(2, "big") + body


def _with(stream: bytes, marker: int, offset: int, value: int, length: int) -> bytes:
    at = stream.index(marker.to_bytes(2, "big")) + offset
    return stream[:at] + value.to_bytes(length, "big") + stream[at + length :]


def _box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def _nested(depth: int) -> bytes:
    box = b""
    for _ in range(depth):
        box = _box(b"jp2h", box)
    return box


if __name__ == "__main__":
    main()
