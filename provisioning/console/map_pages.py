"""The map of the fleet: every unit by site, as colour, shape and letter; filtered, searched, and current by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from provisioning.console.desk import Pages, as_counted
from provisioning.console.faces import Face, face_of
from provisioning.fleet.store.units import Glance
from provisioning.web.visit import Visit

LISTED: Final = 200
"""What was searched for stands in a list as well, up to this many."""
MANY: Final = 500
"""From here on a page draws the map anew once in a while, not at every change."""
PAUSE_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for; empty: everything."""

    words: str
    face: str
    site: str
    profile: str

    @classmethod
    def of(cls, visit: Visit) -> Filter:
        """Read it from an address."""
        asked = visit.request.query_params
        return cls(*(asked.get(name, "").strip()[:80] for name in ("words", "face", "site", "profile")))

    def takes(self, unit: Glance, face: Face) -> bool:
        """Tell whether a unit is meant."""
        words = self.words.lower()
        return (
            (not words or words in unit.serial.lower() or words in unit.name.lower() or words in unit.site.lower())
            and self.face in {"", face.value}
            and (not self.site or self.site == unit.site)
            and (not self.profile or self.profile == unit.profile)
        )

    @property
    def query(self) -> str:
        """As it stands in an address."""
        fields = {"words": self.words, "face": self.face, "site": self.site, "profile": self.profile}
        return urlencode({name: value for name, value in fields.items() if value})


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPages(Pages):
    """Answers about the whole fleet."""

    def routes(self) -> list[Route]:
        """Return where they are."""
        signed_in = self.gate.signed_in
        return [Route("/units", signed_in(self.page)), Route("/units/rows", signed_in(self.rows))]

    def page(self, visit: Visit) -> Response:
        """Return the whole page."""
        return self._answer("map.html", visit)

    def rows(self, visit: Visit) -> Response:
        """Return what changes on it."""
        return self._answer("map_rows.html", visit)

    def _answer(self, template: str, visit: Visit) -> Response:
        with self.fleet.store.look(visit.now) as work:
            units = work.units.glances()
        wanted = Filter.of(visit)
        known = [(unit, face_of(unit)) for unit in units]
        counts = Counter(face for _, face in known)
        found = [(unit, face) for unit, face in known if wanted.takes(unit, face)]
        return self.views.page(
            template,
            visit,
            here="/units",
            fleet=self.fleet.plan.fleet.name,
            wanted=wanted,
            all_units=len(units),
            counts=[(face.value, counts[face]) for face in Face if counts[face]],
            found=len(found),
            sites=by_site(found),
            listed=found[:LISTED] if wanted.query else [],
            site_names=sorted({unit.site for unit in units if unit.site}, key=as_counted),
            profile_names=sorted({unit.profile for unit in units if unit.profile}),
            pause_ms=PAUSE_MS if len(found) > MANY else 0,
        )


def by_site(units: Sequence[tuple[Glance, Face]]) -> list[tuple[str, list[tuple[Glance, Face]]]]:
    """Return units under their sites, which stand as people count: clinic-2 before clinic-10."""
    sites = [(site, list(group)) for site, group in groupby(units, key=lambda one: one[0].site)]
    return sorted(sites, key=lambda one: as_counted(one[0]))
