"""The catalogue of everything that can end or hold up a visit; its sentences stand in `reasons.toml`.

The only place that says what a reason means to people: cue and voice of the unit, the desk's screen, the printed
sheet (`device.wire.reasons_page`) and the log all take their words from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import msgspec

from device.domain.prompts import Cue
from device.domain.reasons import Reason
from device.wire.texts import Text, parse_entries, parse_file, read_file

_FILE = "reasons.toml"


class Role(StrEnum):
    """What a reason does to a visit."""

    ENDING = "ending"
    """The visit ends with it."""
    STALL = "stall"
    """The visit goes on another way, or waits for somebody."""
    NOTICE = "notice"
    """The answer is good and comes with a remark."""
    FAULT = "fault"
    """A part of ours failed; where it stands in the way, the visit ends with it."""


class FallbackDocument(StrEnum):
    """What the desk accepts where the card alone does not lead to an answer."""

    SHIKAKU_KAKUNINSHO = "shikaku_kakuninsho"
    """資格確認書."""
    CARD_WITH_NOTICE = "card_with_notice"
    """Card and 資格情報のお知らせ; useless without the card."""
    CARD_WITH_PORTAL = "card_with_portal"
    """Card and マイナポータル: its screen, or the PDF saved from it."""
    CARD_WITH_STATEMENT = "card_with_statement"
    """Card and 被保険者資格申立書."""


class ReasonEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said and done for one reason."""

    role: Role
    cue: Cue
    cause: Text
    """What happened, for the technician."""
    patient: Text
    """Spoken by the unit, heard by the whole room. May take `tries_left`."""
    desk: Text
    """For the desk to read aloud."""
    next_step: Text
    """What the desk does."""
    fallback: tuple[FallbackDocument, ...] = ()
    never_helps: Text | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """An entry for every reason, a name for every fall-back document."""

    reasons: Mapping[Reason, ReasonEntry]
    documents: Mapping[FallbackDocument, Text]


def parse(text: str, *, source: str = _FILE) -> Catalogue:
    """Build the catalogue from TOML. Raise BadConfig naming the entry and the field that is not right."""
    tables = parse_file(text, source=source, tables=("documents", "reasons"))
    documents = parse_entries(tables["documents"], Text, source=source, table="documents", names=FallbackDocument)
    reasons = parse_entries(tables["reasons"], ReasonEntry, source=source, table="reasons", names=Reason)
    return Catalogue(
        {Reason(code): what for code, what in reasons.items()},
        {FallbackDocument(code): name for code, name in documents.items()},
    )


@cache
def catalogue() -> Catalogue:
    """Return the catalogue that came with the program."""
    return parse(read_file(_FILE))


def entry(reason: Reason) -> ReasonEntry:
    """Return what the catalogue says of `reason`."""
    return catalogue().reasons[reason]


def document_name(document: FallbackDocument, language: str) -> str:
    """Return what `document` is called. Raise ValueError for an unknown language."""
    return catalogue().documents[document].say(language)
