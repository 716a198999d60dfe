from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture(scope="session")
def with_header() -> Callable[..., str]:
    """The token with fields of its header changed; None removes one."""

    def change(token: str, **changes: object) -> str:
        head, *rest = token.split(".")
        fields = {**json.loads(base64.urlsafe_b64decode(head + "==")), **changes}
        kept = json.dumps({name: value for name, value in fields.items() if value is not None})
        return ".".join([base64.urlsafe_b64encode(kept.encode()).rstrip(b"=").decode(), *rest])

    return change


@pytest.fixture(scope="session")
def flipped() -> Callable[[str, int], str]:
    """The token with one character changed; a dot counts with its neighbour."""

    def flip(token: str, place: int) -> str:
        place %= len(token)
        place -= token[place] == "."
        # The highest bit of six: the lowest ones of a last character may be padding.
        other = _ALPHABET[_ALPHABET.index(token[place]) ^ 32]
        return token[:place] + other + token[place + 1 :]

    return flip
