"""Somebody who has the fleet's page open: signs in over TLS, listens for changes, and asks for what changed."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import threading
import time
from email.message import Message
from pathlib import Path
from typing import Self
from urllib.parse import urlencode, urlsplit

from device.domain.errors import Fault
from device.domain.reasons import Reason

TIMEOUT_S = 60.0


class PageReader:
    """One open map. It is as current as a browser's would be: nothing is asked for unless the page says so."""

    def __init__(self, address: str, authority: Path, *, name: str, password: str) -> None:
        """Sign in. Raise Fault when the page does not answer or does not let in."""
        there = urlsplit(address)
        self._host, self._port = there.hostname or "", there.port or 443
        self._context = ssl.create_default_context(cafile=str(authority))
        self._cookie = ""
        self._cookie = self._sign_in(name, password, origin=address)
        self._faces: dict[str, str] = {}
        self._changed = threading.Condition()
        self._line = self._connection()
        self._closing = False
        self._thread = threading.Thread(target=self._listen, name="page reader", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        if self._line.sock is not None:
            self._line.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(TIMEOUT_S)
        self._line.close()

    def wait_for(self, unit: str, face: str) -> float:
        """Return when (monotonic, in seconds) the map showed a unit with this face. Raise Fault when it never does."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._faces.get(unit) == face, TIMEOUT_S):
                raise Fault(f"the page never showed {unit} as {face}", part="page", reason=Reason.INTERNAL_FAULT)
            return time.monotonic()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # the end of it comes from within, by `__exit__`
            self._line.request("GET", "/events", headers={"Cookie": self._cookie})
            for line in self._line.getresponse():
                if self._closing:
                    return
                # The first line says that it is listened to; whatever changed before is looked at then.
                if line.startswith((b"event: change", b": here")):
                    self._look()

    def _look(self) -> None:
        _, text = self._ask("GET", "/units/rows")
        with self._changed:
            self._faces = {unit: face for face, unit in re.findall(r'face-(\w+)" id="cell-([^"]+)"', text)}
            self._changed.notify_all()

    def _sign_in(self, name: str, password: str, *, origin: str) -> str:
        form = urlencode({"name": name, "password": password})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
        said, _ = self._ask("POST", "/sign-in", form, headers)
        cookie = said.get("Set-Cookie", "").partition(";")[0]
        if not cookie:
            raise Fault("the page does not let in", part="page", reason=Reason.INTERNAL_FAULT)
        return cookie

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[Message, str]:
        with contextlib.closing(self._connection()) as connection:
            try:
                connection.request(method, path, body, {**(headers or {}), "Cookie": self._cookie})
                answer = connection.getresponse()
                return answer.headers, answer.read().decode()
            except OSError as error:
                raise Fault(f"does not answer: {error}", part="page", reason=Reason.INTERNAL_FAULT) from error

    def _connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, self._port, context=self._context, timeout=TIMEOUT_S)
