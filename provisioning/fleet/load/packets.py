"""The MQTT 5 packets that a light unit says and hears (OASIS MQTT 5.0, sections 2 and 3)."""

from __future__ import annotations

from dataclasses import dataclass

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, DISCONNECT = 0x20, 0x30, 0x40, 0x90, 0xD0, 0xE0
PING = b"\xc0\x00"
BYE = b"\xe0\x00"
_SESSION_EXPIRY, _MESSAGE_EXPIRY = 0x11, 0x02
_QOS1 = 0x02


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet as it came."""

    kind: int
    flags: int
    body: bytes


def connect(client_id: str, *, keepalive_s: int, session_expiry_s: int, clean: bool) -> bytes:
    """Return CONNECT."""
    properties = bytes([_SESSION_EXPIRY]) + session_expiry_s.to_bytes(4, "big")
    flags = 0x02 if clean else 0x00
    head = _text("MQTT") + bytes([5, flags]) + keepalive_s.to_bytes(2, "big")
    return _packet(0x10, head + _length(len(properties)) + properties + _text(client_id))


def subscribe(number: int, topics: list[str]) -> bytes:
    """Return SUBSCRIBE with QoS 1."""
    wanted = b"".join(_text(topic) + b"\x01" for topic in topics)
    return _packet(0x82, number.to_bytes(2, "big") + b"\x00" + wanted)


def publish(number: int, topic: str, payload: bytes, *, expiry_s: int, retain: bool = False) -> bytes:
    """Return PUBLISH with QoS 1."""
    properties = bytes([_MESSAGE_EXPIRY]) + expiry_s.to_bytes(4, "big")
    body = _text(topic) + number.to_bytes(2, "big") + _length(len(properties)) + properties + payload
    return _packet(PUBLISH | _QOS1 | (0x01 if retain else 0), body)


def acknowledge(number: int) -> bytes:
    """Return PUBACK."""
    return _packet(PUBACK, number.to_bytes(2, "big"))


def first_packet(buffer: bytearray) -> Packet | None:
    """Take the first whole packet off a buffer; None while it is not there yet."""
    length, place, shift = 0, 1, 0
    while True:
        if place >= len(buffer):
            return None
        length |= (buffer[place] & 0x7F) << shift
        place += 1
        if not buffer[place - 1] & 0x80:
            break
        shift += 7
    if len(buffer) < place + length:
        return None
    packet = Packet(buffer[0] & 0xF0, buffer[0] & 0x0F, bytes(buffer[place : place + length]))
    del buffer[: place + length]
    return packet


def published(packet: Packet) -> tuple[str, int | None, bytes]:
    """Return topic, packet number (None with QoS 0) and payload of a PUBLISH."""
    body = packet.body
    size = int.from_bytes(body[:2], "big")
    topic, place = body[2 : 2 + size].decode(), 2 + size
    number = None
    if packet.flags & 0x06:
        number = int.from_bytes(body[place : place + 2], "big")
        place += 2
    properties, width = _read_length(body[place:])
    return topic, number, body[place + width + properties :]


def _packet(head: int, body: bytes) -> bytes:
    return bytes([head]) + _length(len(body)) + body


def _text(words: str) -> bytes:
    encoded = words.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _length(number: int) -> bytes:
    out = bytearray()
    while True:
        number, byte = number >> 7, number & 0x7F
        out.append(byte | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _read_length(data: bytes) -> tuple[int, int]:
    length = shift = width = 0
    for byte in data:
        length |= (byte & 0x7F) << shift
        shift += 7
        width += 1
        if not byte & 0x80:
            break
    return length, width
