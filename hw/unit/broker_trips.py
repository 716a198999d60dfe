"""How long the broker takes to answer: SUBSCRIBE to a topic of the unit's own, and its SUBACK."""

from __future__ import annotations

import queue
import time
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from device.app.config import Config
from device.drivers.mutual_tls import TlsFiles, client_context
from device.wire.topics import Down, down
from hw.errors import CannotMeasure

WAIT_S: Final = 5.0


def suback_times_ms(config: Config, times: int) -> list[float | None]:
    """Return how long each answer took; None where none came. Raise CannotMeasure without broker or connection."""
    broker = config.broker
    answers: queue.Queue[int] = queue.Queue()
    connected: queue.Queue[bool] = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2, client_id=config.unit_id, protocol=MQTTProtocolVersion.MQTTv5)
    client.tls_set_context(
        client_context(TlsFiles(authority=broker.authority, certificate=broker.certificate, key=broker.key))
    )
    client.on_connect = lambda _client, _data, _flags, reason, _properties: connected.put(not reason.is_failure)
    client.on_subscribe = lambda _client, _data, number, _reasons, _properties: answers.put(number)
    try:
        client.connect(broker.host, broker.port)
        client.loop_start()
        if not connected.get(timeout=WAIT_S):
            raise CannotMeasure("the broker refused the unit")
        return [_trip_ms(client, down(config.unit_id, Down.ANSWER), answers) for _ in range(times)]
    except OSError as error:
        raise CannotMeasure(f"the broker {broker.host} is not to be had: {error}") from error
    except queue.Empty as error:
        raise CannotMeasure(f"the broker {broker.host} does not answer") from error
    finally:
        client.disconnect()
        client.loop_stop()


def _trip_ms(client: Client, topic: str, answers: queue.Queue[int]) -> float | None:
    began_s = time.monotonic()
    said, number = client.subscribe(topic, qos=1)
    if said is not MQTTErrorCode.MQTT_ERR_SUCCESS:
        return None
    try:
        while answers.get(timeout=WAIT_S) != number:
            pass
    except queue.Empty:
        return None
    return 1000 * (time.monotonic() - began_s)
