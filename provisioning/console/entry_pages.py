"""How units come in: a list, looked at row by row before anything happens, and the labels with their tickets."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import Route

from device.domain.errors import BadConfig
from provisioning.console.desk import Pages
from provisioning.fleet.deeds import ImportUnits, Newcomer
from provisioning.fleet.entrance import look_at_list
from provisioning.fleet.importing import Problem
from provisioning.fleet.labels import draw_sheets
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import NewUnit
from provisioning.web.visit import Visit

MAX_LIST: Final = 1_048_576
"""Bytes of a list that comes by the page: some 30,000 units."""
SHOWN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPages(Pages):
    """Answers about newcomers."""

    def routes(self) -> list[Route]:
        """Return where they are."""
        signed_in, post = self.gate.signed_in, ["POST"]
        return [
            Route("/import", signed_in(self.page)),
            Route("/import", signed_in(self.bring_in, files=1), methods=post),
            Route("/labels", signed_in(self.labels), methods=post),
        ]

    def page(self, visit: Visit) -> Response:
        """Ask for a list."""
        return self._page(visit)

    def bring_in(self, visit: Visit) -> Response:
        """Look at a list; where it is good and was looked at before, bring its units in."""
        file = visit.form.get("file")
        typed = visit.field("list").replace("\r\n", "\n")
        raw = file.file.read(MAX_LIST + 1) if isinstance(file, UploadFile) and file.size else typed.encode()
        try:
            units, problems = look_at_list(self.fleet, raw, now=visit.now, where=visit.say("the_list"))
        except BadConfig as error:
            return self._page(visit, typed=typed, message=visit.tell(error), status=422)
        text = raw.decode("utf-8-sig")
        if problems or visit.field("really") != "yes":
            status = 422 if problems else 200
            return self._page(visit, typed=text, units=units, problems=problems, looked=True, status=status)
        deed = ImportUnits(
            units=tuple(Newcomer(serial=one.serial, site=one.site, profile=one.profile) for one in units)
        )
        again = lambda words: self._page(visit, typed=text, message=words, status=422)  # noqa: E731
        return self.act(visit, deed, then="/units?face=imported", again=again)

    def labels(self, visit: Visit) -> Response:
        """Give the sheets of labels out; whoever has one can claim its unit, therefore by POST and in the audit."""
        named = visit.field("units").split()

        def draw() -> Response:
            labels = self.counter(visit).labels(named)
            with tempfile.TemporaryDirectory(prefix="labels-") as folder:
                [sheet] = draw_sheets(labels, Path(folder) / "labels.pdf")
                content = sheet.read_bytes()
            headers = {"Content-Disposition": 'attachment; filename="labels.pdf"'}
            return Response(content, media_type="application/pdf", headers=headers)

        return self.attempt(visit, draw, lambda words: self._page(visit, message=words, status=422))

    def _page(
        self,
        visit: Visit,
        *,
        typed: str = "",
        units: list[NewUnit] | None = None,
        problems: list[Problem] | None = None,
        looked: bool = False,
        message: str = "",
        status: int = 200,
    ) -> Response:
        with self.fleet.store.look(visit.now) as work:
            waiting = work.units.counts().get(UnitState.IMPORTED, 0)
        return self.views.page(
            "import.html",
            visit,
            here="/import",
            typed=typed,
            units=units or [],
            problems=problems or [],
            looked=looked,
            shown=SHOWN,
            waiting=waiting,
            message=message,
            status=status,
        )
