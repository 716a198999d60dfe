"""One service's connection to the broker: MQTT 5, mutual TLS, a session that outlives a restart of either end.

Threads: paho's callbacks run on the network thread and only hand on; one worker thread does the work and
acknowledges a message after it is done, so what was not finished when we died comes again.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import ssl
import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from clinic.health import Health, Trouble
from device.domain.errors import BadConfig, Fault, MessageError
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import MAX_BYTES

KEEPALIVE_S = 20
SESSION_EXPIRY_S = 7 * 24 * 3600
"""A clinic that is closed over a holiday finds its queue where it left it."""

RECEIVE_MAXIMUM = 20
"""Messages that the broker hands over before the first of them is acknowledged."""

MAX_PACKET = MAX_BYTES + 4096
"""Bytes of one packet; the broker's limit is below it."""

RETRY_S = 1
"""A site has a handful of services, so nobody is trampled when they all come back at once, and a patient may wait.
Units, which may be many, spread themselves (`device.link.backoff`)."""
CLOSE_TIMEOUT_S = 5.0

FLAPS, FLAPS_WITHIN_S = 3, 30.0
"""So many good connections lost in so short a time are no outage."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """Where the broker is and who we are to it."""

    name: str
    """Common name of our certificate; also the client id."""
    host: str
    port: int
    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Say:
    """Something to tell a unit."""

    topic: str
    payload: bytes = field(repr=False)
    expiry_s: int
    """Nobody hears it later than this."""


Hear = Callable[[UnitId, bytes, datetime], Say | None]
"""What is done with one message of a unit. Raises MessageError (dropped) or Fault (not answered; the unit repeats)."""

RETAINED = frozenset({topics.Up.STATUS})
"""What the broker may keep for those who come later; nothing else that we hear is ever retained."""


_Inbox = queue.Queue[MQTTMessage | None]


class _Bounded(Client):
    """paho would hold a packet of 256 MB to its end before anybody looks at it."""

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MAX_PACKET:
            # To paho this is a lost connection: it comes back, and the broker is told by its absence.
            raise ConnectionError(f"a packet of {bufsize} bytes, the limit is {MAX_PACKET}")
        return super()._sock_recv(bufsize)


class ServiceLine:
    """Hears some kinds of messages of all units in a branch, and answers. `ready` is set while it can."""

    def __init__(
        self,
        settings: LineSettings,
        *,
        branch: str,
        hears: Mapping[topics.Up, Hear],
        health: Health,
        workers: int = 1,
    ) -> None:
        """Prepare; nothing is connected yet. Raise BadConfig when the certificate files cannot be used.

        With several `workers` a slow answer to one unit holds up no other; one unit's messages keep their order.
        """
        self.ready = threading.Event()
        self.dropped: Counter[Trouble] = Counter()
        """Messages that got no answer, by kind of trouble."""
        self._settings = settings
        self._topics = [f"{branch}/+/up/{leaf}" for leaf in hears]
        self._hears = hears
        self._health = health
        self._closing = threading.Event()
        self._losses: deque[float] = deque(maxlen=FLAPS)
        self._client = self._make_client()
        self._inboxes = [_Inbox(maxsize=RECEIVE_MAXIMUM) for _ in range(workers)]
        self._inbox_of: dict[str, _Inbox] = {}
        """In turn, by the first message; the broker lets only units of the site speak, so there is an end of them."""
        self._workers = [
            threading.Thread(target=self._work, args=[inbox], name=f"{settings.name} work", daemon=True)
            for inbox in self._inboxes
        ]

    @property
    def name(self) -> str:
        """The service's name on the line."""
        return self._settings.name

    def start(self) -> None:
        """Start connecting and keep at it. Never raises for an absent broker."""
        for worker in self._workers:
            worker.start()
        self._client.loop_start()

    def close(self) -> None:
        """Finish what is in hand, disconnect politely, stop. Harmless when repeated or never started."""
        if self._closing.is_set():
            return
        self._closing.set()
        # A worker may be waiting for work, or have an inbox full of it: either way it ends after one message.
        for inbox in self._inboxes:
            with contextlib.suppress(queue.Full):
                inbox.put_nowait(None)
        for worker in self._workers:
            if worker.ident is not None:
                worker.join(CLOSE_TIMEOUT_S)
        self._client.disconnect()
        self._client.loop_stop()

    # --- network thread -------------------------------------------------------------------------------------------

    def _make_client(self) -> Client:
        client = _Bounded(
            CallbackAPIVersion.VERSION2,
            client_id=self._settings.name,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        client.tls_set_context(tls_context(self._settings))
        client.reconnect_delay_set(RETRY_S, RETRY_S)
        client.on_socket_open = _no_delay
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        # A clean start would throw away what was queued for us; mosquitto keeps a session only without it.
        client.connect_async(
            self._settings.host, self._settings.port, KEEPALIVE_S, clean_start=False, properties=properties
        )
        return client

    def _where(self) -> tuple[str, str, int]:
        return self._settings.name, self._settings.host, self._settings.port

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if self._closing.is_set():
            client.disconnect()
        elif code.is_failure:
            log.warning("%s: the broker at %s:%d refused us: %s", *self._where(), code)
        else:
            # Also with a session of ours still there: the subscription may be from an earlier version of us.
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(code.is_failure for code in codes):
            heard = ", ".join(self._topics)
            log.error("%s: the broker's access list denies one of %s: %s", self._settings.name, heard, codes)
            self._note(Trouble.NOT_GRANTED, heard)
            return
        self._health.clear(self.name, Trouble.LINE_DOWN, Trouble.NOT_GRANTED)
        self.ready.set()
        log.info("%s: connected, hears %s", self._settings.name, ", ".join(self._topics))

    def _on_connect_fail(self, _client: Client, _data: object) -> None:
        # paho calls this inside its `except` and tells us nothing itself; whether it was a name, a refusal or a
        # certificate is what the technician needs to know.
        why = str(sys.exception() or "unknown")
        log.warning("%s: no broker at %s:%d: %s", *self._where(), why)
        self._note(Trouble.LINE_DOWN, why)

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        was_ready = self.ready.is_set()
        hint = "" if was_ready else " (does it believe our certificate's authority?)"
        self.ready.clear()
        if self._closing.is_set():
            return
        log.warning("%s: connection to %s:%d lost: %s%s", *self._where(), code, hint)
        self._note(Trouble.LINE_DOWN, str(code))
        if was_ready:
            self._losses.append(time.monotonic())
        if len(self._losses) == FLAPS and self._losses[-1] - self._losses[0] < FLAPS_WITHIN_S:
            # Two services under one name throw each other off the line, again and again; mosquitto does not say why.
            self._note(Trouble.TAKEN_OVER, f"thrown off {FLAPS} times within {FLAPS_WITHIN_S:.0f} s")

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        # mosquitto 2.0 hands over more than our receive maximum when it works off a queue (2.0.11: five
        # acknowledgements brought a hundred messages). Then this thread waits and TCP holds the rest back: nothing is
        # lost, and memory has a limit. A wait is as long as the work on one message, far below the keepalive.
        # All messages of a unit have one topic for each kind, and go to one worker.
        unit = message.topic.rpartition("/up/")[0]
        inbox = self._inbox_of.setdefault(unit, self._inboxes[len(self._inbox_of) % len(self._inboxes)])
        while not self._closing.is_set():
            with contextlib.suppress(queue.Full):
                inbox.put(message, timeout=CLOSE_TIMEOUT_S / 10)
                return

    # --- worker thread --------------------------------------------------------------------------------------------

    def _work(self, inbox: _Inbox) -> None:
        while not self._closing.is_set():
            message = inbox.get()
            if message is None:
                return
            self._deal_with(message)
            self._client.ack(message.mid, message.qos)

    def _deal_with(self, message: MQTTMessage) -> None:
        unit = ""
        try:
            unit, leaf = topics.speaker(message.topic)
            if message.retain and leaf not in RETAINED:
                # It is old, or not from ours.
                self._drop(Trouble.RETAINED, unit, "results and asks are never retained")
                return
            say = self._hears[leaf](unit, bytes(message.payload), datetime.now(UTC))
        except MessageError as error:
            self._drop(Trouble.REFUSED, unit, str(error))
        except Fault as error:
            # Not answered, so the unit asks or sends again.
            self._drop(Trouble.DISK if error.part == "store" else Trouble.FAULT, unit, str(error))
        except Exception as error:  # noqa: BLE001  one message that we did not think of must not end the service
            # Neither its text nor its traceback: both may quote what we were reading.
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._drop(Trouble.INTERNAL, unit, f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}")
        else:
            self._health.clear(unit, Trouble.DISK, Trouble.FAULT, Trouble.UNSENT)
            if say is not None:
                self._publish(unit, say)

    def _publish(self, unit: str, say: Say) -> None:
        if not self._client.is_connected():
            # paho would keep it for ever and send it when nobody waits for it any more.
            self._drop(Trouble.UNSENT, unit, "the connection was lost before the answer")
            return
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        properties.MessageExpiryInterval = say.expiry_s
        self._client.publish(say.topic, say.payload, qos=1, properties=properties)

    def _drop(self, kind: Trouble, unit: str, why: str) -> None:
        self.dropped[kind] += 1
        number = self.dropped.total()
        log.warning("%s: message of %s dropped (no. %d, %s): %s", self.name, unit or "?", number, kind, why)
        self._health.note(unit or self.name, kind, why, datetime.now(UTC))

    def _note(self, trouble: Trouble, detail: str) -> None:
        self._health.note(self.name, trouble, detail, datetime.now(UTC))


def tls_context(settings: LineSettings) -> ssl.SSLContext:
    """Return how we prove ourselves and whom we believe. Raise BadConfig naming the file that does not fit."""
    try:
        context = ssl.create_default_context(cafile=str(settings.authority))
    except (OSError, ValueError) as error:
        raise BadConfig(f"no usable certificate: {_why(error)}", where=str(settings.authority)) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ValueError) as error:
        where = f"{settings.certificate} with {settings.key}"
        raise BadConfig(f"no usable certificate and key: {_why(error)}", where=where) from error
    return context


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__


def _no_delay(_client: Client, _data: object, opened: object) -> None:
    # Nagle's algorithm on either end costs a question and its answer 44 ms.
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
