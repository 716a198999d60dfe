"""The three fields of a flat card, each believed by its own rule.

A date is long, has its own wording and is checked against the other one, so one confident look is enough and a second,
at other pixels, makes up for a less confident one. A security code is four digits that nothing else on the card
repeats: it takes two looks and sharp print, because the network is as sure of a 6 that blur has made of an 8
as of any other (`docs/card-front.md`, "What goes wrong").
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
from device.card.front.recogniser import MARGIN, WIDE_MARGIN, Recogniser, Text, blur
from device.card.front.rules import FrontRules

LEAST_DATE_SHAPE: Final = 3.5
"""A date is at least this much wider than high."""
MOST_DATE_LINES: Final = 5
"""The two that are wanted are among the widest; a noisy picture has many more that are nothing."""
CODE_SHAPE: Final = (1.3, 6.0)
"""Width by height of four digits, with what dirt may add."""
LONELY: Final = 1.1
"""A security code stands alone: nothing else on its level nearer than this many times its height."""
MOST_BLUR: Final = 0.075
"""Of a security code: the blur's standard deviation by the height of the ink."""

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
        seen = find(text, self._rules.retry)
        if seen is None or find(text, self._rules.accept) is not None:
            return seen
        again = self._look(card, line, WIDE_MARGIN)
        same = find(again, self._rules.retry) == seen
        again.wipe()
        return seen if same else None

    def _code(self, card: FlatCard, line: Line, lines: list[Line]) -> bytearray | None:
        if not CODE_SHAPE[0] <= (line.right - line.left) / line.height <= CODE_SHAPE[1] or not _alone(line, lines):
            return None
        cut = card.cut(line, MARGIN)
        softness = blur(cut)
        cut.fill(0)
        if softness > MOST_BLUR:
            return None
        looks = [self._look(card, line, margin) for margin in (MARGIN, WIDE_MARGIN)]
        first, second = (grammar.security_code(look, self._rules.retry) for look in looks)
        same = first is not None and first == second
        for look in looks:
            look.wipe()
        if second is not None:
            _wipe(second)
        if first is not None and not same:
            _wipe(first)
        return first if same else None

    def _look(self, card: FlatCard, line: Line, margin: float) -> Text:
        cut = card.cut(line, margin)
        try:
            return self._recogniser.read(cut)
        finally:
            cut.fill(0)


def _alone(line: Line, lines: list[Line]) -> bool:
    """Whether this is a piece of text of its own, and not four characters of a longer one with a gap in its print."""
    return all(not line.near(other, LONELY * line.height) for other in lines if other is not line)


def _wipe(digits: bytearray) -> None:
    digits[:] = bytes(len(digits))
