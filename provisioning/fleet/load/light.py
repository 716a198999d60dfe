"""A light unit: one connection in an event loop that holds thousands. It repeats nothing; whoever drives it does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from device.domain.errors import Fault
from device.domain.reasons import Reason
from provisioning.fleet.load import packets

KEEPALIVE_S = 120
TIMEOUT_S = 60.0


class LightUnit:
    """One MQTT 5 connection over mutual TLS."""

    def __init__(self, client_id: str, context: ssl.SSLContext, host: str, port: int) -> None:
        self.client_id = client_id
        self._context = context
        self._host = host
        self._port = port
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._number = 0
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._connected: asyncio.Future[int] | None = None
        self.on_message: Callable[[str, bytes], None] = lambda _topic, _payload: None

    @property
    def is_up(self) -> bool:
        """The broker has accepted it."""
        return self._task is not None and not self._task.done()

    async def connect(self, *, clean: bool = True, session_expiry_s: int = 0) -> None:
        """Connect. Raise Fault (part `broker`) when the broker refuses or does not answer."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reader, self._writer = await asyncio.open_connection(
                    self._host, self._port, ssl=self._context, server_hostname=self._host
                )
                plain = self._writer.get_extra_info("socket")
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connected = asyncio.get_running_loop().create_future()
                self._writer.write(
                    packets.connect(
                        self.client_id, keepalive_s=KEEPALIVE_S, session_expiry_s=session_expiry_s, clean=clean
                    )
                )
                self._task = asyncio.create_task(self._read(reader))
                code = await self._connected
        except (OSError, TimeoutError) as error:
            raise _fault(f"{self.client_id}: {str(error) or 'no answer'}") from error
        if code >= 0x80:  # noqa: PLR2004  MQTT 5: refusals from here on
            raise _fault(f"{self.client_id}: refused with code 0x{code:02x}")

    async def subscribe(self, *topics: str) -> None:
        """Subscribe with QoS 1; return when the broker has it."""
        number, done = self._expect()
        self._write(packets.subscribe(number, list(topics)))
        await asyncio.wait_for(done, TIMEOUT_S)

    def publish(self, topic: str, payload: bytes, *, expiry_s: int = 60, retain: bool = False) -> asyncio.Future[int]:
        """Publish with QoS 1; the future is done when the broker has it."""
        number, done = self._expect()
        self._write(packets.publish(number, topic, payload, expiry_s=expiry_s, retain=retain))
        return done

    async def ended(self) -> None:
        """Wait until the broker has ended the connection."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=TIMEOUT_S)

    async def break_off(self) -> None:
        """Lose the connection, as in a power cut."""
        if self._writer is not None:
            self._writer.transport.abort()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def close(self) -> None:
        """Disconnect politely."""
        if self._writer is not None and not self._writer.is_closing():
            with contextlib.suppress(OSError):
                self._writer.write(packets.BYE)
                await self._writer.drain()
        # Without waiting for TLS to say good-bye on both ends: there are thousands of them.
        await self.break_off()

    def _expect(self) -> tuple[int, asyncio.Future[int]]:
        self._number = self._number % 65_535 + 1
        done = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = done
        return self._number, done

    def _write(self, data: bytes) -> None:
        if self._writer is None or self._writer.is_closing():
            raise _fault(f"{self.client_id}: not connected")
        self._writer.write(data)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        buffer = bytearray()
        why: BaseException = _fault(f"{self.client_id}: the connection was lost")
        try:
            while data := await reader.read(16_384):
                buffer += data
                while (packet := packets.first_packet(buffer)) is not None:
                    self._take(packet)
        except OSError as error:
            why = _fault(f"{self.client_id}: {error}")
        finally:
            waiting = [*self._waiting.values(), *([self._connected] if self._connected else [])]
            self._waiting.clear()
            for future in waiting:
                if not future.done():
                    future.set_exception(why)
                    # Not everybody waits for an acknowledgement; asked once, asyncio does not complain later.
                    future.exception()

    def _take(self, packet: packets.Packet) -> None:
        match packet.kind:
            case packets.CONNACK:
                if self._connected is not None and not self._connected.done():
                    self._connected.set_result(packet.body[1])
            case packets.PUBACK | packets.SUBACK:
                done = self._waiting.pop(int.from_bytes(packet.body[:2], "big"), None)
                if done is not None and not done.done():
                    done.set_result(packet.body[2] if len(packet.body) > 2 else 0)  # noqa: PLR2004  number, then code
            case packets.PUBLISH:
                topic, number, payload = packets.published(packet)
                if number is not None:
                    self._write(packets.acknowledge(number))
                self.on_message(topic, payload)
            case _:
                pass


def _fault(words: str) -> Fault:
    return Fault(words, part="broker", reason=Reason.BROKER_UNREACHABLE)
