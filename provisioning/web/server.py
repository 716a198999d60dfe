"""Serves pages on a thread of its own, over TLS, or in the clear to this machine alone."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from device.domain.errors import BadConfig

STOP_S: Final = 5.0
BACKLOG: Final = 128


@contextmanager
def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    where: str = "[screen]",
    again: str = "make new ones",
) -> Iterator[int]:
    """Serve `app` until the block ends; give the port (another one when 0 was asked for).

    `where` is the configuration's section for errors, `again` what to do about files that do not fit.

    Raise BadConfig when the address cannot be had, the certificate does not fit, or names would cross a network in
    the clear.
    """
    if certificate is None and not is_loopback(host):
        raise BadConfig(f"{host} is not this machine alone: certificate and key are needed", where=f"{where} host")
    config = uvicorn.Config(
        app,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        access_log=False,  # the pages keep a log of their own, which nobody alters unnoticed
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        h11_max_incomplete_event_size=16_384,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,  # pages that listen for changes would never go by themselves
    )
    try:
        config.load()
    except (OSError, ValueError) as error:
        raise BadConfig(f"cannot be used: {error}; {again}", where=f"{where} certificate, key") from error
    with _listening(host, port, where) as listener:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), name="pages", daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(STOP_S)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches `host`."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@contextmanager
def _listening(host: str, port: int, where: str) -> Iterator[socket.socket]:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise BadConfig(f"is no address of this machine: {error}", where=f"{where} host: {host}") from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise BadConfig(f"{host}:{port} cannot be used: {error.strerror}", where=f"{where} port") from error
        listener.listen(BACKLOG)
        yield listener
