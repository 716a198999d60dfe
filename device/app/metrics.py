"""The unit's figures for Prometheus, on this machine only. Names are stable; nothing of a visitor is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from device.app.snapshot import Snapshot
from device.domain.errors import BadConfig

LOOPBACK = "127.0.0.1"


class UnitCollector:
    """Asks the unit whenever it is scraped."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        now = self._snapshot()
        info = GaugeMetricFamily("uketsuke_unit_info", "The unit.", labels=["unit", "version", "simulated"])
        info.add_metric([now.unit, now.version, str(now.simulated).lower()], 1)
        yield info
        yield GaugeMetricFamily("uketsuke_ready", "1 while every part works.", now.state == "ready")
        yield GaugeMetricFamily("uketsuke_uptime_seconds", "Since the start.", now.uptime_s)
        yield GaugeMetricFamily("uketsuke_line_up", "1 while the clinic's broker is there.", now.line_up)
        yield GaugeMetricFamily("uketsuke_visit_active", "1 while somebody is here.", now.visit != "idle")
        yield GaugeMetricFamily("uketsuke_clock_trusted", "1 once a time service set the clock.", now.clock_trusted)
        if now.waiting_results is not None:
            yield GaugeMetricFamily(
                "uketsuke_results_waiting", "Results without the clinic's receipt.", now.waiting_results
            )
        troubles = GaugeMetricFamily(
            "uketsuke_part_trouble_seconds", "For how long a part does not work.", labels=["part", "reason"]
        )
        for one in now.troubles:
            troubles.add_metric([one.part, one.reason], one.for_s)
        yield troubles
        visits = CounterMetricFamily("uketsuke_visits", "Visits by how they ended.", labels=["reason"])
        for reason, count in now.visits.items():
            visits.add_metric([reason], count)
        yield visits
        dropped = CounterMetricFamily("uketsuke_messages_dropped", "Messages without effect.", labels=["cause"])
        for cause, count in now.dropped.items():
            dropped.add_metric([cause], count)
        yield dropped
        if now.memory_kb is not None:
            yield GaugeMetricFamily("uketsuke_memory_bytes", "Resident memory.", now.memory_kb * 1024)
        if now.cpu_s is not None:
            yield CounterMetricFamily("uketsuke_cpu_seconds", "Processor time of the unit's process.", now.cpu_s)
        if now.checkup is not None:
            findings = GaugeMetricFamily("uketsuke_finding", "What the last examination found.", labels=["code"])
            for code in now.checkup.codes:
                findings.add_metric([code], 1)
            yield findings


def serve_metrics(port: int, snapshot: Callable[[], Snapshot]) -> Callable[[], None]:
    """Answer scrapes at 127.0.0.1:`port` from a thread of its own; return what ends that. Raise BadConfig."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(UnitCollector(snapshot))
    try:
        server, thread = start_http_server(port, addr=LOOPBACK, registry=registry)
    except OSError as error:
        raise BadConfig(f"{LOOPBACK}:{port} cannot be had: {error.strerror}", where="[upkeep] metrics_port") from error

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5.0)

    return close
