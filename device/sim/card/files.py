from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from device.sim.card.commands import BLOCKED, OK

if TYPE_CHECKING:
    from device.sim.card.keys import HolderKey


class Secret:
    """A PIN or 照合番号 with its counter."""

    def __init__(self, digits: bytes, *, full_tries: int, tries_left: int | None = None) -> None:
        self._digits = digits
        self._full_tries = full_tries
        self.tries_left = full_tries if tries_left is None else tries_left
        self.verified = False

    def counter(self) -> int:
        """Return the status word that tells the counter."""
        return 0x63C0 | self.tries_left if self.tries_left else BLOCKED

    def verify(self, digits: bytes) -> int:
        """Spend a try, or fill the counter up; return the status word. 63C0 is the try that blocks."""
        if not self.tries_left:
            return BLOCKED
        if digits == self._digits:
            self.tries_left = self._full_tries
            self.verified = True
            return OK
        self.verified = False
        self.tries_left -= 1
        return 0x63C0 | self.tries_left


class Transparent:
    """A file of bytes, made when it is first read; with `needs`, only after that secret."""

    def __init__(self, make: Callable[[], bytes], *, needs: Secret | None = None) -> None:
        self._make = make
        self.needs = needs

    @cached_property
    def content(self) -> bytes:
        """All bytes of the file, filler included."""
        return self._make()


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key; with `needs`, only after that secret."""

    key: Callable[[], HolderKey]
    needs: Secret | None = None
    institution_may_unlock: bool = False


File = Secret | Transparent | KeyFile


@dataclass(frozen=True, slots=True)
class Application:
    """An application of the card with its elementary files by identifier."""

    aid: bytes
    files: Mapping[int, File]
    signs_with: int | None = None
    """The key of `80 2A 00 00`, without a file being selected: internal authentication."""
