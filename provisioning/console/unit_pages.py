"""The page of one unit: how it is, what it is set to, its whole history, and what can be done to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from device.domain.errors import BadConfig
from provisioning.console.desk import Pages
from provisioning.console.faces import face_of
from provisioning.console.history import Told, told
from provisioning.fleet import deeds
from provisioning.fleet.deeds import Deed
from provisioning.fleet.settings import drift
from provisioning.fleet.store.states import NEXT, UnitState
from provisioning.fleet.told_health import told_health
from provisioning.web.visit import Visit

TIMELINE: Final = 200
REACHED: Final = (UnitState.PENDING, UnitState.ACTIVE, UnitState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Setting:
    """One option of a unit's document."""

    key: str
    value: Any
    scope: str
    overridden: bool
    """The unit's own file says something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPages(Pages):
    """Answers about one unit."""

    def routes(self) -> list[Route]:
        """Return where they are."""
        signed_in, post = self.gate.signed_in, ["POST"]
        return [
            Route("/units/{unit}", signed_in(self.page)),
            Route("/units/{unit}/rows", signed_in(self.rows)),
            Route("/units/{unit}", signed_in(self.act_on), methods=post),
            Route("/bundles/{bundle}", signed_in(self.bundle), methods=post),
        ]

    def page(self, visit: Visit, *, message: str = "", status: int = 200) -> Response:
        """Return the whole page."""
        return self._answer("unit.html", visit, message=message, status=status)

    def rows(self, visit: Visit) -> Response:
        """Return what changes on it."""
        return self._answer("unit_rows.html", visit)

    def act_on(self, visit: Visit) -> Response:
        """Do to the unit what the button says."""
        unit: str = visit.request.path_params["unit"]
        deed = _deed(
            visit.field("deed"), unit, visit.field("why").strip(), written_off=visit.field("written_off") != ""
        )
        if deed is None:
            return self.page(visit, message=visit.say("say_why"), status=422)
        again = lambda words: self.page(visit, message=words, status=422)  # noqa: E731
        return self.act(visit, deed, then=f"/units/{unit}", again=again)

    def bundle(self, visit: Visit) -> Response:
        """Give a log bundle out; it is in the audit, therefore by POST."""
        name: str = visit.request.path_params["bundle"]

        def give() -> Response:
            headers = {"Content-Disposition": f'attachment; filename="{name}.log.gz"'}
            return Response(self.counter(visit).bundle(name), media_type="application/gzip", headers=headers)

        return self.attempt(visit, give, lambda words: self.views.message(visit, 404, words))

    def _answer(self, template: str, visit: Visit, *, message: str = "", status: int = 200) -> Response:
        name: str = visit.request.path_params["unit"]
        with self.fleet.store.look(visit.now) as work:
            try:
                unit = work.units.find(name)
            except BadConfig:
                return self.views.message(visit, 404, visit.say("no_such_unit", unit=name))
            if unit.name != name:
                return RedirectResponse(f"/units/{unit.name}", 303)
            glance = work.units.glance(unit.name)
            twin = work.twins.get(unit.name)
            versions = work.twins.versions(unit.name, limit=20)
            certificates = work.certificates.of_unit(unit.name)
            bundles = work.bundles.listed(unit.name)
            entries = work.audit.entries(unit.name, limit=TIMELINE)
        reported = None if unit.twin_report is None else msgspec.json.decode(unit.twin_report)
        local = set() if reported is None else set(reported.get("local", []))
        settings = (
            []
            if twin is None
            else [
                Setting(key, twin.settings[section][option], scope, key in local)
                for key, scope in sorted(twin.origins.items())
                for section, _, option in [key.partition(".")]
            ]
        )
        history: list[Told] = [told(entry, visit) for entry in entries]
        return self.views.page(
            template,
            visit,
            unit=unit,
            face=face_of(glance),
            health=told_health(unit),
            twin=twin,
            versions=versions,
            settings=settings,
            drift=drift(unit, reported),
            certificates=certificates,
            bundles=bundles,
            history=history,
            births=len(unit.births.split()) + (1 if unit.birth_id else 0),
            may_become={state.value for state in NEXT[unit.state]},
            reached=unit.state in REACHED,
            message=message,
            status=status,
        )


def _deed(word: str, unit: str, why: str, *, written_off: bool) -> Deed | None:
    if word == "ask_logs":
        return deeds.AskLogs(unit=unit)
    if word == "ticket":
        return deeds.NewTicket(unit=unit)
    if not why:
        return None
    why = why[:400]
    match word:
        case "quarantine":
            return deeds.Quarantine(unit=unit, why=why)
        case "release":
            return deeds.Release(unit=unit, why=why)
        case "revoke":
            return deeds.Revoke(unit=unit, why=why)
        case "decommission":
            return deeds.Decommission(unit=unit, why=why, written_off=written_off)
        case "clear_alarm":
            return deeds.ClearAlarm(unit=unit, why=why)
        case _:
            return None
