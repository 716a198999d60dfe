"""A site that `init` would make, with its broker running where a test asks for it."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clinic.site.create import create_site
from clinic.site.doctor import examine
from clinic.site.finding import Finding
from clinic.site.plan import BrokerSection, Places, SitePlan, SiteSection
from provisioning.mosquitto import RunningBroker, find_mosquitto, run_configured


@pytest.fixture
def now() -> datetime:
    # TLS asks the real clock.
    return datetime.now(UTC)


@pytest.fixture
def plan() -> SitePlan:
    with ExitStack() as sockets:
        ports = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(2)]
    account = pwd.getpwuid(os.geteuid()).pw_name
    return SitePlan(
        site=SiteSection(name="test-clinic", branch="simulation", institution_code="1399999999"),
        broker=BrokerSection(
            host="127.0.0.1", address="127.0.0.1", port=ports[0], admin_port=ports[1], account=account
        ),
    )


@pytest.fixture
def places(tmp_path: Path, plan: SitePlan, now: datetime) -> Places:
    return create_site(tmp_path / "site", plan, now=now)


@pytest.fixture
def running(places: Places, plan: SitePlan, tmp_path: Path) -> Callable[[], AbstractContextManager[RunningBroker]]:
    """Run the broker with the configuration as it lies there."""

    @contextmanager
    def run() -> Iterator[RunningBroker]:
        site = places.site_broker(plan)
        with run_configured(find_mosquitto(), places.broker_config, tmp_path / "mosquitto.log", site) as broker:
            yield broker

    return run


@pytest.fixture
def findings(places: Places, now: datetime) -> Callable[..., list[Finding]]:
    """What the doctor has to complain of, without notices."""

    def look(*, at: datetime = now, connect: bool = False) -> list[Finding]:
        return [finding for finding in examine(places.folder, now=at, connect=connect) if finding.severity]

    return look
