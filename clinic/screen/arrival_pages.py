"""The pages of the desk: arrivals as they come, a search, the list of a day, and what a person does about a visit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from clinic.day_list import day_list_csv
from clinic.desk import Desk
from clinic.screen.access_log import AccessLog
from clinic.screen.views import full_width, is_named
from device.domain.errors import Fault
from provisioning.web.gate import Gate
from provisioning.web.live import events
from provisioning.web.views import Views
from provisioning.web.visit import Visit

LOOK_BACK_DAYS: Final = 400

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalPages:
    """Answers for the desk."""

    desk: Desk
    views: Views
    gate: Gate
    log: AccessLog
    fade_after: timedelta
    """Rows that were dealt with leave the screen after this; the list of the day keeps them."""

    def routes(self) -> list[Route]:
        """Return where they are."""
        signed_in = self.gate.signed_in
        return [
            Route("/arrivals", signed_in(self.arrivals)),
            Route("/arrivals/rows", signed_in(self.rows)),
            Route("/events", self.events),
            Route("/search", signed_in(self.search), methods=["POST"]),
            Route("/arrivals/{reception}/name", signed_in(self.name), methods=["POST"]),
            Route("/arrivals/{reception}/attend", signed_in(self.attend), methods=["POST"]),
            Route("/arrivals/{reception}/put-back", signed_in(self.put_back), methods=["POST"]),
            Route("/arrivals/{reception}/accept", signed_in(self.accept), methods=["POST"]),
            Route("/today", signed_in(self.today)),
            Route("/days/{day}", signed_in(self.day)),
        ]

    # --- looking ------------------------------------------------------------------------------------------------------

    def arrivals(self, visit: Visit) -> Response:
        """Return the whole page."""
        self.log.add(visit.who, "arrivals with names" if is_named(visit) else "arrivals", "", visit.now)
        return self.views.page("arrivals.html", visit, here="/arrivals", now=self._current(visit))

    def rows(self, visit: Visit) -> Response:
        """Return what changes on it."""
        return self.views.page("rows.html", visit, now=self._current(visit))

    async def events(self, request: Request) -> Response:
        """Tell the page that there is something new; it asks for it, so nothing personal is in here."""
        return await events(request, self.gate, lambda listen: self.desk.subscribe(lambda _change: listen()))

    def search(self, visit: Visit) -> Response:
        """Return today's visits with these words. By POST: what is searched for stands in no address and no log."""
        self.log.add(visit.who, "search", "", visit.now)
        found = self.desk.search(visit.field("words"), self.desk.today(visit.now), visit.now)
        return self.views.page("found.html", visit, found=found)

    def name(self, visit: Visit) -> Response:
        """Return the name of one visit, for a name that was touched."""
        row = self.desk.arrival(visit.request.path_params["reception"], visit.now)
        if row is None:
            return self._gone(visit)
        self.log.add(visit.who, "name", row.reception, visit.now)
        if visit.in_parts:
            return PlainTextResponse(full_width(row.kana or ""))
        return self.views.page("found.html", visit, found=[row])

    def today(self, visit: Visit) -> Response:
        """Go to the list of today."""
        return RedirectResponse(f"/days/{self.desk.today(visit.now)}", 303)

    def day(self, visit: Visit) -> Response:
        """Return the list of one day, also for printing; with `.csv` behind it as a file."""
        text: str = visit.request.path_params["day"]
        day, today = _parsed(text.removesuffix(".csv")), self.desk.today(visit.now)
        if day is None or not today - timedelta(days=LOOK_BACK_DAYS) <= day <= today:
            return self.views.message(visit, 404, visit.say("not_found"))
        if text.endswith(".csv"):
            self.log.add(visit.who, "day list as CSV", str(day), visit.now)
            return Response(
                day_list_csv(self.desk.arrivals(day, visit.now)),
                media_type="text/csv",
                headers={"Content-Disposition": f'attachment; filename="uketsuke-{day}.csv"'},
            )
        self.log.add(visit.who, "day list with names" if is_named(visit) else "day list", str(day), visit.now)
        return self.views.page(
            "day.html",
            visit,
            here="/today",
            day=day,
            before=day - timedelta(days=1),
            after=day + timedelta(days=1) if day < today else None,
            rows=self.desk.arrivals(day, visit.now),
        )

    # --- doing --------------------------------------------------------------------------------------------------------

    def attend(self, visit: Visit) -> Response:
        """Note that somebody has dealt with a visit."""
        return self._do(visit, "attend", lambda row: self.desk.attend(row, by=visit.who, now=visit.now))

    def put_back(self, visit: Visit) -> Response:
        """Take that back."""
        return self._do(visit, "put back", lambda row: self.desk.put_back(row, now=visit.now))

    def accept(self, visit: Visit) -> Response:
        """Make a late answer the visit's own."""
        return self._do(
            visit, "accept late answer", lambda row: self.desk.accept_late_answer(row, by=visit.who, now=visit.now)
        )

    def _do(self, visit: Visit, what: str, deed: Callable[[str], bool]) -> Response:
        reception: str = visit.request.path_params["reception"]
        try:
            done = deed(reception)
        except Fault as fault:
            log.warning("%s", fault)
            return self.views.message(visit, 503, visit.say("not_kept"))
        if not done:
            return self._gone(visit)
        self.log.add(visit.who, what, reception, visit.now)
        return Response(status_code=204) if visit.in_parts else RedirectResponse("/arrivals", 303)

    # --- what they share ----------------------------------------------------------------------------------------------

    def _current(self, visit: Visit) -> dict[str, object]:
        rows = self.desk.arrivals(self.desk.today(visit.now), visit.now)
        rows.reverse()
        return {
            "units": self.desk.units(visit.now),
            "troubles": self.desk.troubles(),
            "disaster": self.desk.disaster.present(visit.now),
            "can_ask": self.desk.enquiries is not None,
            "waiting": [row for row in rows if row.waits],
            "done": [row for row in rows if row.attended_at and visit.now - row.attended_at < self.fade_after],
        }

    def _gone(self, visit: Visit) -> Response:
        return self.views.message(visit, 404, visit.say("gone"))


def _parsed(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
