"""The characters that can occur in the three fields, as bytes that can be overwritten.

Digits stand for themselves; each Chinese or Japanese character has a letter. What the network sees and this table does
not have becomes UNKNOWN, so a field with a foreign character in it never matches.
"""

from __future__ import annotations

from typing import Final

UNKNOWN: Final = ord("?")

LETTERS: Final = {
    "明": "m", "治": "j", "大": "t", "正": "i", "昭": "s", "和": "w", "平": "h", "成": "e", "令": "r",
    "元": "g", "年": "Y", "月": "M", "日": "D", "生": "b", "ま": "a", "で": "d", "有": "v", "効": "k",
}  # fmt: skip
"""Our letter for each printed character that is no digit."""

_CLASSES: Final = {
    "0": 33, "1": 34, "2": 35, "3": 36, "4": 37, "5": 38, "6": 39, "7": 40, "8": 41, "9": 42,
    "令": 2253, "元": 2703, "効": 2989, "和": 3329, "大": 4202, "平": 5143, "年": 5144, "成": 5850, "日": 6586,
    "明": 6621, "昭": 6647, "月": 6801, "有": 6802, "正": 7570, "治": 7834, "生": 9366, "ま": 1835, "で": 1812,
}  # fmt: skip
"""Output of PP-OCRv6_rec_small for each character: its line in the file's own list `character`, the blank being 0."""

_LOOKALIKES: Final = {3222: "令"}
"""合, which is what the network makes of a blurred 令. An era's name is no part of 照合番号B; it only has to fit."""

CLASSES: Final = 18_710
"""Outputs of that network: a blank, 18,708 characters and a space."""
BLANK: Final = 0
SPACE: Final = 18_709

BYTE_OF_CLASS: Final = {
    place: ord(LETTERS.get(character, character))
    for place, character in [(place, character) for character, place in _CLASSES.items()] + [*_LOOKALIKES.items()]
}
"""The byte for each output that we know."""
