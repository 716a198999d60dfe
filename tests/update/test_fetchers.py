"""The repository on a real HTTPS server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import TYPE_CHECKING

import pytest

from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Refusal
from device.drivers.mutual_tls import TlsFiles, client_context
from device.drivers.tuf_source import TufSource
from device.drivers.update_fetchers import BLOCK, HttpsFetcher
from provisioning.pki import SiteAuthority

if TYPE_CHECKING:
    from tests.update.conftest import Publisher, UpdatedUnit


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Elsewhere(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:9/timestamp.json")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Trickle(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * BLOCK)
        self.wfile.flush()
        self.wfile.write(b"x" * BLOCK)

    def log_message(self, *_: object) -> None:
        pass


Serve = Callable[[Callable[..., BaseHTTPRequestHandler]], str]


@pytest.fixture
def serve(authority: SiteAuthority, tmp_path: Path) -> Iterator[Serve]:
    files = authority.issue_server(now=datetime.now(UTC)).write(tmp_path, "server")
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(handler: Callable[..., BaseHTTPRequestHandler]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is the point
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return f"https://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def reading(
    unit: UpdatedUnit, address: str, files: TlsFiles, monotonic_s: Callable[[], float] = lambda: 0.0
) -> Iterator[TufSource]:
    fetcher = HttpsFetcher(client_context(files), unit.shelf.staging, monotonic_s=monotonic_s)
    yield TufSource(root=Path(unit.root), cache=unit.updates / "metadata", address=address, fetcher=fetcher)
    fetcher.close()


def refused(unit: UpdatedUnit, source: TufSource) -> UpdateRefused:
    with pytest.raises(UpdateRefused) as refusal:
        unit.updating.apply(Kind.MODELS, source)
    return refusal.value


def test_any_static_server_carries_a_repository(
    publisher: Publisher, unit: UpdatedUnit, serve: Serve, identity: Callable[[str], TlsFiles]
) -> None:
    publisher.offer(Kind.MODELS, "1.0")
    with reading(unit, serve(partial(Quiet, directory=publisher.public)), identity("unit-1")) as source:
        assert unit.updating.apply(Kind.MODELS, source).version == "1.0"


def test_a_server_of_another_authority_is_not_spoken_to(
    publisher: Publisher, unit: UpdatedUnit, serve: Serve, identity: Callable[[str], TlsFiles], tmp_path: Path
) -> None:
    SiteAuthority.create("stranger", now=datetime.now(UTC)).write(tmp_path)
    ours = identity("unit-1")
    strange = TlsFiles(authority=tmp_path / "authority.cert.pem", certificate=ours.certificate, key=ours.key)
    with reading(unit, serve(partial(Quiet, directory=publisher.public)), strange) as source:
        assert refused(unit, source).refusal is Refusal.UNREACHABLE


def test_a_server_that_sends_elsewhere_is_not_followed(
    unit: UpdatedUnit, serve: Serve, identity: Callable[[str], TlsFiles]
) -> None:
    with reading(unit, serve(Elsewhere), identity("unit-1")) as source:
        said = refused(unit, source)
    assert said.refusal is Refusal.UNREACHABLE
    assert "302" in str(said)


def test_a_server_that_trickles_is_given_up(
    unit: UpdatedUnit, serve: Serve, identity: Callable[[str], TlsFiles]
) -> None:
    hours = iter(range(0, 36_000_000, 3600))
    with reading(unit, serve(Trickle), identity("unit-1"), lambda: float(next(hours))) as source:
        said = refused(unit, source)
    assert said.refusal is Refusal.UNREACHABLE
    assert "too slowly" in str(said)


def test_nobody_there_is_told(unit: UpdatedUnit, identity: Callable[[str], TlsFiles]) -> None:
    with reading(unit, "https://127.0.0.1:9", identity("unit-1")) as source:
        assert refused(unit, source).refusal is Refusal.UNREACHABLE
