"""The three fields of a flat card, each believed by its own rule.

A date is long, has its own wording and is checked against the other one, so one confident look is enough and a second,
at other pixels, makes up for a less confident one. A security code is four digits that nothing else on the card
repeats: it takes sharp print and three looks, one of them at sharpened pixels, because the network is as sure of a 5
that blur has made of a 3 as of any other (`docs/card-front.md`, "What goes wrong").
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from device.card.front import grammar
from device.card.front.flat_card import FlatCard
from device.card.front.grammar import PrintedDate
from device.card.front.layout import BELOW_PORTRAIT, DATES
from device.card.front.lines import Line
from device.card.front.recogniser import MARGIN, TORN, WIDE_MARGIN, Recogniser, Text, blur, sharpened, stretched
from device.card.front.rules import FrontRules
from device.ports.camera import Picture

LINES_WITHOUT_DATE: Final = 2
"""After so many without a trace of a date, the picture is taken to have none."""
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
MOST_BLUR: Final = 0.145
"""Of a security code: the blur's standard deviation by the height of the ink, as `recogniser.blur` estimates it."""
CODE_CERTAINTY: Final = 0.97
"""Of each digit of a security code in each look at it."""
LITTLE_BLUR: Final = 0.10
CLEAR_CODE_CERTAINTY: Final = 0.8
"""The same where there is so little blur: what the network doubts then is the typeface, and it is right."""
DOUBTFUL_CODE_CERTAINTY: Final = 0.8
"""With so much, in three looks that say the same, a code is in doubt; `agreement` tells what that is worth."""


@dataclass(frozen=True, slots=True)
class Dates:
    """The two dates, as far as they were found."""

    birth: PrintedDate | None = field(repr=False, default=None)
    expiry: PrintedDate | None = field(repr=False, default=None)

    @property
    def complete(self) -> bool:
        """Whether both were found."""
        return self.birth is not None and self.expiry is not None

    def or_else(self, other: Dates) -> Dates:
        """Return these, and the other's where there is none."""
        return Dates(self.birth or other.birth, self.expiry or other.expiry)


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """What stands where the security code is."""

    digits: bytearray | None = field(repr=False)
    """4 ASCII digits, which the caller wipes; None where they are neither certain nor in doubt."""
    certain: bool = False
    contradicted: bool = False
    """Whether one look saw four other digits than another."""

    def wipe(self) -> None:
        """Overwrite the digits."""
        if self.digits is not None:
            self.digits[:] = bytes(len(self.digits))


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at one line gave."""

    sure: Dates
    seen: Dates
    """The same and what is doubtful."""
    of_a_date: bool

    def without_birth(self) -> _Look:
        return replace(self, sure=replace(self.sure, birth=None), seen=replace(self.seen, birth=None))

    def with_second(self, second: _Look) -> Dates:
        """Return what two looks give: the second must repeat what was doubtful, or be certain of what is new."""
        return Dates(
            second.sure.birth if self.seen.birth is None else _same(self.seen.birth, second.seen.birth),
            second.sure.expiry if self.seen.expiry is None else _same(self.seen.expiry, second.seen.expiry),
        )


def _same(one: PrintedDate, other: PrintedDate | None) -> PrintedDate | None:
    return one if one == other else None


class FieldReader:
    """Reads fields of flat cards."""

    def __init__(self, recogniser: Recogniser, rules: FrontRules) -> None:
        self._recogniser = recogniser
        self._rules = rules

    def dates(self, card: FlatCard) -> Dates:
        """Return birth date and card expiry, each the first one found."""
        long = [line for line in card.lines(DATES) if line.right - line.left >= LEAST_DATE_SHAPE * line.height]
        found = Dates()
        doubtful: list[tuple[Line, _Look]] = []
        for tried, line in enumerate(long[:MOST_DATE_LINES]):
            if tried >= LINES_WITHOUT_DATE and not doubtful and found == Dates():
                break
            look = self._look(card, line, MARGIN)
            found = found.or_else(look.sure)
            if found.complete:
                return found
            if look.of_a_date and look.sure == Dates():
                doubtful.append((line, look))
        # A second look costs twice as much as the first: it is for the other date of a card whose first is certain.
        for line, first in doubtful if found != Dates() else ():
            # The last characters of a line suffer first, and with them what tells one date from another.
            found = found.or_else(first.with_second(self._look(card, line, WIDE_MARGIN, TORN)))
            if found.complete:
                break
        return found

    def codes(self, card: FlatCard) -> list[Line]:
        """Return what stands below the portrait, alone, as wide as four digits, and in sharp print. Nothing is read."""
        lines = card.lines(BELOW_PORTRAIT)
        return [line for line in lines if _like_four_digits(line) and _alone(line, lines) and _sharp(card, line)]

    def security_code(self, card: FlatCard, lines: list[Line]) -> Code:
        """Return the security code if there is exactly one among the lines."""
        codes = [self._code(card, line) for line in lines]
        contradicted = any(code.contradicted for code in codes)
        read = [code for code in codes if code.digits is not None]
        sure = [code for code in read if code.certain] or ([] if contradicted else read)
        if len(sure) != 1:
            sure = []
        for code in read:
            if code not in sure:
                code.wipe()
        return sure[0] if sure else Code(None, contradicted=contradicted)

    def _code(self, card: FlatCard, line: Line) -> Code:
        plain = card.cut(line, MARGIN)
        cuts = (plain, card.cut(line, WIDE_MARGIN), sharpened(plain))
        least = CODE_CERTAINTY if blur(plain) > LITTLE_BLUR else CLEAR_CODE_CERTAINTY
        looks: list[Text] = []
        try:
            for cut in cuts:
                looks.append(self._recogniser.read(cut))
                if not grammar.is_code(looks[-1]):
                    return Code(None)
                if looks[-1].symbols != looks[0].symbols:
                    return Code(None, contradicted=True)
            certainty = min(min(look.certainties) for look in looks)
            if certainty < min(least, DOUBTFUL_CODE_CERTAINTY):
                return Code(None)
            return Code(bytearray(looks[0].symbols), certain=certainty >= least)
        finally:
            for cut in cuts:
                cut.fill(0)
            for look in looks:
                look.wipe()

    def _look(self, card: FlatCard, line: Line, margin: float, beside: float | None = None) -> _Look:
        cut = card.cut(line, margin, beside)
        try:
            look = self._dates(cut)
            if look.seen.birth and grammar.may_lack_a_digit(look.seen.birth):
                drawn_out = stretched(cut)
                again = self._dates(drawn_out)
                drawn_out.fill(0)
                return look if again.seen.birth == look.seen.birth else look.without_birth()
            return look
        finally:
            cut.fill(0)

    def _dates(self, cut: Picture) -> _Look:
        text = self._recogniser.read(cut)
        look = _Look(
            sure=_dates(text, self._rules.accept),
            seen=_dates(text, self._rules.retry),
            of_a_date=grammar.is_date(text),
        )
        text.wipe()
        return look


def _dates(text: Text, least_certainty: float) -> Dates:
    return Dates(grammar.birth_date(text, least_certainty), grammar.expiry_date(text, least_certainty))


def _like_four_digits(line: Line) -> bool:
    return CODE_SHAPE[0] <= (line.right - line.left) / line.height <= CODE_SHAPE[1]


def _sharp(card: FlatCard, line: Line) -> bool:
    cut = card.cut(line, MARGIN)
    try:
        return blur(cut) <= MOST_BLUR
    finally:
        cut.fill(0)


def _alone(line: Line, lines: list[Line]) -> bool:
    """Whether this is a piece of text of its own, and not four characters of a longer one with a gap in its print."""
    mates = (other for other in lines if other is not line and other.height >= MATE_HEIGHT * line.height)
    return not any(line.near(other, LONELY * line.height) for other in mates)
