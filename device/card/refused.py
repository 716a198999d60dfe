"""Which 照合番号B a card has refused, kept without knowing the card or the number.

The same wrong number must never cost a second try, not in this visit and not when the card comes back. A card is told
by its certificate, and both it and the number are kept as digests under a key that is drawn anew at every start and
never leaves memory: nothing here names anybody, and nothing outlives the unit's run.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from device.domain.secrets import ReferenceNumberB

KEY_BYTES: Final = 32
DIGEST_BYTES: Final = 16
MOST_CARDS: Final = 512
"""The card that was refused longest ago is forgotten first; few cards of a day ever refuse a number."""


@dataclass(slots=True)
class _Kept:
    refused: set[bytes] = field(default_factory=set, repr=False)
    unanswered: tuple[bytes, int] | None = field(default=None, repr=False)
    """The digest of a number whose answer never came, and the tries before it was sent."""


class RefusedNumbers:
    """Of all cards since the start. One thread at a time."""

    def __init__(self, key: bytes) -> None:
        """`key` is KEY_BYTES random bytes."""
        self._key = bytearray(key)
        self._cards: OrderedDict[bytes, _Kept] = OrderedDict()

    def of(self, card: bytes) -> RefusedByCard:
        """Return what the card with this certificate refused."""
        return RefusedByCard(self, blake2b(card, key=self._key, digest_size=DIGEST_BYTES).digest())

    @property
    def cards(self) -> int:
        """Of how many cards something is kept."""
        return len(self._cards)

    def wipe(self) -> None:
        """Forget everything: the unit stops."""
        self._key[:] = bytes(len(self._key))
        self._cards.clear()

    def kept(self, card: bytes) -> _Kept:
        """Return what is kept of a card; for `RefusedByCard`."""
        return self._cards.get(card, _Kept())

    def keep(self, card: bytes, kept: _Kept) -> None:
        """Keep it if there is anything to keep; too many cards, and the oldest goes. For `RefusedByCard`."""
        self._cards.pop(card, None)
        if kept.refused or kept.unanswered is not None:
            self._cards[card] = kept
        if len(self._cards) > MOST_CARDS:
            self._cards.popitem(last=False)

    def digest(self, card: bytes, number: ReferenceNumberB) -> bytes:
        """Return the digest of a number on one card: the same number on another has another one."""
        return blake2b(number.reveal(), key=self._key, salt=card, digest_size=DIGEST_BYTES).digest()


class RefusedByCard:
    """Of one card. Call it with a number to learn whether that was refused before."""

    def __init__(self, memory: RefusedNumbers, card: bytes) -> None:
        self._memory = memory
        self._card = card

    def __call__(self, number: ReferenceNumberB) -> bool:
        """Tell whether the card refused this number before."""
        return self._memory.digest(self._card, number) in self._memory.kept(self._card).refused

    def sent(self, number: ReferenceNumberB, tries_before: int) -> None:
        """Remember what goes out, before it does: if the card leaves now, its counter will tell what became of it."""
        kept = self._memory.kept(self._card)
        kept.unanswered = (self._memory.digest(self._card, number), tries_before)
        self._memory.keep(self._card, kept)

    def answered(self, *, refused: bool) -> None:
        """Take over what the card said to the number that was sent."""
        kept = self._memory.kept(self._card)
        if refused and kept.unanswered is not None:
            kept.refused.add(kept.unanswered[0])
        kept.unanswered = None
        self._memory.keep(self._card, kept)

    def counted(self, tries: int) -> None:
        """Take over what the card's counter says: a number without an answer was refused if there is a try less."""
        kept = self._memory.kept(self._card)
        if kept.unanswered is not None:
            self.answered(refused=tries < kept.unanswered[1])
