"""Settings that several units share, in layers: the fleet's, a profile's, a site's, one unit's. The later one wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from device.wire.texts import Text
from provisioning.fleet.store.tables import PROFILES
from provisioning.web.refusals import NotRightError

FLEET = "fleet"
_CHANGED = Text(
    ja="その間に{who}が変更しました(第{version}版)。見直してから送ってください。",
    en="{who} changed it meanwhile: it is at version {version}. Look again, then decide",
)
Settings = dict[str, dict[str, Any]]
"""Section to option to value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer in its newest version; version 0 is empty and was never written."""

    scope: str
    version: int
    settings: Settings
    made_at: datetime | None = None
    made_by: str = ""
    why: str = ""

    def changed(self) -> NotRightError:
        """Return what to tell somebody who looked at an earlier version."""
        return NotRightError(_CHANGED, where=self.scope, who=self.made_by, version=self.version)


def scopes_of(*, unit: str, site: str, profile: str) -> list[str]:
    """Return the layers that make up a unit's settings, the weakest first."""
    return [
        FLEET,
        *([f"profile/{profile}"] if profile else []),
        *([f"site/{site}"] if site else []),
        f"unit/{unit}",
    ]


def merged(layers: Iterable[Layer]) -> tuple[Settings, dict[str, str]]:
    """Return what layers come to, and which layer set each `section.option`."""
    settings: Settings = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for section, options in layer.settings.items():
            for option, value in options.items():
                settings.setdefault(section, {})[option] = value
                origins[f"{section}.{option}"] = layer.scope
    return settings, origins


class ProfileVerbs:
    """Reads and writes layers."""

    def __init__(self, base: Connection, *, now: datetime, actor: str) -> None:
        self._base = base
        self._now = now
        self._actor = actor

    def get(self, scope: str, version: int | None = None) -> Layer:
        """Return a layer, in its newest version or that one."""
        asked = select(PROFILES).where(PROFILES.c.scope == scope).order_by(PROFILES.c.version.desc()).limit(1)
        if version is not None:
            asked = asked.where(PROFILES.c.version == version)
        row = self._base.execute(asked).first()
        if row is None:
            return Layer(scope=scope, version=0, settings={})
        values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
        return Layer(**(values | {"settings": msgspec.json.decode(values["settings"])}))

    def put(self, scope: str, settings: Settings, *, expected: int, why: str) -> Layer:
        """Write a layer's next version. Raise NotRightError when it is not at version `expected` any more."""
        there = self.get(scope)
        if there.version != expected:
            raise there.changed()
        layer = Layer(
            scope=scope,
            version=expected + 1,
            settings=settings,
            made_at=self._now,
            made_by=self._actor,
            why=why,
        )
        row = {field: getattr(layer, field) for field in Layer.__slots__}
        row["settings"] = msgspec.json.encode(settings, order="sorted").decode()
        self._base.execute(insert(PROFILES).values(**row))
        return layer

    def scopes(self) -> list[str]:
        """Return every layer that was ever written."""
        return list(self._base.execute(select(PROFILES.c.scope).distinct().order_by(PROFILES.c.scope)).scalars())
