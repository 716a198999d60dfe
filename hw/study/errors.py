"""Why a study cannot be reckoned."""

from __future__ import annotations

from hw.errors import BenchError


class CannotStudy(BenchError):  # noqa: N818  it says what it is
    """The figures do not carry this study; the message says why, with file, row and column."""
