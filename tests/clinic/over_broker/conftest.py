"""A real mosquitto for gateway and consumer, with a small unit on the other side."""

from __future__ import annotations

import itertools
import json
import queue
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from cryptography import x509
from joserfc.jwk import ECKey
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from clinic.config import load_config
from clinic.keys import load_key
from clinic.parts import read_parts
from clinic.run import OpenClinic, open_clinic
from clinic.store_file import read_records
from device.domain.reasons import Reason
from device.domain.values import Assurance, CardKind, UnitId
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.freshness import expiry
from device.wire.messages import (
    Answer,
    Begin,
    Confirm,
    Evidence,
    GivenAnswer,
    Holder,
    Receipt,
    Result,
    SignedAnswer,
    SignedReceipt,
    SignedResult,
)
from device.wire.said import check_reply, open_said
from device.wire.sealing import Signer, seal
from provisioning.broker import Branch
from provisioning.mosquitto import RunningBroker, run_mosquitto
from provisioning.pki import Identity, SiteAuthority

if TYPE_CHECKING:
    from tests.clinic.conftest import Card, ClinicFolder

PATIENCE_S = 10.0
"""A test that waits this long has failed; none waits for time to pass."""

UNIT = UnitId("sim-0001")


@dataclass
class Unit:
    """The least that a unit is on the line: a name, its topics, and patience."""

    name: UnitId
    identity: Identity
    authority: x509.Certificate
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
        given = self.hear_answer()
        check_reply(given, encode(ask))
        assert given.answer.ask_id == ask.ask_id
        return given.answer

    def hear_answer(self) -> GivenAnswer:
        signed: SignedAnswer = decode(self.hear(topics.down(self.name, topics.Down.ANSWER)), SignedAnswer)
        return open_said(signed, unit=self.name, authority=self.authority, at=datetime.now(UTC))

    def ask_id(self) -> str:
        return f"ask-{next(self._numbers):08d}"

    def report(self, result: Result) -> Receipt:
        signer = Signer.load(self.identity.key_pem, self.identity.certificate_pem)
        signed = SignedResult(jws=signer.sign(encode(result)))
        assert self.say(topics.up(self.name, topics.Up.RESULT), encode(signed)) == "Success"
        return self.hear_receipt()

    def hear_receipt(self) -> Receipt:
        signed: SignedReceipt = decode(self.hear(topics.down(self.name, topics.Down.RECEIPT)), SignedReceipt)
        return open_said(signed, unit=self.name, authority=self.authority, at=datetime.now(UTC))

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
        unit = Unit(UnitId(name), identity, self.clinic.authority.certificate, client)
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

    def prove(self, unit: Unit, card: Card, challenge: bytes, reception: str) -> Holder:
        """Return what says that `unit` has seen the holder of `card`."""
        evidence = Evidence(
            assurance=Assurance.PIN_SIGNATURE, certificate=card.certificate, signature=card.sign(challenge)
        )
        sealed = seal(encode(evidence), self.gateway_key)
        return Holder(ask_id=unit.ask_id(), reception=reception, evidence=sealed)


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
def site_at(make_clinic: Callable[..., ClinicFolder]) -> Callable[..., Site]:
    """A site with a broker that somebody else has started."""

    def at(broker: RunningBroker, authority: SiteAuthority, stack: ExitStack) -> Site:
        return Site(broker, make_clinic(port=broker.port, authority=authority), stack)

    return at


@pytest.fixture
def site_with_broker(open_site: Callable[..., Site]) -> Site:
    return open_site()
