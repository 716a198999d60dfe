"""The dialogue with a PN532: a command, its acknowledgement, its answer (UM0701-02, 6.2.2).

What is sent twice and what is not: a command never, because it may be a VERIFY that has reached the card; an answer
that came broken is asked for again by NACK, which makes the chip repeat its words and do nothing (6.2.1.4), and only
where what came was that answer beyond doubt, because otherwise the chip would repeat an older one.
"""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass
from typing import Final

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.pn532 import frames
from device.drivers.pn532.frames import Ack, Broken, Decoder, ErrorFrame, Event, Information, Nack
from device.drivers.pn532.wire import Wire

PART: Final = "card reader"
_REPEATS: Final = 2
"""How often one answer is asked for again."""

_ADVICE: Final = {
    errno.ENOENT: "it is not there: is the bus switched on in the Pi's configuration, and is the name right?",
    errno.EACCES: "this account may not use it: add the account to the device's group (dialout, spi or i2c)",
    errno.EPERM: "this account may not use it: add the account to the device's group (dialout, spi or i2c)",
    errno.EAGAIN: "another program uses it: stop that program, or the login console on the serial line",
    errno.EBUSY: "another program uses it: stop that program, or the login console on the serial line",
    errno.EREMOTEIO: "nobody answers at the chip's address: set the HAT's jumpers to I2C",
}
_MODE: Final = "check that the HAT's jumpers are set to this bus, that it sits well, and that nothing else uses the bus"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long is waited for what, in seconds."""

    ack_s: float = 0.5
    """For the acknowledgement of a command. The chip gives it within 15 ms (6.2.2); the rest is for a busy machine."""
    gap_s: float = 0.1
    """For the next byte of a frame that has begun. The longest one takes 24 ms at 115 200 baud."""
    command_s: float = 1.0
    """For the answer to a command that does not wait for a card, or only for it to show up."""
    exchange_s: float = 15.0
    """For a card's answer. The chip itself grants the card its waiting-time extensions; a signature takes a second."""
    poll_s: float = 0.25
    """Between two looks for a card."""
    field_off_s: float = 0.02
    """How long the field stays off at least, so that a card loses its power (ISO/IEC 14443-3: 5 ms)."""


class ChipTrouble(Fault):
    """The dialogue with the chip failed; the message says to a technician what to look at."""

    def __init__(self, message: str) -> None:
        super().__init__(message, part=PART, reason=Reason.READER_FAULT)


def bus_trouble(doing: str, error: OSError) -> ChipTrouble:
    """Say what it means that the bus failed."""
    advice = _ADVICE.get(error.errno or 0, "check the cable and that the HAT sits well")
    what = os.strerror(error.errno) if error.errno else str(error)
    return ChipTrouble(f"{doing}: {what}: {advice}")


class Chip:
    """A PN532 that is asked one thing at a time. Every method raises ChipTrouble."""

    def __init__(self, wire: Wire, timing: Timing) -> None:
        self._wire = wire
        self._timing = timing
        self._decoder = Decoder()

    @property
    def timing(self) -> Timing:
        """How long is waited for what."""
        return self._timing

    def wake(self) -> None:
        """Make the chip listen, and stop what it may still be doing for somebody who is gone."""
        try:
            self._wire.wake()
            self._wire.write(frames.ACK)
        except OSError as error:
            raise bus_trouble("waking the PN532", error) from error

    def ask(self, code: int, data: bytes | bytearray = b"", *, answer_s: float | None = None) -> bytes:
        """Send a command, once, and return what follows the code in its answer.

        The frame is wiped, `data` is its owner's. `answer_s` is `timing.command_s` where it is not given.
        """
        frame = frames.encode(code, data)
        try:
            self._decoder.reset()
            self._wire.clear()
            self._wire.write(frame)
            return self._answer(code, self._timing.command_s if answer_s is None else answer_s)
        except OSError as error:
            raise bus_trouble("talking to the PN532", error) from error
        finally:
            frame[:] = bytes(len(frame))

    def close(self) -> None:
        """Let go of the bus; harmless when repeated."""
        self._wire.close()

    def _answer(self, code: int, answer_s: float) -> bytes:
        acknowledged = spoken = False
        repeats = _REPEATS
        deadline = time.monotonic() + self._timing.ack_s
        while (events := self._listen(deadline, only_ack=not acknowledged)) is not None:
            for event in events:
                spoken = True
                match event:
                    case Ack():
                        acknowledged = True
                        deadline = time.monotonic() + answer_s
                    case Broken(beginning=beginning) if beginning == bytes((frames.FROM_CHIP, code + 1)) and repeats:
                        repeats -= 1
                        self._wire.write(frames.NACK)
                        deadline = time.monotonic() + self._timing.ack_s
                    case Information() | ErrorFrame():
                        data = _data(event, code)
                        if data is not None:
                            return data
                    case Nack() | Broken():
                        pass  # noise
        raise self._silence(acknowledged=acknowledged, spoken=spoken, repeated=repeats < _REPEATS, answer_s=answer_s)

    def _listen(self, deadline: float, *, only_ack: bool) -> list[Event] | None:
        """Return what came next; nothing where it is not complete; None when the time is up."""
        size = len(frames.ACK) if only_ack else frames.LARGEST_FRAME
        now = time.monotonic()
        until = min(deadline, now + self._timing.gap_s) if self._decoder.midway else deadline
        received = self._wire.read(size, max(0.0, until - now))
        if received:
            return self._decoder.feed(received)
        if self._decoder.midway:
            return self._decoder.give_up()
        return None if time.monotonic() >= deadline else []

    def _silence(self, *, acknowledged: bool, spoken: bool, repeated: bool, answer_s: float) -> ChipTrouble:
        if repeated:
            return ChipTrouble(f"the PN532's answer comes broken again and again: {_MODE}")
        if acknowledged:
            # From the host, ACK stops the command that runs (6.2.1.3).
            self._wire.write(frames.ACK)
            return ChipTrouble(f"the PN532 took the command and did not answer within {answer_s:g} s")
        if spoken:
            return ChipTrouble(f"what the PN532 says is no frame: {_MODE}")
        return ChipTrouble(f"the PN532 does not answer: {_MODE}")


def _data(event: Information | ErrorFrame, code: int) -> bytes | None:
    """Return what follows the code in the answer to `code`, None for a late answer to somebody else's command."""
    match event:
        case Information(tfi=frames.FROM_CHIP, code=answered, data=data):
            # An answer proves what its acknowledgement would have said.
            return data if answered == code + 1 else None
        case Information(tfi=frames.FROM_HOST):
            raise ChipTrouble("our own words come back: two lines of the bus touch, or TX is wired to RX")
        case ErrorFrame():
            raise ChipTrouble(f"the PN532 does not understand command {code:02X}")
        case _:
            return None
