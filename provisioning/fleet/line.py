"""A worker's connection to the broker: MQTT 5, mutual TLS, shared subscriptions, acknowledged after the work is kept.

Workers share the subscriptions `$share/fleet/…`, so each message goes to one of them. Their client ids are stable: what
a broker has handed to a worker that died waits for a worker of the same id (measured: with another id, or a session
that ends at once, it is lost or stranded). On mosquitto a worker comes by the listener for this machine, where its
client id may differ from its certificate's name.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import ssl
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device.domain.errors import BadConfig
from provisioning.fleet.say import Say

KEEPALIVE_S = 20
SESSION_EXPIRY_S = 24 * 3_600
"""A worker that comes back within a day finds what was handed to it."""
RECEIVE_MAXIMUM = 400
RETRY_S = 1
GROUP = "fleet"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDoor:
    """Where the broker is and who the worker is to it."""

    host: str
    port: int
    authority: Path
    certificate: Path
    key: Path
    client_id: str


class WorkerLine:
    """Hears what this worker is to deal with. `ready` is set while it can."""

    def __init__(self, door: WorkerDoor, topics: Sequence[str]) -> None:
        """Prepare; nothing is connected yet. Raise BadConfig when the certificate files cannot be used."""
        self.ready = threading.Event()
        self._door = door
        self._topics = [f"$share/{GROUP}/{topic}" for topic in topics]
        self._inbox: queue.SimpleQueue[MQTTMessage | None] = queue.SimpleQueue()
        self._closing = False
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=door.client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        self._client.max_inflight_messages_set(RECEIVE_MAXIMUM)
        self._client.tls_set_context(_context(door))
        self._client.reconnect_delay_set(RETRY_S, RETRY_S)
        self._client.on_socket_open = _no_delay
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = lambda _client, _data, message: self._inbox.put(message)

    def start(self) -> None:
        """Start connecting and keep at it."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect_async(
            self._door.host, self._door.port, KEEPALIVE_S, clean_start=False, properties=properties
        )
        self._client.loop_start()

    def take(self, limit: int, timeout_s: float) -> list[MQTTMessage]:
        """Return messages that wait, at most `limit`; wait `timeout_s` for the first, and for no other."""
        taken: list[MQTTMessage] = []
        try:
            first = self._inbox.get(timeout=timeout_s)
            while first is not None:
                taken.append(first)
                if len(taken) == limit:
                    break
                first = self._inbox.get_nowait()
        except queue.Empty:
            pass
        return taken

    def wake(self) -> None:
        """Let `take` return at once."""
        self._inbox.put(None)

    def acknowledge(self, message: MQTTMessage) -> None:
        """Tell the broker that a message is dealt with."""
        self._client.ack(message.mid, message.qos)

    def say(self, words: Say) -> None:
        """Publish. Without a connection it is dropped: whoever waits for it asks again, and a job is done again."""
        if not self._client.is_connected():
            return
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # as above
        properties.MessageExpiryInterval = words.expiry_s
        self._client.publish(words.topic, words.payload, qos=1, properties=properties)

    def close(self) -> None:
        """Disconnect politely and stop; the broker keeps the session. Harmless when repeated."""
        self._closing = True
        self._client.disconnect()
        self._client.loop_stop()
        with contextlib.suppress(queue.Empty):
            while True:
                self._inbox.get_nowait()

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            log.warning("%s: the broker refused us: %s", self._door.client_id, code)
        else:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(code.is_failure for code in codes):
            log.error("%s: the broker's access list denies a topic: %s", self._door.client_id, codes)
        else:
            self.ready.set()

    def _on_connect_fail(self, _client: Client, _data: object) -> None:
        log.warning(
            "%s: no broker at %s:%d: %s", self._door.client_id, self._door.host, self._door.port, sys.exception()
        )

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self.ready.clear()
        if not self._closing:
            log.warning("%s: connection lost: %s", self._door.client_id, code)


def _context(door: WorkerDoor) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(door.authority))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(door.certificate, door.key)
    except (OSError, ValueError) as error:
        raise BadConfig(f"cannot be used: {error}", where=f"{door.authority}, {door.certificate}") from error
    return context


def _no_delay(_client: Client, _data: object, opened: object) -> None:
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
