"""What every section of the configuration has in common, and the shapes of values that several have."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(gt=0, le=600)]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section: no option that it does not know, no value that may change."""

    # A default that is a path, or a section that has one, comes from a factory: the schema cannot spell a Path.
