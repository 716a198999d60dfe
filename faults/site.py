"""A real site: mosquitto, the clinic's own program, a unit as a process, and the proxies between unit and broker."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import msgspec

from clinic.keys import make_key_pair
from clinic.record import VisitRecord
from clinic.site.loopback import loopback_config
from clinic.store_file import read_records
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.wire.freshness import expiry
from device.wire.services import CONSUMER
from faults.history import History, Promised, Taken
from faults.meddler import Identities, Meddler
from faults.proxy import TcpProxy
from faults.unit import files_in
from faults.wall_clock import WallClock
from faults.world import UNIT
from provisioning.broker import Branch
from provisioning.mosquitto import RunningBroker, run_mosquitto
from provisioning.pki import IdentityFiles, SiteAuthority

PATIENCE_S: Final = 60.0
"""Longer than any repetition that a fault can make necessary here."""


class UnitProcess:
    """The unit's process in its present life."""

    def __init__(self, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        """Start it, with these words added to its environment."""
        self._child = subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", "faults.unit", str(folder), str(port)],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.news: queue.SimpleQueue[tuple[float, list[str]]] = queue.SimpleQueue()
        """Time of arrival and the words."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def report(self, name: str) -> None:
        """Let one visit end."""
        if self._child.stdin is not None:
            self._child.stdin.write(f"report {name}\n")
            self._child.stdin.flush()

    def kill(self) -> None:
        """Take its power away."""
        self._child.kill()
        self._end()

    def stop(self) -> None:
        """Let it end in order."""
        with contextlib.suppress(BrokenPipeError):
            if self._child.stdin is not None:
                self._child.stdin.close()
        try:
            self._child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._end()

    def _end(self) -> None:
        self._child.wait()
        self._reader.join()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _read(self) -> None:
        if self._child.stdout is not None:
            for line in self._child.stdout:
                self.news.put((time.monotonic(), line.split(maxsplit=2)))


class Site:
    """Everything running, and the history of it."""

    def __init__(self, folder: Path, *, meddling: bool = False, shifting: bool = False) -> None:
        """Make keys and files; nothing runs before `with`.

        `meddling` puts the hostile front before the broker, `shifting` the unit's clock of the day into our hands.
        """
        self.folder = folder
        self.history = History()
        self.meddling = meddling
        self.wall_clock = WallClock(folder / "wall-clock") if shifting else None
        now = datetime.now(UTC)
        authority = SiteAuthority.create("faults", now=now)
        authority.write(folder)
        self._server = authority.issue_server(now=now).write(folder, "broker")
        for name in (CONSUMER, UNIT):
            authority.issue_client(name, now=now).write(folder, name)
        make_key_pair(folder)
        self._running = contextlib.ExitStack()
        self._broker_life = contextlib.ExitStack()
        self._number = 0
        self._promised: set[str] = set()
        self._received: dict[str, float] = {}
        """Named in a receipt; it may be told before the promise, which another thread of the unit tells."""
        self._waiting: set[str] = set()
        """What a unit found in its outbox when it was switched on."""

    def __enter__(self) -> Self:
        self._running.callback(self._broker_life.close)
        self.broker = self._start_broker(None)
        (self.folder / "clinic.toml").write_text(loopback_config(self.broker.port), encoding="utf-8")
        self.clinic = self._running.enter_context(_run_clinic(self.folder))
        self.proxy = self._running.enter_context(contextlib.closing(TcpProxy(self.broker.port)))
        self.meddler: Meddler | None = None
        if self.meddling:
            identities = Identities(self._server.certificate, self._server.key, files_in(self.folder))
            self.meddler = self._running.enter_context(contextlib.closing(Meddler(self.proxy.port, identities)))
        self.unit = self.new_unit()
        self._running.callback(self._stop_unit)
        self.wait_for("up")
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def new_unit(self) -> UnitProcess:
        """Switch the unit on."""
        environment = self.wall_clock.environment() if self.wall_clock else {}
        return UnitProcess(self.folder, self.meddler.port if self.meddler else self.proxy.port, environment)

    def _stop_unit(self) -> None:
        # The unit of that moment: it may have had several lives.
        self.unit.stop()

    def report(self, count: int) -> str:
        """Let visits end, and wait until each is promised; return the name of the last."""
        names = []
        for _ in range(count):
            self._number += 1
            names.append(f"message-{self._number:06}")
            self.history.attempted.add(names[-1])
            self.unit.report(names[-1])
        for name in names:
            self.wait_for("promised", name)
        return names[-1]

    def wait_for(self, what: str, name: str | None = None) -> float:
        """Return when it was said. Raise Fault when it is not said in time."""
        for at, words in self._news(f"{what} {name or ''}"):
            if words[0] == what and (name is None or words[1] == name):
                return at
        raise AssertionError  # news have no end

    def believes_broker(self) -> bool:
        """Cut the line; return whether the unit comes back, or finds the broker's certificate to be of another time."""
        self.proxy.cut()
        for _, words in self._news("up"):
            if words[0] == "up":
                return True
            if words[0] == "down" and "certificate" in words[-1]:
                return False
        raise AssertionError

    def _news(self, awaited: str) -> Iterator[tuple[float, list[str]]]:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                at, words = self.unit.news.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise Fault(f"the unit never said {awaited}", part="unit", reason=Reason.INTERNAL_FAULT) from None
            self._note(at, words)
            yield at, words

    def receipt_of(self, name: str) -> float:
        """Return when the receipt of this result came."""
        while name not in self._received:
            self.wait_for("receipt")
        return self._received[name]

    def settle(self) -> None:
        """Wait until every promised result has its receipt."""
        while self.is_open:
            self.wait_for("receipt")

    @property
    def is_open(self) -> bool:
        """Whether some result has no receipt yet."""
        return not self._promised <= self._received.keys()

    def _note(self, at: float, words: list[str]) -> None:
        match words:
            case ["promised", name, number]:
                self.history.entries.append(Promised(name, int(number)))
                self._promised.add(name)
            case ["receipt", name, _]:
                self._received.setdefault(name, at)
            case ["waiting", name]:
                self._waiting.add(name.strip())
            case ["on"]:
                # Killed between the deletion and the word of it. Whether the clinic has it, the history tells.
                for name in self._promised - self._received.keys() - self._waiting:
                    self._received[name] = at
                self._waiting.clear()
            case _:
                pass

    # --- the broker ---

    def kill_broker(self) -> None:
        """SIGKILL: no queue is saved any more."""
        os.kill(self.broker.pid, signal.SIGKILL)
        self._broker_life.close()

    def stop_broker(self) -> None:
        """End it in order."""
        self._broker_life.close()

    def forget(self) -> None:
        """Delete everything that the broker has saved."""
        for file in (self.folder / "broker" / "data").iterdir():
            file.unlink()

    def start_broker(self) -> None:
        """Let it come back at the same place."""
        self.broker = self._start_broker(self.broker.port)

    def _start_broker(self, port: int | None) -> RunningBroker:
        return self._broker_life.enter_context(
            run_mosquitto(
                self.folder / "broker",
                branch=Branch.SIMULATION,
                authority=self.folder / "authority.cert.pem",
                identity=IdentityFiles(key=self._server.key, certificate=self._server.certificate),
                port=port,
            )
        )

    # --- the end ---

    def finish(self) -> History:
        """Wait for every receipt, and return the history with what the clinic's store holds."""
        self.settle()
        for record in read_records(self.folder / "clinic.sqlite"):
            told = msgspec.json.decode(record, type=VisitRecord)
            # Until when its copy counted is not in the store: here the program's own judgement of that stands.
            fresh = expiry(told.received_at)
            self.history.entries.append(Taken(told.message_id, told.sequence, fresh, told.received_at))
        return self.history


@contextlib.contextmanager
def _run_clinic(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "clinic.cli", "run", "--config", str(folder / "clinic.toml")]
    with (
        (folder / "clinic.log").open("wb") as words,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, stdin=subprocess.DEVNULL) as child,  # noqa: S603  our own program
    ):
        try:
            if child.stdout is None or not child.stdout.readline().startswith(b"ready"):
                raise Fault("the clinic's program did not start", part="clinic", reason=Reason.SERVICE_UNREACHABLE)
            yield child
        finally:
            child.send_signal(signal.SIGCONT)
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
