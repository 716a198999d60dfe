"""What is said of an error that nobody thought of: where it was, not its text, which may quote a message or a key."""

from __future__ import annotations

import traceback
from pathlib import Path

from device.domain.errors import UketsukeError


def in_words(error: BaseException) -> str:
    """Return an error in a few words: our own sentence, or the kind and place of a foreign one."""
    if isinstance(error, UketsukeError):
        return str(error)
    return kind_and_place(error)


def kind_and_place(error: BaseException) -> str:
    """Return what kind of error it is and where it was raised, if it was."""
    places = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return f"{type(error).__name__}{where}"


def trace(error: BaseException) -> str:
    """Return the way to an error for the journal, that of its cause first."""
    cause = error.__cause__ or error.__context__
    earlier = "" if cause is None else f"{trace(cause)}\nfrom which came\n"
    return f"{earlier}{''.join(traceback.format_tb(error.__traceback__))}{in_words(error)}"
