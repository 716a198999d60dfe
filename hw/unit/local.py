"""The real unit, from within: the bench runs on its machine, the unit's program is stopped, its drivers are ours.

Nothing of this was run on a unit yet. A part that cannot be opened is "not measured", with the driver's own words.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, NoReturn, Self

from device.app.config import KeySection, load
from device.app.face_desk import FaceParts as OpenFace
from device.app.face_parts import open_face
from device.app.panel_parts import PADS, PanelParts, open_panel
from device.app.reader_parts import open_reader
from device.domain.errors import BadConfig, Fault
from device.domain.values import SIMULATED_UNIT_PREFIX
from device.drivers.board import board_number
from device.drivers.system import SystemClock
from device.panel.pad import Pad
from device.ports.camera import Camera, CardFront
from device.ports.card import CardReader
from device.ports.panel import Display, Indicators, Keypad, Voice
from device.sim.portrait import Photo, load_photo
from hw.errors import CannotMeasure
from hw.record import UnitFacts
from hw.unit.local_program import LocalProgram, serve
from hw.unit.local_system import LocalSystem, digests, read_fact, versions
from hw.unit.port import FaceParts, Through

CAMERA_S: Final = 15.0
LOOK_S: Final = 0.1
MODEL: Final = Path("/proc/device-tree/model")
START: Final = Path("/proc/sys/kernel/random/boot_id")


class LocalUnit:
    """A `UnitUnderTest` by the drivers of this machine; parts are opened when they are first asked for."""

    def __init__(self, config: Path, *, time_server: str = "") -> None:
        """Read the configuration. Raise BadConfig. `time_server` is what the clock is compared with."""
        self._config = load(config)
        self._stack = ExitStack()
        self._clock = SystemClock()
        self.system = LocalSystem(config, self._config, time_server)

    @property
    def clock(self) -> SystemClock:
        """The machine's clocks."""
        return self._clock

    @property
    def hosts_the_bench(self) -> bool:
        """The bench runs here."""
        return True

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Lend a folder in the unit's state."""
        try:
            with TemporaryDirectory(prefix="bench-", dir=self._config.unit.state) as folder:
                yield Path(folder)
        except OSError as error:
            raise CannotMeasure(f"nothing can be written where the unit keeps its state: {error}") from error

    def wait(self, seconds: float) -> None:
        """Let real time pass."""
        time.sleep(seconds)

    def facts(self) -> UnitFacts:
        """Say what it is, from its configuration and its board."""
        return UnitFacts(
            serial=self._config.unit_id,
            board=board_number().decode(errors="replace"),
            started=read_fact(START),
            hardware=read_fact(MODEL) or "unknown board",
            simulated=self._config.unit_id.startswith(SIMULATED_UNIT_PREFIX),
            versions=versions(),
            digests=digests(self._config),
        )

    @cached_property
    def reader(self) -> CardReader:
        """The reader that the configuration names."""
        simulated = self._config.unit_id.startswith(SIMULATED_UNIT_PREFIX)
        try:
            return open_reader(self._config, self._stack, simulated=simulated)
        except (Fault, ImportError) as error:
            raise CannotMeasure(f"the reader cannot be opened: {error}") from error

    @property
    def pad(self) -> Pad:
        """The pad that the configuration names."""
        return PADS[self._config.panel.pad]

    @property
    def keypad(self) -> Keypad:
        """The keys on the header."""
        return self._panel.keypad

    @property
    def indicators(self) -> Indicators:
        """Lamps and buzzer on the header."""
        return self._panel.indicators

    @property
    def display(self) -> Display:
        """The display that the configuration names."""
        display = self._panel.display
        if display is None:
            raise CannotMeasure("the configuration names no display")
        return display

    @property
    def voice(self) -> Voice:
        """The loudspeaker."""
        return self._panel.voice

    @cached_property
    def camera(self) -> Camera:
        """The visitor's camera, once it films."""
        camera = self._face.camera
        end_s = self._clock.monotonic_s() + CAMERA_S
        while True:
            try:
                camera.next_frame(LOOK_S)
            except Fault as error:
                if self._clock.monotonic_s() > end_s:
                    raise CannotMeasure(f"the camera does not film: {error}") from error
                time.sleep(LOOK_S)
            else:
                return camera

    @property
    def front(self) -> CardFront:
        """The camera over the card."""
        return self._face.front

    @property
    def credential(self) -> NoReturn:
        """None: it comes with an approval that nobody has yet."""
        raise CannotMeasure("no institution's credential is part of the program")

    @property
    def key_place(self) -> KeySection:
        """Where the configuration has it."""
        return self._config.key

    @property
    def face(self) -> FaceParts:
        """The networks that the configuration names."""
        parts = self._face
        return FaceParts(parts.engine, parts.threshold, parts.liveness)

    def photo(self, name: str) -> Photo:
        """A photo that the bench display may show."""
        try:
            return load_photo(self.system.models, name)
        except Fault as error:
            raise CannotMeasure(str(error)) from error

    @contextmanager
    def serving(self, through: Through) -> Iterator[LocalProgram]:
        """Let go of every part and run the unit's program on them; they are opened anew when they are asked for."""
        self._stack.close()
        for name in ("reader", "camera", "_panel", "_face"):
            self.__dict__.pop(name, None)
        with serve(self._config, through) as program:
            yield program

    @cached_property
    def _panel(self) -> PanelParts:
        if self._config.panel.kind != "gpio":
            raise CannotMeasure(
                "the configuration's panel is the console: there are no keys, lamps or lines to measure"
            )
        try:
            return open_panel(self._config.panel, self._config.voice, self._stack, self._clock)
        except (Fault, ImportError) as error:
            raise CannotMeasure(f"the panel cannot be opened: {error}") from error

    @cached_property
    def _face(self) -> OpenFace:
        troubles: dict[str, Fault] = {}
        try:
            opened = open_face(self._config, self._stack, self._clock, troubles)
        except (BadConfig, ImportError) as error:
            raise CannotMeasure(f"the cameras cannot be opened: {error}") from error
        if opened.parts is None:
            why = "; ".join(str(trouble) for trouble in troubles.values()) or "the configuration names no camera"
            raise CannotMeasure(f"no face path: {why}")
        return opened.parts

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._stack.close()
