"""What the card's status words mean, and the errors that they become (facts: card.md, 2.7)."""

from __future__ import annotations

from device.domain.errors import CardUnreadable

OK = 0x9000
END_OF_FILE_EARLY = 0x6282
WRONG_WITHOUT_COUNTER = 0x6300
NOT_VERIFIED = 0x6982
NOT_FOUND = 0x6A82
OFFSET_BEYOND_END = 0x6B00
NO_DIAGNOSIS = 0x6F00

BLOCKED = frozenset({0x6983, 0x6984})
"""6984 is what My Number Cards answer (JIS X 6306), 6983 what ISO 7816-4 says; both mean no tries left."""

NO_SUCH_APPLICATION = frozenset({NOT_FOUND, 0x6A81, 0x6A86, 0x6D00, 0x6E00})
"""Orderly ways of other cards to say that they do not know the application, or SELECT itself."""

NO_SUCH_SECRET = frozenset({0x6283, 0x6981, 0x6985, 0x6A81, NOT_FOUND, 0x6A88})
"""Orderly ways to say that a secret cannot be used, at SELECT or at the question for its counter."""

_MEANINGS = {
    0x6281: "data may be corrupt",
    0x6283: "the application is locked",
    WRONG_WITHOUT_COUNTER: "wrong, without a counter",
    0x6581: "the card cannot write its memory",
    0x6700: "wrong length",
    0x6881: "logical channel not supported",
    0x6882: "secure messaging not supported",
    0x6981: "wrong kind of file",
    NOT_VERIFIED: "a secret has to be verified first",
    0x6983: "blocked",
    0x6984: "blocked",
    0x6985: "conditions of use not satisfied",
    0x6986: "no file selected",
    0x6A80: "wrong data",
    0x6A81: "function not supported",
    NOT_FOUND: "not found",
    0x6A83: "no such record",
    0x6A86: "wrong parameters",
    0x6A88: "no such reference",
    OFFSET_BEYOND_END: "beyond the end of the file",
    0x6D00: "unknown instruction",
    0x6E00: "unknown class",
    NO_DIAGNOSIS: "no diagnosis",
}


def unexpected(what: str, sw: int) -> CardUnreadable:
    """Return the error for a status word that ends `what`."""
    return CardUnreadable(f"{what}: the card answered {sw:04X} ({_MEANINGS.get(sw, 'unknown')})", sw=sw)


def require_ok(what: str, sw: int) -> None:
    """Raise CardUnreadable unless the card agreed."""
    if sw != OK:
        raise unexpected(what, sw)


def counted_tries(sw: int) -> int | None:
    """Return the tries left that a status word reports (0 when blocked), or None when it reports none."""
    if sw in BLOCKED:
        return 0
    return sw & 0x000F if sw & 0xFFF0 == 0x63C0 else None  # noqa: PLR2004  63Cx as in the standard
