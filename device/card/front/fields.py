"""The three fields of a flat card, each believed by its own rule.

A date is long, has its own wording and is checked against the other one, so one confident look is enough and a second,
at other pixels, makes up for a less confident one. A security code is four digits that nothing else on the card
repeats: it takes sharp print and three looks, one of them at sharpened pixels, because the network is as sure of a 5
that blur has made of a 3 as of any other (`docs/card-front.md`, "What goes wrong").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from device.card.front import grammar
from device.card.front.flat_card import FlatCard
from device.card.front.grammar import PrintedDate
from device.card.front.layout import BELOW_PORTRAIT, DATES
from device.card.front.lines import Line
from device.card.front.recogniser import MARGIN, WIDE_MARGIN, Recogniser, Text, blur, sharpened
from device.card.front.rules import FrontRules

LEAST_DATE_SHAPE: Final = 3.5
"""A date is at least this much wider than high."""
MOST_DATE_LINES: Final = 5
"""The two that are wanted are among the widest; a noisy picture has many more that are nothing."""
CODE_SHAPE: Final = (1.3, 6.0)
"""Width by height of four digits, with what dirt may add."""
LONELY: Final = 1.1
"""A security code stands alone: nothing else on its level nearer than this many times its height…"""
MATE_HEIGHT: Final = 0.75
"""…that is itself at least so high by the code's height: less is dirt."""
MOST_BLUR: Final = 0.07
"""Of a security code: the blur's standard deviation by the height of the ink, as `recogniser.blur` estimates it."""
CODE_CERTAINTY: Final = 0.9
"""Product of the least certain digits of the first two looks at a security code."""

_Find = Callable[[Text, float], PrintedDate | None]


@dataclass(frozen=True, slots=True)
class Dates:
    """The two dates, as far as they were found."""

    birth: PrintedDate | None = field(repr=False)
    expiry: PrintedDate | None = field(repr=False)


class FieldReader:
    """Reads fields of flat cards."""

    def __init__(self, recogniser: Recogniser, rules: FrontRules) -> None:
        self._recogniser = recogniser
        self._rules = rules

    def dates(self, card: FlatCard) -> Dates:
        """Return birth date and card expiry, each the first one found."""
        birth: PrintedDate | None = None
        expiry: PrintedDate | None = None
        long = [line for line in card.lines(DATES) if line.right - line.left >= LEAST_DATE_SHAPE * line.height]
        for line in long[:MOST_DATE_LINES]:
            text = self._look(card, line, MARGIN)
            birth = birth or self._date(grammar.birth_date, text, card, line)
            expiry = expiry or self._date(grammar.expiry_date, text, card, line)
            text.wipe()
            if birth and expiry:
                break
        return Dates(birth, expiry)

    def security_code(self, card: FlatCard) -> bytearray | None:
        """Return 4 ASCII digits, which the caller wipes, if there is exactly one such group below the portrait."""
        lines = card.lines(BELOW_PORTRAIT)
        codes = [code for line in lines if (code := self._code(card, line, lines)) is not None]
        if len(codes) == 1:
            return codes[0]
        for code in codes:
            _wipe(code)
        return None

    def _date(self, find: _Find, text: Text, card: FlatCard, line: Line) -> PrintedDate | None:
        if not grammar.is_date(text):
            return None
        sure, seen = find(text, self._rules.accept), find(text, self._rules.retry)
        if sure is not None:
            return sure
        # The last characters of a line suffer first, and with them what tells one date from another.
        again = self._look(card, line, WIDE_MARGIN)
        told = find(again, self._rules.accept if seen is None else self._rules.retry)
        again.wipe()
        return told if seen is None or told == seen else None

    def _code(self, card: FlatCard, line: Line, lines: list[Line]) -> bytearray | None:
        if not CODE_SHAPE[0] <= (line.right - line.left) / line.height <= CODE_SHAPE[1] or not _alone(line, lines):
            return None
        plain, wide = card.cut(line, MARGIN), card.cut(line, WIDE_MARGIN)
        sharp = sharpened(plain)
        looks: list[Text] = []
        try:
            if blur(plain) > MOST_BLUR:
                return None
            looks += [self._recogniser.read(cut) for cut in (plain, wide, sharp)]
            return grammar.security_code(looks, CODE_CERTAINTY)
        finally:
            for cut in (plain, wide, sharp):
                cut.fill(0)
            for look in looks:
                look.wipe()

    def _look(self, card: FlatCard, line: Line, margin: float) -> Text:
        cut = card.cut(line, margin)
        try:
            return self._recogniser.read(cut)
        finally:
            cut.fill(0)


def _alone(line: Line, lines: list[Line]) -> bool:
    """Whether this is a piece of text of its own, and not four characters of a longer one with a gap in its print."""
    mates = (other for other in lines if other is not line and other.height >= MATE_HEIGHT * line.height)
    return not any(line.near(other, LONELY * line.height) for other in mates)


def _wipe(digits: bytearray) -> None:
    digits[:] = bytes(len(digits))
