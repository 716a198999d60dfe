"""How long the broker takes to answer: SUBSCRIBE to a topic of the unit's own, and its SUBACK."""

from __future__ import annotations

import queue
import time
from types import TracebackType
from typing import Final, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from device.domain.values import UnitId
from device.drivers.mutual_tls import TlsFiles, client_context
from device.drivers.paho_line import BrokerAddress, without_delay
from device.wire.topics import Down, down
from hw.errors import CannotMeasure

WAIT_S: Final = 5.0
CONNECTS: Final = 5
"""A line that breaks now and then may do so while it is built up; so often in a row it is none."""
_GONE: Final = -1


def suback_times_ms(broker: BrokerAddress, files: TlsFiles, unit: UnitId, times: int) -> list[float | None]:
    """Return how long each answer took; None where none came, or the line broke before it did.

    Raise CannotMeasure where the broker is not to be had at all.
    """
    trips: list[float | None] = []
    failed = 0
    while len(trips) < times:
        try:
            with _Connection(broker, files, unit) as connection:
                failed = 0
                while len(trips) < times and connection.lives:
                    trips.append(connection.trip_ms())
        except CannotMeasure:
            failed += 1
            if not trips or failed == CONNECTS:
                raise
    return trips


class _Connection:
    """One connection, from the broker's acceptance until it breaks."""

    def __init__(self, broker: BrokerAddress, files: TlsFiles, unit: UnitId) -> None:
        self.lives = True
        self._topic = down(unit, Down.ANSWER)
        self._answers: queue.Queue[int] = queue.Queue()
        accepted: queue.Queue[bool] = queue.Queue()
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, client_id=unit, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False
        )
        client.tls_set_context(client_context(files))
        client.on_socket_open = without_delay
        client.on_connect = lambda _client, _data, _flags, reason, _properties: accepted.put(not reason.is_failure)
        client.on_subscribe = lambda _client, _data, number, _reasons, _properties: self._answers.put(number)
        client.on_disconnect = lambda *_: self._answers.put(_GONE)
        try:
            client.connect(broker.host, broker.port)
            client.loop_start()
            is_in = accepted.get(timeout=WAIT_S)
        except OSError as error:
            self._close()
            raise CannotMeasure(f"the broker {broker.host} is not to be had: {error}") from error
        except queue.Empty as error:
            self._close()
            raise CannotMeasure(f"the broker {broker.host} does not answer") from error
        if not is_in:
            self._close()
            raise CannotMeasure("the broker refused the unit")

    def trip_ms(self) -> float | None:
        """Ask once."""
        began_s = time.monotonic()
        said, number = self._client.subscribe(self._topic, qos=1)
        if said is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            self.lives = False
            return None
        try:
            while (answer := self._answers.get(timeout=WAIT_S)) != number:
                if answer == _GONE:
                    self.lives = False
                    return None
        except queue.Empty:
            return None
        return 1000 * (time.monotonic() - began_s)

    def _close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._close()
