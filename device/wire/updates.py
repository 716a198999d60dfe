"""What an update is, in words that publisher and unit share: kinds, versions, what a signed target says of itself.

A target's name follows from what it says of itself, so a signed name can lead nowhere else. Why a unit refuses an
update has a code and a sentence in every language (`updates.toml`).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Final

from msgspec import Meta, Struct

from device.domain.updates import ANY_PLATFORM, VERSION_PATTERN, Kind, Refusal, target_name
from device.wire.texts import Text, parse_entries, parse_file, read_file

_FILE = "updates.toml"

PLATFORM_PATTERN: Final = r"^[a-z0-9_]{1,60}$(?!\n)"

Version = Annotated[str, Meta(pattern=VERSION_PATTERN)]
"""Two to four numbers: `0.2.0`, `2026.11.1`. Compared as numbers, see `order`."""
Platform = Annotated[str, Meta(pattern=PLATFORM_PATTERN)]
"""What a bundle runs on, e.g. `linux_aarch64_cp311`; `any` where it holds no machine code."""

MAX_ARCHIVE_BYTES: Final = 512 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
MAX_FILES: Final = 20_000
"""What no honest update comes near; both sides hold to it."""


class About(Struct, frozen=True, kw_only=True):
    """What a signed target says of itself (its `custom` field). Unknown fields are ignored."""

    kind: Kind
    version: Version
    platform: Platform = ANY_PLATFORM
    minimum: Version | None = None
    """The oldest version from which it can be taken; older units need one in between. None: any."""
    unpacked: Annotated[int, Meta(ge=1, le=MAX_UNPACKED_BYTES)]
    """Bytes of all files together, after unpacking."""
    files: Annotated[int, Meta(ge=1, le=MAX_FILES)]
    reason: Text
    """What changes and why, for people."""
    released_at: Annotated[datetime, Meta(tz=True)]
    """When it was signed with the offline keys: a unit without a clock knows that it is not earlier than this."""

    @property
    def target(self) -> str:
        """The only name that a target of this content may have."""
        return target_name(self.kind, self.version, self.platform)


class RefusalEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of a refusal."""

    cause: Text
    next_step: Text


@cache
def refusals() -> dict[Refusal, RefusalEntry]:
    """Return what is said of each refusal."""
    entries = parse_file(read_file(_FILE), source=_FILE, tables=("refusals",))["refusals"]
    parsed = parse_entries(entries, RefusalEntry, source=_FILE, table="refusals", names=Refusal)
    return {Refusal(name): entry for name, entry in parsed.items()}
