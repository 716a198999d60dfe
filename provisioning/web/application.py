"""Puts pages together: routes behind walls, static files, and what is said when something is not there."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount

from provisioning.web.gate import Gate
from provisioning.web.walls import STYLE, KeptFiles, Walls
from provisioning.web.words import Words, language_of

log = logging.getLogger(__name__)


def build_application(
    routes: Sequence[BaseRoute],
    *,
    package: str,
    gate: Gate,
    words: Words,
    hosts: Sequence[str],
    secure: bool,
    larger: Mapping[str, int] | None = None,
) -> Starlette:
    """Return the pages of a package, ready to be served.

    `hosts` are names and addresses under which browsers may ask; others are turned away (DNS rebinding). `secure` says
    that they are served over TLS, `larger` which paths take more bytes than a form has.
    """

    async def not_so(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return await run_in_threadpool(gate.turn_away, request, status, "not_found")

    async def gone(_request: Request, _error: Exception) -> Response:
        return PlainTextResponse("", 400)

    async def trouble(request: Request, error: Exception) -> Response:
        # The text of an unforeseen error may quote what was being shown. A page may fail as well: the base is at fault.
        log.error("%s: %s at %s", package, type(error).__name__, request.scope.get("route"))
        return PlainTextResponse(words.say("trouble", language_of(request.cookies)), 500)

    return Starlette(
        routes=[
            *routes,
            Mount("/static", KeptFiles(packages=[(package, "static")])),
            Mount("/style", KeptFiles(packages=[(STYLE, "static")])),
        ],
        middleware=[
            Middleware(Walls, secure=secure, larger=larger),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        exception_handlers={HTTPException: not_so, ClientDisconnect: gone, Exception: trouble},
    )
