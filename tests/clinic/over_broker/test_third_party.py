"""The lines of docs/consumer.md, run as somebody else's program against a real broker; and the examples."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from clinic.changes import Change
from clinic.consumer import Visit, open_consumer
from clinic.health import Trouble
from clinic.record import VisitRecord
from clinic.store import Store
from device.domain.errors import BadConfig
from device.domain.reasons import Reason
from examples.fhir import into, response
from examples.webhook import post_to

if TYPE_CHECKING:
    from tests.clinic.conftest import ClinicFolder
    from tests.clinic.over_broker.conftest import Site

pytestmark = pytest.mark.broker

PAGE = Path(__file__).parents[3] / "docs" / "consumer.md"
PATIENCE_S = 10.0
TARO = 1001
RECEPTION = f"{1:032x}"


def ten_lines() -> str:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def consumer_alone(site: Site) -> None:
    """Leave the configuration of a third party: no gateway, a store of its own."""
    text = without("gateway", site.clinic.config.read_text())
    site.clinic.config.write_text(text.replace("clinic.sqlite", "theirs.sqlite"))


def without(section: str, text: str) -> str:
    """Leave a section of a configuration out."""
    return re.sub(rf"(?ms)^\[{section}\]$.*?(?=^\[|\Z)", "", text)


def test_the_ten_lines_in_the_documents_take_a_visit_once(site_with_broker: Site) -> None:
    site = site_with_broker
    consumer_alone(site)
    assert len([line for line in ten_lines().splitlines() if line.strip()]) <= 10
    # Known to the broker from an earlier day, so that what comes before it is ready waits for it.
    with open_consumer(site.clinic.config, "my-system", lambda _visit: None) as earlier:
        assert earlier.wait_until_ready(PATIENCE_S)
    unit = site.unit()
    command = [sys.executable, "-c", ten_lines(), str(site.clinic.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            assert unit.report(unit.result(reason=Reason.CARD_REMOVED)).disposition == "stored"
            assert program.stdout.readline() == f"{RECEPTION} card_removed None\n"
            assert unit.report(unit.result(reason=Reason.CARD_REMOVED)).disposition == "duplicate"
            assert unit.report(unit.result(2, reception="b" * 32, reason=Reason.CANCELLED)).disposition == "stored"
            assert program.stdout.readline() == f"{'b' * 32} cancelled None\n"
        finally:
            program.kill()


def test_a_visit_that_was_not_saved_comes_again_and_the_unit_has_its_receipt(
    site_with_broker: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site = site_with_broker
    consumer_alone(site)
    saved: list[str] = []
    stumbled, both = threading.Event(), threading.Event()

    def stumble_once(visit: Visit) -> None:
        if not stumbled.is_set():
            stumbled.set()
            raise ConnectionError("診療 太郎 is not taken today")
        saved.append(visit.record.reception)
        if len(saved) == 2:
            both.set()

    unit = site.unit()
    with open_consumer(site.clinic.config, "moody", stumble_once) as consumer:
        assert consumer.wait_until_ready(PATIENCE_S)
        assert unit.report(unit.result()).disposition == "stored"
        assert stumbled.wait(PATIENCE_S)
        # The next visit makes it look again at once; it brings the first one with it.
        assert unit.report(unit.result(2, reception="b" * 32)).disposition == "stored"
        assert both.wait(PATIENCE_S)
    assert saved == [RECEPTION, "b" * 32]
    assert "診療" not in caplog.text


def test_two_services_under_one_name_are_told_apart_from_a_lost_line(site_with_broker: Site) -> None:
    site = site_with_broker
    first = site.open_clinic()
    assert first.desk is not None
    desk, heard = first.desk, threading.Event()

    def look(_change: Change) -> None:
        if any(row.trouble is Trouble.TAKEN_OVER for row in desk.troubles()):
            heard.set()

    desk.subscribe(look)
    consumer_alone(site)

    with open_consumer(site.clinic.config, "second", lambda _visit: None) as second:
        assert second.wait_until_ready(PATIENCE_S)
        assert heard.wait(2 * PATIENCE_S)


def test_a_configuration_without_a_consumer_is_refused(clinic: ClinicFolder) -> None:
    clinic.config.write_text(without("consumer", clinic.config.read_text()))

    with pytest.raises(BadConfig, match=r"there is no \[consumer\]"), open_consumer(clinic.config, "x", print):
        pass


# --- the examples -----------------------------------------------------------------------------------------------------


@pytest.fixture
def visit(store_path: Path, make_record: Callable[..., VisitRecord]) -> Iterator[Visit]:
    person = {
        "Name": "診療 太郎",
        "InsurerNumber": "06990012",
        "InsurerName": "架空電機健康保険組合",
        "InsuredCardSymbol": "１２３",
        "InsuredIdentificationNumber": "４５６７",
        "InsuredBranchNumber": "00",
    }
    qualification = {"QualificationValidity": "1", "ResultOfQualificationConfirmation": [person]}
    with Store(store_path) as store:
        store.keep(make_record(1, qualification=qualification))
        [(_, visit)] = store.feed_of("example")
        yield visit


class _Hook(http.server.BaseHTTPRequestHandler):
    bodies: ClassVar[list[tuple[str | None, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append((self.headers["Idempotency-Key"], json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing: a test's own server."""


def test_the_webhook_posts_a_visit(visit: Visit) -> None:
    _Hook.bodies.clear()
    with ExitStack() as stack:
        server = stack.enter_context(http.server.HTTPServer(("127.0.0.1", 0), _Hook))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        post_to(f"http://127.0.0.1:{server.server_port}/visits")(visit)

    [(key, body)] = _Hook.bodies
    assert (key, body["reason"], body["qualification"]["QualificationValidity"]) == ("message-0001", "qualified", "1")


def test_the_fhir_example_has_what_the_resource_requires(visit: Visit, tmp_path: Path) -> None:
    resource = response(visit)

    # R4: status, purpose, patient, created, request, outcome and insurer are the elements that must be there.
    assert {"status", "purpose", "patient", "created", "request", "outcome", "insurer"} <= resource.keys()
    assert (resource["resourceType"], resource["outcome"]) == ("CoverageEligibilityResponse", "complete")
    assert resource["insurance"] == [{"coverage": {"display": "06990012|１２３|４５６７|00"}, "inforce": True}]
    into(tmp_path)(visit)
    assert json.loads((tmp_path / f"{visit.record.reception}.json").read_text(encoding="utf-8")) == resource
