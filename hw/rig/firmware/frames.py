"""Lines on the board's side of the serial line: number, words, check. In the subset that MicroPython speaks."""

LONGEST = 200


class BadLine(Exception):  # noqa: N818  what is wrong, in two words
    """What came is no line of the protocol; it is not answered."""


def check(data: bytes) -> int:
    """Return CRC-16/CCITT-FALSE."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def encode(number: int, words: list[str]) -> bytes:
    """Return the line with its check and its end."""
    head = str(number) + " " + " ".join(words)
    return "{} *{:04X}\n".format(head, check(head.encode())).encode()


def decode(line: bytes) -> tuple[int, list[str]]:
    """Read a line without its end. Raise BadLine."""
    line = line.rstrip(b"\r")
    if len(line) > LONGEST or any(byte < 32 or byte > 126 for byte in line):  # noqa: PLR2004  printable ASCII
        raise BadLine
    words = line.decode().split(" ")
    if len(words) < 3 or "" in words or words[-1][0] != "*":  # noqa: PLR2004  number, word, check
        raise BadLine
    number, given = words[0], words[-1][1:]
    head = " ".join(words[:-1])
    if len(number) > 3 or not _of(number, "0123456789") or len(given) != 4 or not _of(given, "0123456789ABCDEF"):  # noqa: PLR2004
        raise BadLine
    if int(number) > 255 or int(given, 16) != check(head.encode()):  # noqa: PLR2004  modulo 256
        raise BadLine
    return int(number), words[1:-1]


def _of(text: str, letters: str) -> bool:
    return text != "" and all(letter in letters for letter in text)
