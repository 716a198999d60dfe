"""Around everything: bounds on what comes in, headers on what goes out, and where static files are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY: Final = 16_384
"""Bytes: the longest form has two passwords."""
STYLE: Final = "provisioning.web"
"""The package whose static files every page shares."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers would then send no origin with our own forms either.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Walls:
    """Every request passes them."""

    def __init__(self, app: ASGIApp, *, secure: bool, larger: Mapping[str, int] | None = None) -> None:
        """`larger` says which paths take more bytes than a form has."""
        self._app = app
        self._headers = dict(HEADERS)
        self._larger = larger or {}
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], MAX_BODY)
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdecimal() or int(said) > limit:
            await PlainTextResponse("too long", 413)(scope, receive, send)
            return
        heard = 0

        async def bounded() -> Message:
            nonlocal heard
            message = await receive()
            heard += len(message.get("body", b""))
            if heard > limit:
                # Whoever sends more than a form holds is no browser of ours: the rest is not read.
                return {"type": "http.disconnect"}
            return message

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, bounded, marked)


class KeptFiles(StaticFiles):
    """Static files, kept by browsers for good: their addresses change with what is in them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with a long life."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


@cache
def static_address(name: str, package: str = STYLE) -> str:
    """Return where a static file is; another file has another address, so browsers may keep it for good."""
    data = (resources.files(package) / "static" / name).read_bytes()
    place = "style" if package == STYLE else "static"
    return f"/{place}/{name}?v={hashlib.sha256(data).hexdigest()[:12]}"
