"""A production broker with its site, and clients that say and ask whatever they like."""

from __future__ import annotations

import contextlib
import queue
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device.drivers.mutual_tls import TlsFiles
from provisioning.broker import Branch
from provisioning.mosquitto import RunningBroker, run_mosquitto
from provisioning.pki import SiteAuthority

PATIENCE_S = 10.0
"""Only a test that fails waits this long."""


@pytest.fixture(scope="session")
def revoked(authority: SiteAuthority, site_folder: Path) -> Path:
    return authority.write_empty_list(site_folder / "revoked.crl.pem", now=datetime.now(UTC))


@pytest.fixture(scope="session")
def production(authority: SiteAuthority, site_folder: Path, revoked: Path) -> Iterator[RunningBroker]:
    """The broker of a clinic, with everything that `settings` writes."""
    server = authority.issue_server(now=datetime.now(UTC)).write(site_folder, "production-broker")
    with run_mosquitto(
        site_folder / "production",
        branch=Branch.PRODUCTION,
        authority=site_folder / "authority.cert.pem",
        identity=server,
        revoked=revoked,
    ) as broker:
        yield broker


class Attacker:
    """A client that waits for the broker's word on everything it does."""

    def __init__(self, port: int, files: TlsFiles, client_id: str, *, clean_start: bool = True) -> None:
        self._news: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self.heard: list[tuple[str, bytes, bool]] = []
        """Topic, payload, whether it was retained."""
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        context = ssl.create_default_context(cafile=files.authority)
        context.load_cert_chain(files.certificate, files.key)
        self.client.tls_set_context(context)
        self.client.on_connect = lambda _c, _d, _f, reason, _p: self._news.put(("connect", reason))
        self.client.on_publish = lambda _c, _d, _mid, reason, _p: self._news.put(("publish", reason))
        self.client.on_subscribe = lambda _c, _d, _mid, reasons, _p: self._news.put(("subscribe", reasons))
        self.client.on_disconnect = lambda _c, _d, _f, reason, _p: self._news.put(("gone", reason))
        self.client.on_message = self._on_message
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho left it untyped
        properties.SessionExpiryInterval = 3600
        self.client.connect("127.0.0.1", port, clean_start=clean_start, properties=properties)
        self.client.loop_start()

    def wait_for(self, kind: str) -> Any:  # noqa: ANN401  what paho hands to the callback
        while True:
            what, value = self._news.get(timeout=PATIENCE_S)
            if what == kind:
                return value
            if what == "gone":
                raise ConnectionError(str(value))

    def say(self, topic: str, payload: bytes = b"{}", *, retain: bool = False) -> str:
        """Return the broker's verdict."""
        self.client.publish(topic, payload, qos=1, retain=retain)
        return str(self.wait_for("publish"))

    def listen(self, topic: str) -> None:
        self.client.subscribe(topic, qos=1)
        self.wait_for("subscribe")

    def hears_until(self, topic: str, payload: bytes, speaker: Attacker) -> set[bytes]:
        """Return everything that arrives before a message that may be heard is there, and that one."""
        speaker.say(topic, payload)
        while payload not in {heard for _, heard, _ in self.heard}:
            self.wait_for("message")
        return {heard for _, heard, _ in self.heard}

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload), message.retain))
        self._news.put(("message", message.topic))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


Enter = Callable[..., Attacker]


@pytest.fixture
def enter(production: RunningBroker, identity: Callable[[str], TlsFiles]) -> Iterator[Enter]:
    """Connect to the broker under a name, with its certificate unless another one is given."""
    with contextlib.ExitStack() as inside:

        def connect(name: str, *, files: TlsFiles | None = None, port: int | None = None, **options: Any) -> Attacker:  # noqa: ANN401
            attacker = Attacker(port or production.port, files or identity(name), name, **options)
            inside.callback(attacker.close)
            reason = attacker.wait_for("connect")
            if reason.is_failure:
                raise ConnectionError(str(reason))
            return attacker

        yield connect
