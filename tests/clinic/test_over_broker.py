"""Gateway and consumer on a real mosquitto, with a small unit on the other side."""

from __future__ import annotations

import itertools
import json
import os
import queue
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from joserfc.jwk import ECKey
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from clinic.changes import Changes
from clinic.config import load_config
from clinic.gateway import Gateway
from clinic.health import Health
from clinic.inquiry import Inquiry
from clinic.keys import load_key
from clinic.line import Say, ServiceLine
from clinic.parts import read_parts
from clinic.run import OpenClinic, open_clinic
from clinic.services import hear_asks
from clinic.stand_in import StandInService
from clinic.store_file import read_records
from clinic.units import Units
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.values import Assurance, CardKind, UnitId
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.freshness import expiry
from device.wire.messages import (
    Answer,
    Begin,
    Challenge,
    Confirm,
    Evidence,
    Holder,
    HolderKnown,
    Qualification,
    Receipt,
    Result,
    SignedResult,
)
from device.wire.sealing import Signer, seal
from provisioning.broker import Branch
from provisioning.mosquitto import RunningBroker, run_mosquitto
from provisioning.pki import Identity, SiteAuthority

if TYPE_CHECKING:
    from tests.clinic.conftest import Card, CardIssuer, ClinicFolder

pytestmark = pytest.mark.broker

PATIENCE_S = 10.0
"""A test that waits this long has failed; none waits for time to pass."""

UNIT = UnitId("sim-0001")
DENIED = "Not authorized"
TARO = 1001


@dataclass
class Unit:
    """The least that a unit is on the line: a name, its topics, and patience."""

    name: UnitId
    identity: Identity
    client: Client
    heard: queue.Queue[MQTTMessage] = field(default_factory=queue.Queue)
    acknowledged: queue.Queue[str] = field(default_factory=queue.Queue)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> str:
        """Publish with QoS 1; return the broker's word on it."""
        self.client.publish(topic, payload, qos=1, retain=retain)
        return self.acknowledged.get(timeout=PATIENCE_S)

    def hear(self, topic: str) -> bytes:
        message = self.heard.get(timeout=PATIENCE_S)
        assert (message.topic, message.retain) == (topic, False)
        return bytes(message.payload)

    def ask(self, ask: Begin | Holder | Confirm) -> Answer:
        assert self.say(topics.up(self.name, topics.Up.ASK), encode(ask)) == "Success"
        answer: Answer = decode(self.hear(topics.down(self.name, topics.Down.ANSWER)), Answer)
        assert answer.ask_id == ask.ask_id
        return answer

    def ask_id(self) -> str:
        return f"ask-{next(self._numbers):08d}"

    def report(self, result: Result) -> Receipt:
        signer = Signer.load(self.identity.key_pem, self.identity.certificate_pem)
        signed = SignedResult(jws=signer.sign(encode(result)))
        assert self.say(topics.up(self.name, topics.Up.RESULT), encode(signed)) == "Success"
        receipt: Receipt = decode(self.hear(topics.down(self.name, topics.Down.RECEIPT)), Receipt)
        return receipt

    def result(self, sequence: int = 1, **changes: Any) -> Result:  # noqa: ANN401  any field of a result
        now = datetime.now(UTC)
        result = Result(
            message_id=f"message-{sequence:04d}",
            sequence=sequence,
            unit=self.name,
            reception=f"{sequence:032x}",
            reason=Reason.QUALIFIED,
            notices=[],
            card=CardKind.PLASTIC,
            assurance=Assurance.PIN_SIGNATURE,
            consents={},
            started_at=now,
            ended_at=now,
            expires_at=expiry(now),
            sealed=None,
            simulated=True,
        )
        return msgspec.structs.replace(result, **changes)


@dataclass
class Site:
    """A broker, the files of a clinic, and everybody who came to it."""

    broker: RunningBroker
    clinic: ClinicFolder
    stack: ExitStack
    _connected: list[Unit] = field(default_factory=list)

    @property
    def results(self) -> list[dict[str, Any]]:
        return [json.loads(record) for record in read_records(self.clinic.folder / "clinic.sqlite")]

    def unit(self, name: str = UNIT, *, client_id: str | None = None) -> Unit:
        """Connect a unit; it hears what it is told, and whatever else a wildcard would bring."""
        identity = self.clinic.authority.issue_client(name, now=datetime.now(UTC))
        files = identity.write(self.clinic.folder / "units", name)
        client = Client(CallbackAPIVersion.VERSION2, client_id or name, protocol=MQTTProtocolVersion.MQTTv5)
        trust = ssl.create_default_context(cafile=str(self.clinic.folder / "authority.cert.pem"))
        trust.load_cert_chain(files.certificate, files.key)
        client.tls_set_context(trust)
        unit = Unit(UnitId(name), identity, client)
        ready = threading.Event()
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda _client, _data, message: unit.heard.put(message)
        client.on_publish = lambda _client, _data, _mid, code, _properties: unit.acknowledged.put(str(code))
        client.connect("127.0.0.1", self.broker.port)
        client.subscribe("#", qos=1)
        client.loop_start()
        self.stack.callback(client.loop_stop)
        self.stack.callback(client.disconnect)
        assert ready.wait(PATIENCE_S)
        return unit

    def open_clinic(self) -> OpenClinic:
        """Start gateway and consumer in this process."""
        parts = read_parts(load_config(self.clinic.config), self.clinic.folder)
        clinic = self.stack.enter_context(open_clinic(parts))
        for line in clinic.lines:
            line.start()
        for line in clinic.lines:
            assert line.ready.wait(PATIENCE_S)
        return clinic

    @property
    def gateway_key(self) -> ECKey:
        return load_key(self.clinic.folder / "clinic.public.jwk", private=False)


@pytest.fixture
def open_site(make_clinic: Callable[..., ClinicFolder], tmp_path: Path) -> Iterator[Callable[..., Site]]:
    with ExitStack() as stack:

        def open_one(branch: Branch = Branch.SIMULATION, *, clinic: ClinicFolder | None = None) -> Site:
            today = datetime.now(UTC)
            authority = SiteAuthority.create("site-1", now=today)
            files = authority.write(tmp_path / "pki")
            broker = stack.enter_context(
                run_mosquitto(
                    tmp_path / "broker",
                    branch=branch,
                    authority=files.certificate,
                    identity=authority.issue_server(now=today).write(tmp_path / "pki", "broker"),
                )
            )
            return Site(broker, clinic or make_clinic(port=broker.port, authority=authority), stack)

        yield open_one


@pytest.fixture
def site_with_broker(open_site: Callable[..., Site]) -> Site:
    return open_site()


def prove(unit: Unit, site: Site, card: Card, challenge: bytes, reception: str) -> Holder:
    evidence = Evidence(assurance=Assurance.PIN_SIGNATURE, certificate=card.certificate, signature=card.sign(challenge))
    sealed = seal(encode(evidence), site.gateway_key)
    return Holder(ask_id=unit.ask_id(), reception=reception, evidence=sealed)


def test_a_visit_from_the_first_ask_to_the_receipt(site_with_broker: Site, issuer: CardIssuer) -> None:
    site = site_with_broker
    site.open_clinic()
    unit = site.unit()
    reception = "a" * 32

    challenge = unit.ask(Begin(ask_id=unit.ask_id(), reception=reception))
    assert isinstance(challenge, Challenge)
    # The card is made for the gateway's clock, which here is the real one.
    card = issuer.issue(TARO, not_before=datetime.now(UTC), not_after=datetime.now(UTC) + timedelta(days=900))
    known = unit.ask(prove(unit, site, card, challenge.challenge, reception))
    assert isinstance(known, HolderKnown)
    consents = dict.fromkeys(known.ask_consent, True)
    answer = unit.ask(Confirm(ask_id=unit.ask_id(), reception=reception, consents=consents))
    assert isinstance(answer, Qualification)

    receipt = unit.report(
        unit.result(reception=reception, reason=answer.reason, sealed=answer.sealed, consents=consents)
    )

    assert receipt == Receipt(message_id="message-0001", sequence=1, disposition="stored", reason=None)
    [stored] = site.results
    [qualification] = stored["qualification"]["ResultOfQualificationConfirmation"]
    assert (stored["unit"], stored["simulated"], stored["reason"]) == (UNIT, True, "qualified")
    assert (qualification["Name"], qualification["PharmacistsInfoConsFlg"]) == ("診療 太郎", "1")


def test_a_unit_speaks_under_its_own_name_only(site_with_broker: Site) -> None:
    thief = site_with_broker.unit("sim-0002")

    assert thief.say(topics.up(UNIT, topics.Up.ASK), b"{}") == DENIED
    assert thief.say(topics.down(UNIT, topics.Down.ANSWER), b"{}") == DENIED
    assert thief.say(topics.down(thief.name, topics.Down.RECEIPT), b"{}") == DENIED
    assert thief.say("reader/v1/fleet/announce", b"{}") == DENIED
    assert thief.say(topics.up(thief.name, topics.Up.STATUS), b"{}", retain=True) == "Success"


def test_a_unit_hears_only_what_it_is_told_even_when_it_listens_to_everything(site_with_broker: Site) -> None:
    site_with_broker.open_clinic()
    listener, unit = site_with_broker.unit("sim-0002"), site_with_broker.unit()

    unit.ask(Begin(ask_id=unit.ask_id(), reception="a" * 32))
    listener.ask(Begin(ask_id=listener.ask_id(), reception="b" * 32))  # heard its own answer first, so nothing before

    assert listener.heard.empty()


def test_borrowing_a_client_id_disturbs_nobody(site_with_broker: Site) -> None:
    site_with_broker.open_clinic()
    unit = site_with_broker.unit()
    thief = site_with_broker.unit("sim-0002", client_id=UNIT)

    assert isinstance(unit.ask(Begin(ask_id=unit.ask_id(), reception="a" * 32)), Challenge)
    assert thief.heard.empty()


@pytest.mark.parametrize(("branch", "stranger"), [(Branch.PRODUCTION, "sim-0001"), (Branch.SIMULATION, "unit-0001")])
def test_the_other_branch_is_granted_to_nobody(open_site: Callable[..., Site], branch: Branch, stranger: str) -> None:
    unit = open_site(branch).unit(stranger)

    assert unit.say(topics.up(unit.name, topics.Up.RESULT), b"{}") == DENIED


def test_a_unit_of_the_other_kind_in_this_branch_is_not_answered(site_with_broker: Site) -> None:
    gateway, _ = site_with_broker.open_clinic().lines
    pretender, unit = site_with_broker.unit("unit-0001"), site_with_broker.unit()

    # The broker cannot tell kinds of units apart by name; the clinic can.
    begin = Begin(ask_id="ask-other", reception="a" * 32)
    assert pretender.say(f"{Branch.SIMULATION}/unit-0001/up/ask", encode(begin)) == "Success"

    unit.ask(Begin(ask_id=unit.ask_id(), reception="b" * 32))
    assert gateway.dropped == {"refused": 1}
    assert pretender.heard.empty()


@pytest.mark.parametrize("payload", [b"", b"\xff", b"null", b'{"v":2,"kind":"begin"}', b"[" * 5000])
def test_a_malformed_message_is_dropped_and_the_next_one_is_answered(
    site_with_broker: Site, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    gateway, consumer = site_with_broker.open_clinic().lines
    unit = site_with_broker.unit()

    for leaf in (topics.Up.ASK, topics.Up.RESULT):
        unit.say(topics.up(UNIT, leaf), payload)

    assert isinstance(unit.ask(Begin(ask_id=unit.ask_id(), reception="a" * 32)), Challenge)
    assert unit.report(unit.result()).disposition == "stored"
    assert gateway.dropped == consumer.dropped == {"refused": 1}
    assert f"clinic-consumer: message of {UNIT} dropped (no. 1, refused): " in caplog.text


def test_a_retained_result_is_not_taken(site_with_broker: Site) -> None:
    unit = site_with_broker.unit()
    signer = Signer.load(unit.identity.key_pem, unit.identity.certificate_pem)
    signed = SignedResult(jws=signer.sign(encode(unit.result())))
    assert unit.say(topics.up(UNIT, topics.Up.RESULT), encode(signed), retain=True) == "Success"

    _, consumer = site_with_broker.open_clinic().lines

    assert unit.report(unit.result(2)).sequence == 2
    assert [stored["sequence"] for stored in site_with_broker.results] == [2]
    assert consumer.dropped == {"retained": 1}


def test_results_wait_for_a_clinic_that_is_closed(site_with_broker: Site) -> None:
    site = site_with_broker
    with ExitStack() as first_day:
        site.stack, stack = first_day, site.stack
        site.open_clinic()
        site.stack = stack
    unit = site.unit()
    signer = Signer.load(unit.identity.key_pem, unit.identity.certificate_pem)
    for sequence in range(1, 121):
        signed = SignedResult(jws=signer.sign(encode(unit.result(sequence))))
        assert unit.say(topics.up(UNIT, topics.Up.RESULT), encode(signed)) == "Success"

    site.open_clinic()

    receipts = [unit.hear(topics.down(UNIT, topics.Down.RECEIPT)) for _ in range(120)]
    assert [msgspec.json.decode(receipt)["sequence"] for receipt in receipts] == list(range(1, 121))
    assert [stored["sequence"] for stored in site.results] == list(range(1, 121))


def test_a_killed_broker_loses_and_doubles_nothing_that_the_unit_repeats(
    make_clinic: Callable[..., ClinicFolder], tmp_path: Path
) -> None:
    today = datetime.now(UTC)
    authority = SiteAuthority.create("site-1", now=today)
    files = authority.write(tmp_path / "pki")
    identity = authority.issue_server(now=today).write(tmp_path / "pki", "broker")

    def broker(port: int | None = None) -> Any:  # noqa: ANN401  the context manager as it comes
        return run_mosquitto(
            tmp_path / "broker", branch=Branch.SIMULATION, authority=files.certificate, identity=identity, port=port
        )

    with ExitStack() as stack:
        with broker() as running:
            site = Site(running, make_clinic(port=running.port, authority=authority), stack)
            lines = site.open_clinic().lines
            unit = site.unit()
            assert unit.report(unit.result(1)).disposition == "stored"
            os.kill(running.pid, signal.SIGKILL)
        with broker(running.port):
            assert all(line.ready.wait(4 * PATIENCE_S) for line in lines)
            again = site.unit()
            assert again.report(again.result(1)).disposition == "duplicate"
            assert again.report(again.result(2)).disposition == "stored"
            assert [stored["sequence"] for stored in site.results] == [1, 2]
            stack.close()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Fault("the disk is full", part="results", reason=Reason.INTERNAL_FAULT), "fault"),
        (ZeroDivisionError("診療 太郎"), "internal"),
    ],
)
def test_a_fault_costs_one_answer_and_never_the_service(
    site_with_broker: Site, error: Exception, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = site_with_broker
    parts = read_parts(load_config(site.clinic.config), site.clinic.folder)
    assert parts.gateway is not None
    health = Health(Changes())
    service = site.stack.enter_context(StandInService(parts.gateway.people))
    inquiry = Inquiry(
        parts.gateway.policy,
        service,
        keys=parts.gateway.keys,
        consumer_key=parts.gateway.consumer_key,
        signer=parts.gateway.signer,
    )
    answer = hear_asks(Gateway(inquiry, token=secrets.token_bytes), Units(Changes()))
    good = threading.Event()

    def stumble_once(unit: UnitId, payload: bytes, now: datetime) -> Say | None:
        if good.is_set():
            return answer(unit, payload, now)
        good.set()
        raise error

    line = ServiceLine(parts.gateway.line, branch=parts.branch, hears={topics.Up.ASK: stumble_once}, health=health)
    site.stack.callback(line.close)
    line.start()
    assert line.ready.wait(PATIENCE_S)
    unit = site.unit()
    begin = Begin(ask_id=unit.ask_id(), reception="a" * 32)
    assert unit.say(topics.up(UNIT, topics.Up.ASK), encode(begin)) == "Success"

    assert isinstance(unit.ask(begin), Challenge)
    assert line.dropped == {kind: 1}
    assert [(row.source, row.trouble) for row in health.rows()] == [(UNIT, kind)]
    assert "診療" not in caplog.text


def test_a_rush_of_asks_is_answered_one_by_one(site_with_broker: Site) -> None:
    site_with_broker.open_clinic()
    unit = site_with_broker.unit()
    ids = [unit.ask_id() for _ in range(60)]

    for number, ask_id in enumerate(ids):
        unit.client.publish(
            topics.up(UNIT, topics.Up.ASK), encode(Begin(ask_id=ask_id, reception=f"{number % 5:032x}")), qos=1
        )

    answers = [unit.hear(topics.down(UNIT, topics.Down.ANSWER)) for _ in ids]
    assert [msgspec.json.decode(answer)["ask_id"] for answer in answers] == ids


def test_the_program_says_when_it_is_ready_and_ends_when_it_is_told(site_with_broker: Site) -> None:
    site = site_with_broker
    program = subprocess.Popen(
        [sys.executable, "-m", "clinic.cli", "run", "--config", site.clinic.config],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline() == (
            f"ready: clinic-gateway, clinic-consumer at 127.0.0.1:{site.broker.port}, simulation\n"
        )
        unit = site.unit()
        assert unit.report(unit.result()).disposition == "stored"
        program.send_signal(signal.SIGTERM)
        assert program.wait(PATIENCE_S) == 0
        assert "Traceback" not in program.stderr.read()


def test_without_a_broker_the_program_waits_says_why_and_can_be_ended(clinic: ClinicFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    clinic.config.write_text(clinic.config.read_text().replace("8883", str(port)))
    program = subprocess.Popen(
        [sys.executable, "-m", "clinic.cli", "run", "--config", clinic.config], stderr=subprocess.PIPE, text=True
    )
    with program:
        assert program.stderr is not None
        assert f"no broker at 127.0.0.1:{port}: [Errno 111] Connection refused" in program.stderr.readline()
        program.send_signal(signal.SIGINT)
        assert program.wait(PATIENCE_S) == 0


def test_a_broker_of_another_authority_is_not_believed(open_site: Callable[..., Site], clinic: ClinicFolder) -> None:
    port = open_site(clinic=clinic).broker.port
    clinic.config.write_text(clinic.config.read_text().replace("8883", str(port)))
    program = subprocess.Popen(
        [sys.executable, "-m", "clinic.cli", "run", "--config", clinic.config], stderr=subprocess.PIPE, text=True
    )
    with program:
        assert program.stderr is not None
        assert "certificate verify failed" in program.stderr.readline()
        program.terminate()
        assert program.wait(PATIENCE_S) == 0
