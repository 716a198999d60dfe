"""A line to a real broker: MQTT 5 over mutual TLS by paho-mqtt.

Each connection is a paho client and a thread of its own, thrown away when it ends: paho keeps unacknowledged messages
in memory and would send them again by itself, but what is sent again and when is decided in `device.link`. The thread
calls paho's `loop()` itself, because paho's own thread swallows the reason why a connection did not come about.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device.domain.values import UnitId
from device.drivers.line_troubles import broken, is_verdict, not_connected
from device.drivers.mutual_tls import TlsFiles, client_context
from device.ports.line import Incoming, LastWill, LineEvents
from device.wire.codec import MAX_BYTES

KEEPALIVE_S = 20
SESSION_EXPIRY_S = 7 * 86_400
"""How long the broker remembers an absent unit's subscriptions and keeps receipts for it."""
CONNECT_TIMEOUT_S = 10.0
"""For the name look-up's answer, the TCP connection and the TLS handshake, each."""
CLOSE_TIMEOUT_S = 2.0
_LOOP_S = 1.0
"""paho looks after its keepalive this often; messages wake it at once."""
_MAX_PACKET = MAX_BYTES + 4096
"""Bytes that we tell the broker to send at most in one packet, and more than which we do not read."""

_NO_SUBSCRIBERS = 0x10
"""MQTT 5's reason code for a message that was taken and that nobody listens to."""

_NOT_MQTT = (ValueError, LookupError, struct.error)
"""What paho's parser raises, besides what it catches itself, when the broker sends garbage."""


class _Bounded(Client):
    """paho would hold a packet of 256 MB to its end before anybody looks at it; a hostile broker keeps to no wish."""

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > _MAX_PACKET:
            raise ValueError(f"a packet of {bufsize} bytes, the limit is {_MAX_PACKET}")
        return super()._sock_recv(bufsize)


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker listens."""

    host: str
    """The name or IP address that its certificate is for."""
    port: int


class PahoLine:
    """A `Line` to one broker under one unit's name."""

    def __init__(self, broker: BrokerAddress, unit: UnitId, files: TlsFiles, *, will: LastWill | None = None) -> None:
        """Check the files; nothing is connected yet. Raise BadConfig naming the file that cannot be used."""
        self._broker = broker
        self._unit = unit
        self._tls = client_context(files)
        self._will = will
        self._connection: _Connection | None = None

    def connect(self, events: LineEvents) -> None:
        """Start a new connection, in place of an earlier one."""
        self.close()
        self._connection = _Connection(self._new_client(), self._broker, events)
        self._connection.start()

    def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1."""
        if self._connection:
            self._connection.subscribe(topic)

    def publish(self, topic: str, payload: bytes, *, expiry_s: int, retain: bool = False) -> None:
        """Publish with QoS 1."""
        if self._connection:
            self._connection.publish(topic, payload, expiry_s=expiry_s, retain=retain)

    def close(self) -> None:
        """End the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _new_client(self) -> Client:
        client = _Bounded(
            CallbackAPIVersion.VERSION2,
            client_id=self._unit,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.tls_set_context(self._tls)
        client.connect_timeout = CONNECT_TIMEOUT_S
        if self._will:
            will, properties = self._will, _properties(PacketTypes.WILLMESSAGE, WillDelayInterval=self._will.delay_s)
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain, properties=properties)
        return client


class _Connection:
    """One connection from the first attempt to its end."""

    def __init__(self, client: Client, broker: BrokerAddress, events: LineEvents) -> None:
        self._client = client
        self._broker = broker
        self._events = events
        self._thread = threading.Thread(target=self._run, name="line", daemon=True)
        self._up = False
        self._closed = False
        self._why: str | None = None
        self._refused = False
        self._last_sent: MQTTMessageInfo | None = None
        self._said: dict[int, str] = {}
        """Topics by packet number, until the broker acknowledges them."""
        self._heard_by_nobody: set[int] = set()
        client.on_socket_open = without_delay
        # With somebody to wait for it, paho leaves all writing to the thread that runs its loop.
        client.on_socket_register_write = _leave_to_loop
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_log = self._on_log

    def start(self) -> None:
        self._thread.start()

    def subscribe(self, topic: str) -> None:
        if self._up:
            self._client.subscribe(topic, qos=1)

    def publish(self, topic: str, payload: bytes, *, expiry_s: int, retain: bool) -> None:
        if self._up:
            properties = _properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry_s)
            self._last_sent = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
            self._said[self._last_sent.mid] = topic
            # The acknowledgement may have come before the line above: whoever is second tells.
            self._tell_if_unheard(self._last_sent.mid)

    def close(self) -> None:
        if self._up and self._last_sent:
            # The farewell shall arrive: a socket that is closed with an answer unread takes back what it sent.
            with contextlib.suppress(RuntimeError, ValueError):
                self._last_sent.wait_for_publish(CLOSE_TIMEOUT_S)
        self._closed = True
        self._client.disconnect()
        # A thread that still looks up a name cannot be hurried; it finds itself closed and says nothing.
        self._thread.join(CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        why, refused = self._live()
        self._up = False
        # Client and callbacks hold each other: let go, so that the client closes its sockets now and not some day.
        client = self._client
        client.on_connect = client.on_disconnect = client.on_message = None
        client.on_subscribe = client.on_publish = client.on_log = None
        if not self._closed:
            self._events.disconnected(why, refused=refused)

    def _live(self) -> tuple[str, bool]:
        """Return why it ended, and whether that was because somebody turned us away or is not to be trusted."""
        host, port = self._broker.host, self._broker.port
        properties = _properties(
            PacketTypes.CONNECT,
            SessionExpiryInterval=SESSION_EXPIRY_S,
            MaximumPacketSize=_MAX_PACKET,
        )
        try:
            self._client.connect(host, port, KEEPALIVE_S, clean_start=False, properties=properties)
        except (OSError, ValueError) as error:
            return not_connected(error, host, port), is_verdict(error)
        if self._closed and (connection := self._client.socket()):
            # The CONNECT is not written yet, and must not be: it would throw a newer connection of ours off the broker.
            connection.close()
            return "closed before it was there", False
        try:
            while self._client.loop(_LOOP_S) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                pass
        except _NOT_MQTT as error:
            self._give_up(f"{host}:{port} sent what is no MQTT ({type(error).__name__})")
            self._client.loop_write()
        return self._why or f"the line to {host}:{port} broke", self._refused

    def _give_up(self, why: str) -> None:
        self._refused = True
        self._why = self._why or why
        # Not the polite end: to others we are gone, so the last will shall be spoken.
        self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message"))

    def _on_connect(
        self, _client: Client, _userdata: object, flags: ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self._why = f"the broker refuses this unit: {reason}"
            self._refused = True
        elif not self._closed:
            self._up = True
            self._events.connected(session_present=flags.session_present)

    def _on_disconnect(
        self, _client: Client, _userdata: object, flags: DisconnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._why = self._why or f"the broker ended the connection: {reason}"
            # A broker that goes down comes back; all other causes are about us.
            self._refused = self._refused or reason.getName() not in {"Server shutting down", "Server busy"}
        elif reason.getName() == "Keep alive timeout":
            self._why = self._why or f"the broker has not answered for {KEEPALIVE_S} s"

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        if not self._closed:
            self._events.received(Incoming(message.topic, bytes(message.payload), retained=message.retain))

    def _on_subscribe(
        self, _client: Client, _userdata: object, _mid: int, reasons: list[ReasonCode], _properties: object
    ) -> None:
        if refused := next((reason for reason in reasons if reason.is_failure), None):
            self._give_up(f"the broker does not let this unit listen: {refused}")

    def _tell_if_unheard(self, mid: int) -> None:
        if mid in self._heard_by_nobody and (topic := self._said.pop(mid, None)) is not None:
            self._heard_by_nobody.discard(mid)
            self._events.unheard(topic)

    def _on_publish(
        self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.value == _NO_SUBSCRIBERS:
            self._heard_by_nobody.add(mid)
            self._tell_if_unheard(mid)
        self._said.pop(mid, None)
        # A line that takes our messages and throws them away is worse than none: nobody would ever be told.
        if reason.is_failure:
            self._give_up(f"the broker does not let this unit speak: {reason}")

    def _on_log(self, _client: Client, _userdata: object, level: int, words: str) -> None:
        # With TLS 1.3 the broker judges our certificate after we believe to be connected; paho only logs its verdict.
        if level == LogLevel.MQTT_LOG_ERR:
            self._why = self._why or broken(words)
            self._refused = self._refused or self._why is not None


def _properties(packet: int, **values: int) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]  # paho left its constructor untyped
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def without_delay(_client: Client, _userdata: object, connection: object) -> None:
    """Let small packets go at once: TCP else holds our answer back until the broker acknowledges the last one."""
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _leave_to_loop(_client: Client, _userdata: object, _connection: object) -> None:
    """Do nothing: `loop()` writes what waits."""
