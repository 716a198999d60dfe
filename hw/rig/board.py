"""The rig on a serial line: a board with relays, servos and sensors that speaks PROTOCOL.md."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import serial

from device.wire.texts import Text
from hw.cards import GoldenCard
from hw.errors import CannotMeasure, RigLost
from hw.record import RigFacts
from hw.rig.by_hand import holder_is_here, is_presented
from hw.rig.frames import NUMBERS, BadFrame, RigLine
from hw.rig.port import Beside, Light, Picture, Plug, Presentation, Reading, Sensor

BAUD: Final = 115_200
VERSION: Final = "1"
ANSWER_S: Final = 2.0
TRIES: Final = 3
MOST_BUSY: Final = 60
MARGIN_S: Final = 5.0
KEY_NAMES: Final = str.maketrans("*#", "SH")


class BoardRig:
    """A `Rig` behind a serial line. One thread."""

    press_within_s = 0.5
    tireless = True
    knows_when = True

    def __init__(
        self,
        port: str,
        *,
        answer_s: float = ANSWER_S,
        ask: Callable[[Text], bool] | None = None,
    ) -> None:
        """Open and greet. `ask` reaches the person at the station, where there is one. Raise RigLost."""
        self._ask = ask
        self._answer_s = answer_s
        self._number = 0
        self._rest = b""
        try:
            self._line = serial.Serial(port, BAUD, timeout=0.05, exclusive=True)
        except (serial.SerialException, OSError) as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise RigLost(f"the rig's serial line {port} cannot be opened: {why}") from error
        try:
            self._facts = self._greeted(self._request("HELLO"))
        except BaseException:
            self._line.close()
            raise

    def facts(self) -> RigFacts:
        """What the board said of itself."""
        return self._facts

    def place(self, card: str, *, spacer_mm: float = 0.0, beside: Beside = Beside.NOTHING) -> None:
        """Let the arm lay it there."""
        self._request("PLACE", card, f"{spacer_mm:g}", beside)

    def lift(self) -> None:
        """Let the arm take it away."""
        self._request("LIFT")

    def press(self, keys: str, hold_s: float) -> None:
        """Close the crossings; the board opens them again."""
        self._request("PRESS", keys.translate(KEY_NAMES), f"{1000 * hold_s:.0f}")

    def type_pin(self, card: str) -> None:
        """A board types what it is told to press; it knows nobody's PIN."""
        raise CannotMeasure(f"the station's list of cards has no PIN of {card!r}")

    def show(self, picture: Picture | str) -> None:
        """Change the display's picture."""
        self._request("SHOW", str(picture))

    def bring_holder(self, card: GoldenCard) -> None:
        """Show the photo of the list; where it names none, a person has to come."""
        if card.photo:
            self.show(card.photo)
        elif not self.ask(holder_is_here(card)):
            raise CannotMeasure(f"the holder of {card.name!r} is not here")

    def present(self, presentation: Presentation) -> None:
        """Ask the person at the station for it: a board holds nothing up."""
        if not self.ask(is_presented(presentation)):
            raise CannotMeasure("it was not presented")

    def light(self, light: Light) -> None:
        """Set the lamps."""
        self._request("LIGHT", light)

    def cut_power(self, seconds: float) -> None:
        """Open the supply's relay for so long."""
        self._request("POWER", f"{1000 * seconds:.0f}", longer_s=seconds)

    def unplug(self, plug: Plug, seconds: float) -> None:
        """Open the plug's relay for so long."""
        self._request("UNPLUG", plug, f"{1000 * seconds:.0f}", longer_s=seconds)

    def sense(self, sensor: Sensor, at: str = "") -> Reading:
        """Measure."""
        if f"sense:{sensor}" not in self._facts.abilities:
            raise CannotMeasure(f"the rig's board has no sensor for {sensor}")
        words = self._request("SENSE", sensor, at or "-")
        try:
            value, uncertainty = (float(word) for word in words)
        except ValueError as error:
            raise RigLost(f"the board's answer is no reading: {' '.join(words)}") from error
        return Reading(value, uncertainty)

    def ask(self, question: Text) -> bool:
        """Ask the person at the station."""
        if self._ask is None:
            raise CannotMeasure(f"nobody stands at this rig: {question.en}")
        return self._ask(question)

    def close(self) -> None:
        """Leave everything safe, if the board still hears."""
        try:
            self._request("SAFE")
        except (RigLost, CannotMeasure):
            pass  # a board that does not hear goes to its safe state by itself
        finally:
            self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def _request(self, *words: str, longer_s: float = 0.0) -> tuple[str, ...]:
        """Return what follows OK. The same number is asked again, so that nothing is done twice."""
        line = RigLine(self._number, words)
        self._number = (self._number + 1) % NUMBERS
        wait_s = self._answer_s + longer_s + (MARGIN_S if longer_s else 0.0)
        try:
            for _ in range(TRIES):
                self._line.write(line.encode())
                answer = self._answer(line.number, wait_s)
                if answer is not None:
                    return self._understood(words[0], answer)
        except (serial.SerialException, OSError) as error:
            raise RigLost(f"the rig's cable was pulled, or its board lost power: {error}") from error
        raise RigLost(f"the rig's board does not answer to {words[0]}")

    def _answer(self, number: int, wait_s: float) -> tuple[str, ...] | None:
        end_s = time.monotonic() + wait_s
        busy = 0
        while time.monotonic() < end_s:
            line = self._read_line()
            if line is None or line.number != number:
                continue
            match line.words:
                case ("BUSY", more) if more.isdigit() and busy < MOST_BUSY:
                    busy += 1
                    end_s = time.monotonic() + int(more) / 1000 + self._answer_s
                case words:
                    return words
        return None

    def _read_line(self) -> RigLine | None:
        """Return the next whole line; None where none came, or one that is none."""
        if b"\n" not in self._rest:
            self._rest += self._line.read(max(1, self._line.in_waiting))
        line, end, rest = self._rest.partition(b"\n")
        if not end:
            return None
        self._rest = rest
        try:
            return RigLine.decode(line)
        except BadFrame:
            return None

    def _understood(self, request: str, answer: tuple[str, ...]) -> tuple[str, ...]:
        match answer:
            case ("OK", *rest):
                return tuple(rest)
            case ("ERR", "cannot", *why):
                raise CannotMeasure(f"the rig's board cannot: {' '.join(why).replace('_', ' ')}")
            case ("ERR", *why):
                raise RigLost(f"the rig's board says: {' '.join(why).replace('_', ' ')}")
            case _:
                raise RigLost(f"the rig's board answers {request} with {' '.join(answer)}")

    @staticmethod
    def _greeted(words: tuple[str, ...]) -> RigFacts:
        match words:
            case ("uketsuke-rig", version, firmware, name, abilities) if version == VERSION:
                return RigFacts(kind="board", name=name, firmware=firmware, abilities=abilities.split(","))
            case ("uketsuke-rig", version, *_):
                raise RigLost(f"the board speaks version {version} of the protocol, not {VERSION}")
            case _:
                raise RigLost("what answers on the serial line is no rig")
