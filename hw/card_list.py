"""The bench's list of its own cards, `cards.toml`: read whole or not at all.

It carries no signature: whoever may write this file may read the station's key beside it. What a changed list can do is
bounded elsewhere: `hw.cards` refuses what is not of the test authority whatever the list says, and each signed record
holds the digest of the list that it was made with.
"""

from __future__ import annotations

import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from device.domain.secrets import Pin, ReferenceNumberB
from hw.cards import CardBox, GoldenCard
from hw.errors import BadLimits

_DIGEST_CHARACTERS: Final = 64
_OPTIONS: Final = "a card has name, key_sha256 and perhaps front and expendable = true, and with that pin and photo"


@dataclass(slots=True)
class _Seen:
    names: set[str] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)


def load_cards(path: Path) -> CardBox:
    """Read the list. Raise BadLimits naming the file and the card; a station without a list has no cards."""
    try:
        if path.stat().st_mode & stat.S_IWOTH:
            raise BadLimits(f"{path}: everybody may write it, so it says nothing: chmod o-w")
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return CardBox(())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadLimits(f"{path}: {error}") from error
    seen = _Seen()
    tables = raw.get("card", [])
    if raw.keys() - {"card"} or not isinstance(tables, list):
        raise BadLimits(f"{path}: it holds tables [[card]] and nothing else")
    return CardBox(tuple(_card(str(path), number, table, seen) for number, table in enumerate(tables, start=1)))


def _card(file: str, number: int, table: object, seen: _Seen) -> GoldenCard:
    where = f"{file}: card {number}"
    match table:
        case {"name": str(name), "key_sha256": str(digest), **rest} if name:
            expendable = rest.pop("expendable", False)
            pin, photo = rest.pop("pin", None), rest.pop("photo", "")
            front = _front(where, rest.pop("front", None))
            if rest or not isinstance(expendable, bool) or not isinstance(photo, str):
                raise BadLimits(f"{where}: {_OPTIONS}")
            if len(digest) != _DIGEST_CHARACTERS or set(digest) - set("0123456789abcdef"):
                raise BadLimits(f"{where}: key_sha256 is {_DIGEST_CHARACTERS} characters 0-9a-f")
            if name in seen.names or digest in seen.digests:
                raise BadLimits(f"{where}: name or key is on the list already")
            seen.names.add(name)
            seen.digests.add(digest)
            secret = _pin(where, pin, expendable=expendable)
            return GoldenCard(name=name, key_sha256=digest, expendable=expendable, pin=secret, front=front, photo=photo)
        case _:
            raise BadLimits(f"{where}: {_OPTIONS}")


def _front(where: str, digits: object) -> ReferenceNumberB | None:
    """Return the number that is printed on the card."""
    if digits is None:
        return None
    try:
        return ReferenceNumberB(str(digits).encode())
    except ValueError as error:
        raise BadLimits(f"{where}: front is the 14 digits of 照合番号B in quotation marks") from error


def _pin(where: str, digits: object, *, expendable: bool) -> Pin | None:
    """Return the PIN, which only a card has whose tries may be spent."""
    if digits is None:
        return None
    if not expendable:
        raise BadLimits(f"{where}: only a card that is marked expendable = true may have its PIN here")
    try:
        return Pin(str(digits).encode())
    except ValueError as error:
        raise BadLimits(f"{where}: pin is four digits in quotation marks") from error
