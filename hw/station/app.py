"""The station's page: Starlette, on this machine, without anything from elsewhere."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from hw.plans import PLANS
from hw.report import PAGES, page_environment
from hw.rig.by_hand import Answer
from hw.station.desk import StationDesk
from hw.wish import Refused

_RECORD: Final = re.compile(r"[0-9a-f]{32}")
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
REPORT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""A report brings its own style and pictures, and runs nothing."""


def build_station(desk: StationDesk, *, hosts: tuple[str, ...] = ("127.0.0.1", "localhost")) -> Starlette:
    """Return the page of a desk, for requests to these hosts alone."""
    pages = StationPages(desk)
    return Starlette(
        routes=[
            Route("/", pages.page),
            Route("/state", pages.state),
            Route("/start", pages.start, methods=["POST"]),
            Route("/answer", pages.answer, methods=["POST"]),
            Route("/report/{record}", pages.report),
            Mount("/static", StaticFiles(directory=PAGES / "static")),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
    )


class StationPages:
    """What is to be had at each address."""

    def __init__(self, desk: StationDesk) -> None:
        self._desk = desk
        self._template = page_environment().get_template("station.html")

    async def page(self, _request: Request) -> Response:
        """The page itself; everything that changes comes from `state`."""
        page = self._template.render(plans=PLANS.values(), station=self._desk.station.name)
        return HTMLResponse(page, headers=HEADERS)

    async def state(self, request: Request) -> Response:
        """What is shown, unless it was seen already."""
        shown = self._desk.snapshot()
        if request.query_params.get("seen") == str(shown["version"]):
            return Response(status_code=204, headers=HEADERS)
        return JSONResponse(shown, headers=HEADERS)

    async def start(self, request: Request) -> Response:
        """Begin a run; 409 with the reason where that cannot be."""
        if _is_foreign(request):
            return Response(status_code=403, headers=HEADERS)
        form = {key: str(value) for key, value in (await request.form()).items()}
        try:
            self._desk.start(serial=form.get("serial", ""), tester=form.get("tester", ""), plan=form.get("plan", ""))
        except Refused as refused:
            return JSONResponse({"ja": refused.text.ja, "en": refused.text.en}, status_code=409, headers=HEADERS)
        return Response(status_code=204, headers=HEADERS)

    async def answer(self, request: Request) -> Response:
        """Answer the question of a number."""
        if _is_foreign(request):
            return Response(status_code=403, headers=HEADERS)
        form = await request.form()
        number, said = str(form.get("id", "")), str(form.get("answer", ""))
        if not number.isdecimal() or said not in {each.value for each in Answer}:
            return Response(status_code=400, headers=HEADERS)
        self._desk.answer(int(number), Answer(said))
        return Response(status_code=204, headers=HEADERS)

    async def report(self, request: Request) -> Response:
        """The report of a record of this station."""
        record = request.path_params["record"]
        path = self._desk.station.folder / "reports" / f"{record}.html"
        if not _RECORD.fullmatch(record) or not path.exists():
            return Response(status_code=404, headers=HEADERS)
        headers = {**HEADERS, "Content-Security-Policy": REPORT_POLICY}
        return HTMLResponse(path.read_text(encoding="utf-8"), headers=headers)


def _is_foreign(request: Request) -> bool:
    """Tell whether another site's page sends it in the tester's name."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
