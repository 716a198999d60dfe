"""Telling an open page that something changed; it asks for what, so nothing about anybody is in here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from provisioning.web.gate import Gate

HEARTBEAT_S: Final = 15.0
"""Shorter than what proxies and tablets take for a dead line."""

Subscribe = Callable[[Callable[[], None]], Callable[[], None]]
"""Calls a listener at every change, on any thread, until what it returns is called."""


async def events(request: Request, gate: Gate, subscribe: Subscribe) -> Response:
    """Answer with server-sent events for as long as the session lasts."""
    if await run_in_threadpool(gate.session_of, request) is None:
        return PlainTextResponse("", 401)
    return StreamingResponse(_changes(request, gate, subscribe), media_type="text/event-stream")


async def _changes(request: Request, gate: Gate, subscribe: Subscribe) -> AsyncIterator[str]:
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    end = subscribe(lambda: _wake(loop, changed))
    try:
        yield ": here\n\n"
        while await run_in_threadpool(gate.session_of, request) is not None:
            try:
                await asyncio.wait_for(changed.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            changed.clear()  # many changes at once are one look
            yield "event: change\ndata: \n\n"
    finally:
        end()


def _wake(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    loop.call_soon_threadsafe(changed.set)
