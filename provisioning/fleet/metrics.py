"""The fleet's figures as Prometheus reads them, on this machine's loopback alone. Nothing in them is about a person."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.request import urlopen

from device.domain.errors import Fault, UketsukeError
from device.domain.reasons import Reason
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import Unit

PREFIX = "uketsuke_fleet"
READ_TIMEOUT_S = 10.0

log = logging.getLogger(__name__)


def figures(fleet: Fleet, counts: Mapping[str, int]) -> str:
    """Return the page: the store's facts, and what this process dealt with."""
    now = utc_now()
    with fleet.store.look(now) as work:
        states, sites = work.units.counts(), work.units.sites()
        units = work.units.listed()
        head = work.audit.head().number
        failures = len(work.failures.listed())
    lines = [
        *_metric("units", "gauge", "Units by state.", {f'state="{s}"': states.get(s, 0) for s in UnitState}),
        *_metric(
            "site_units",
            "gauge",
            "Units by site and state.",
            {f'site="{site}",state="{state}"': n for site, by in sites.items() for state, n in by.items()},
        ),
        *_metric("units_online", "gauge", "Units whose line is up.", {"": sum(unit.online for unit in units)}),
        *_metric("units_alarmed", "gauge", "Units to look at.", {"": sum(unit.alarm is not None for unit in units)}),
        *_metric("jobs_failing", "gauge", "Jobs that failed at their last turn.", {"": failures}),
        *_metric("units_drifted", "gauge", "Units with other settings than wanted.", {"": sum(map(_drifts, units))}),
        *_metric("certificate_days_left", "gauge", "Of the certificate that runs out first.", _days(units)),
        *_metric("audit_entries", "counter", "Entries of the audit.", {"": head}),
        *_metric(
            "messages_total",
            "counter",
            "Messages and jobs that this process dealt with.",
            {f'kind="{kind}"': number for kind, number in sorted(counts.items())},
        ),
    ]
    return "\n".join(lines) + "\n"


def _metric(name: str, kind: str, words: str, values: Mapping[str, float]) -> Iterator[str]:
    yield f"# HELP {PREFIX}_{name} {words}"
    yield f"# TYPE {PREFIX}_{name} {kind}"
    for labels, value in values.items():
        yield f"{PREFIX}_{name}{'{' + labels + '}' if labels else ''} {value}"


def _drifts(unit: Unit) -> bool:
    return unit.state in {UnitState.ACTIVE, UnitState.QUARANTINED} and unit.twin_reported != unit.twin_version


def _days(units: list[Unit]) -> dict[str, float]:
    ends = [
        unit.certificate_until
        for unit in units
        if unit.certificate_until is not None and unit.state in {UnitState.ACTIVE, UnitState.QUARANTINED}
    ]
    return {"": (min(ends) - utc_now()).total_seconds() / 86_400} if ends else {}


class MetricsServer:
    """Answers Prometheus."""

    def __init__(self, page: Callable[[], str], port: int) -> None:
        """Raise Fault (part `metrics`) when the port is taken; 0 chooses a free one."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/metrics":
                    self.send_error(404)
                    return
                try:
                    body = page().encode()
                except UketsukeError as error:
                    self.send_error(503, str(error))
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: Prometheus comes every few seconds."""

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise Fault(
                f"127.0.0.1:{port}: {error.strerror}; set [service] metrics_port, or 0",
                part="metrics",
                reason=Reason.INTERNAL_FAULT,
            ) from error
        self._server.daemon_threads = True
        self.address, self.port = str(self._server.server_address[0]), int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def merged(*counts: Mapping[str, int]) -> Counter[str]:
    """Return several workers' counts as one."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def read_metrics(port: int) -> dict[str, float]:
    """Return the figures that a process of ours gives, by name and labels. Raise Fault when it does not answer."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=READ_TIMEOUT_S) as answer:
            text = answer.read().decode()
    except OSError as error:
        raise Fault(f"no figures at port {port}: {error}", part="metrics", reason=Reason.INTERNAL_FAULT) from error
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}
