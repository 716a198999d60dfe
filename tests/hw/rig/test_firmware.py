"""The rig board's own files, as they go onto the board, with parts in memory in place of metal."""

from __future__ import annotations

import ast
import binascii
import os
import select
import threading
import tomllib
import tty
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.errors import CannotMeasure, RigLost
from hw.rig.board import BoardRig
from hw.rig.firmware import settings
from hw.rig.firmware.core import PATTERNS, Core
from hw.rig.firmware.frames import LONGEST, BadLine, check, decode, encode
from hw.rig.firmware.parts import Parts
from hw.rig.port import Beside, Picture, Plug, Reading, Sensor

FIRMWARE = Path(settings.__file__).parent
AWAY = -1.0


@dataclass
class Memory(Parts):
    """A board without metal; time passes when a test says so."""

    identity: str = "e6614103e7452d2f"
    ms: int = 0
    closed: int = 0
    arms: dict[str, float | None] = field(default_factory=dict)
    powered: bool = True
    out: set[str] = field(default_factory=set)
    percent: int = 0
    pressed: bool = False
    broken_bit: int | None = None
    channels: dict[str, float] = field(default_factory=lambda: {"supply": 2.52, "room": 0.71, "lamp2": 0.5})

    def now_ms(self) -> int:
        return self.ms

    def keys(self, crossings: int) -> None:
        self.closed = crossings

    def arm(self, name: str, height_mm: float) -> None:
        self.arms[name] = height_mm

    def arms_limp(self) -> None:
        self.arms = dict.fromkeys(self.arms)

    def supply(self, *, on: bool) -> None:
        self.powered = on

    def plug(self, name: str, *, in_place: bool) -> None:
        (self.out.discard if in_place else self.out.add)(name)

    def light(self, percent: int) -> None:
        self.percent = percent

    def volts(self, channel: str) -> float:
        return self.channels[channel]

    def stopped(self) -> bool:
        return self.pressed

    def register_loop(self, pattern: int) -> int:
        return pattern if self.broken_bit is None else pattern & ~(1 << self.broken_bit)

    @property
    def is_safe(self) -> bool:
        return (
            self.closed == 0
            and self.powered
            and not self.out
            and all(height is None or height < 0 for height in self.arms.values())
        )


@dataclass
class Bench:
    """A host's side: it counts its requests and knows the check by another road than the board."""

    parts: Memory = field(default_factory=Memory)
    number: int = 0

    def __post_init__(self) -> None:
        self.core = Core(self.parts)
        assert self.ask("HELLO").startswith("OK uketsuke-rig 1 ")

    def line(self, words: str) -> bytes:
        head = f"{self.number} {words}"
        return f"{head} *{binascii.crc_hqx(head.encode(), 0xFFFF):04X}".encode()

    def words(self, answer: bytes) -> str:
        head, _, given = answer.decode().rstrip("\n").rpartition(" *")
        assert f"{binascii.crc_hqx(head.encode(), 0xFFFF):04X}" == given
        assert len(answer) <= LONGEST + 1
        number, _, words = head.partition(" ")
        assert int(number) == self.number
        return words

    def ask(self, words: str, *, again: bool = False) -> str:
        if words == "HELLO":
            self.number = 0
        elif not again:
            self.number = (self.number + 1) % 256
        answer = self.core.hear(self.line(words))
        return self.words(answer) if answer else ""

    def pass_time(self, ms: int) -> str:
        """Let the board's loop run on; return what it says in the end."""
        said = b""
        for _ in range(max(1, ms // 10)):
            self.parts.ms += 10
            said = self.core.tick() or said
        return self.words(said) if said else ""


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_check_is_the_protocols() -> None:
    assert check(b"123456789") == 0x29B1  # the check value that catalogues of CRCs give for CCITT-FALSE
    assert encode(0, ["HELLO"]) == b"0 HELLO *C591\n"


@given(st.binary(max_size=210))
def test_noise_is_never_answered(noise: bytes) -> None:
    try:
        number, words = decode(noise)
    except BadLine:
        return
    assert encode(number, words).rstrip(b"\n") == noise.rstrip(b"\r")


@given(st.data())
def test_a_line_with_one_wrong_byte_does_nothing(data: st.DataObject) -> None:
    bench = Bench()
    bench.number = 1
    line = bytearray(bench.line("PRESS 5 100"))
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 127))
    assert bench.core.hear(bytes(line)) == b""
    assert bench.parts.closed == 0


def test_a_pressed_key_is_let_go_by_itself(bench: Bench) -> None:
    assert bench.ask("PRESS 5 100") == "OK"
    assert bench.parts.closed == 1 << 5  # second row, second column
    bench.pass_time(90)
    assert bench.parts.closed
    bench.pass_time(20)
    assert bench.parts.closed == 0


def test_star_and_hash_and_several_keys_have_their_crossings(bench: Bench) -> None:
    bench.ask("PRESS SH1 50")
    assert bench.parts.closed == 1 << 12 | 1 << 14 | 1


def test_the_same_number_is_answered_again_and_not_done_again(bench: Bench) -> None:
    bench.ask("PRESS 5 100")
    bench.pass_time(200)
    assert bench.ask("PRESS 5 100", again=True) == "OK"
    assert bench.parts.closed == 0


def test_a_card_is_laid_in_its_time_and_beside_it_what_was_asked_for(bench: Bench) -> None:
    assert bench.ask("PLACE golden-1 12.5 metal") == f"BUSY {settings.ARM_MS}"
    assert bench.ask("PLACE golden-1 12.5 metal", again=True).startswith("BUSY ")
    assert bench.pass_time(settings.ARM_MS) == "OK"
    assert bench.parts.arms == {"left": 12.5, "plate": 12.5, "right": AWAY}
    assert bench.ask("PLACE golden-1 12.5 metal", again=True) == "OK"
    bench.ask("LIFT")
    assert set(bench.parts.arms.values()) == {AWAY}


def test_the_supply_comes_back_by_itself_and_then_only_it_is_said(bench: Bench) -> None:
    assert bench.ask("POWER 3000") == "BUSY 3000"
    assert not bench.parts.powered
    assert bench.pass_time(2900) == ""
    assert bench.pass_time(100) == "OK"
    assert bench.parts.powered


def test_a_long_cut_is_no_silence(bench: Bench) -> None:
    bench.ask(f"POWER {settings.SILENT_MS + 5000}")
    assert bench.pass_time(settings.SILENT_MS + 1000) == ""
    assert not bench.parts.powered
    assert bench.pass_time(5000) == "OK"


@pytest.mark.parametrize("plug", settings.PLUGS)
def test_each_plug_is_pulled_and_put_back(plug: str, bench: Bench) -> None:
    bench.ask(f"UNPLUG {plug} 500")
    assert bench.parts.out == {plug}
    assert bench.pass_time(500) == "OK"
    assert not bench.parts.out


def test_readings_are_told_with_their_uncertainty(bench: Bench) -> None:
    assert bench.ask("SENSE supply -") == "OK 5.040 0.04"
    assert bench.ask("SENSE room_temperature -") == "OK 21.000 1.5"
    assert bench.ask("SENSE lamp face") == "OK 100.000 12.0"


def test_light_is_set_and_stays_in_the_safe_state(bench: Bench) -> None:
    assert bench.ask("LIGHT office") == "OK"
    bench.ask("SAFE")
    assert bench.parts.percent == settings.LIGHTS["office"]


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("DANCE", "ERR unknown DANCE"),
        ("PRESS 5", "ERR unknown PRESS"),
        ("PRESS 5 ten", "ERR unknown PRESS"),
        ("PRESS E 10", "ERR unknown PRESS"),
        ("PRESS 5 1.2.3", "ERR unknown PRESS"),
        ("PRESS 5 99999999", "ERR cannot at_most_30000"),
        ("PLACE stranger 0 nothing", "ERR cannot no_arm_carries_stranger"),
        ("PLACE golden-1 -5 nothing", "ERR unknown PLACE"),
        ("PLACE golden-1 0 cat", "ERR unknown PLACE"),
        ("LIGHT blinding", "ERR unknown LIGHT"),
        ("UNPLUG unit 10", "ERR unknown UNPLUG"),
        ("SENSE sound -", "ERR cannot no_sensor_for_sound"),
        ("SENSE lamp nose", "ERR cannot no_sensor_for_lamp_at_nose"),
        ("SHOW grey", "ERR cannot the_display_hangs_on_the_station"),
    ],
)
def test_what_it_cannot_do_it_says_and_leaves_all_as_it_was(request_: str, answer: str, bench: Bench) -> None:
    assert bench.ask(request_) == answer
    assert bench.parts.is_safe


def test_a_host_that_falls_silent_leaves_a_safe_table(bench: Bench) -> None:
    bench.ask("PLACE golden-1 0 nothing")
    bench.pass_time(settings.ARM_MS)
    bench.ask("PRESS 5 30000")
    bench.pass_time(settings.SILENT_MS - 1000)
    assert not bench.parts.is_safe
    bench.pass_time(2000)
    assert bench.parts.is_safe


def test_noise_does_not_keep_the_watch_awake(bench: Bench) -> None:
    bench.ask("PLACE golden-1 0 nothing")
    bench.pass_time(settings.ARM_MS)
    for _ in range(13):
        bench.core.hear(b"1 LIFT *0000")
        bench.pass_time(10_000)
    assert bench.parts.is_safe


def test_safe_breaks_off_whatever_lasts(bench: Bench) -> None:
    bench.ask("POWER 60000")
    assert bench.ask("SAFE") == "OK"
    assert bench.parts.powered
    assert bench.pass_time(60_000) == ""


def test_the_emergency_stop_lets_all_go_and_says_so_until_a_host_begins_anew(bench: Bench) -> None:
    bench.ask("PRESS 5 20000")
    bench.ask("PLACE golden-1 0 nothing")
    bench.parts.pressed = True
    assert bench.pass_time(10) == "ERR fault emergency_stop"
    assert bench.parts.is_safe
    assert set(bench.parts.arms.values()) == {None}  # limp: nothing moves while the button is down
    assert bench.ask("LIFT") == "ERR fault emergency_stop"
    assert bench.ask("TEST") == f"OK register:{len(PATTERNS)} stop:pressed"
    bench.parts.pressed = False
    bench.pass_time(10)
    assert bench.ask("LIFT") == "ERR fault emergency_stop"
    bench.ask("HELLO")
    assert bench.ask("LIFT").startswith("BUSY")


def test_a_greeting_under_a_pressed_stop_does_not_lift_it(bench: Bench) -> None:
    bench.parts.pressed = True
    bench.pass_time(10)
    bench.ask("HELLO")
    assert bench.ask("PRESS 5 10") == "ERR fault emergency_stop"


def test_a_board_that_restarted_does_nothing_until_it_is_greeted(bench: Bench) -> None:
    bench.core = Core(bench.parts)
    assert bench.ask("PRESS 5 10") == "ERR fault the_board_has_restarted"
    assert bench.parts.is_safe


@pytest.mark.parametrize("bit", range(16))
def test_the_loop_finds_each_broken_bit_of_the_register(bit: int, bench: Bench) -> None:
    bench.parts.broken_bit = bit
    assert bench.ask("TEST").startswith("ERR fault register_")


def test_the_benchs_own_driver_talks_to_it_over_a_serial_line() -> None:
    """The host's BoardRig on a pseudo-terminal, and the board's loop in small: bytes in, lines to the core, ticks."""
    parts = Memory()
    core = Core(parts)
    host, board = os.openpty()
    tty.setraw(board)
    over = threading.Event()

    def serve() -> None:
        line = b""
        while not over.is_set():
            parts.ms += 50
            for byte in os.read(host, 400) if select.select([host], [], [], 0.002)[0] else b"":
                if byte == 0x0A:
                    os.write(host, core.hear(line))
                    line = b""
                else:
                    line += bytes([byte])
            os.write(host, core.tick())

    loop = threading.Thread(target=serve)
    loop.start()
    try:
        with BoardRig(os.ttyname(board)) as rig:
            assert rig.facts().name == parts.identity
            rig.place("golden-1", spacer_mm=10, beside=Beside.METAL)
            assert parts.arms == {"left": 10.0, "plate": 10.0, "right": AWAY}
            rig.press("*0", 0.2)
            rig.unplug(Plug.READER, 0.5)
            assert not parts.out
            assert rig.sense(Sensor.SUPPLY) == Reading(5.04, 0.04)
            with pytest.raises(CannotMeasure, match="the display hangs on the station"):
                rig.show(Picture.GREY)
            parts.pressed = True
            with pytest.raises(RigLost, match="fault emergency stop"):
                rig.cut_power(5)
        assert parts.powered
        assert parts.closed == 0
    finally:
        over.set()
        loop.join()
        os.close(host)
        os.close(board)


def test_the_boards_pins_are_the_drawn_ones() -> None:
    wiring = tomllib.loads((FIRMWARE / "wiring.toml").read_text(encoding="utf-8"))
    drawn = {name: pin for part in wiring["part"] for name, pin in part["pins"].items()}
    source = ast.parse((FIRMWARE / "pico.py").read_text(encoding="utf-8"))
    values: dict[str, object] = {}
    for node in source.body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], ast.literal_eval(node.value)
            names = [each.id for each in ast.walk(target) if isinstance(each, ast.Name)]
            values.update(zip(names, value if isinstance(target, ast.Tuple) else [value], strict=True))
    assert {name: values[name] for name in ("DATA", "CLOCK", "LATCH", "OUTPUTS_OFF", "LOOP")}.items() <= drawn.items()
    assert values["ARM_PINS"] == {arm: drawn[f"ARM_{arm.upper()}"] for arm in ("left", "right", "plate")}
    assert values["PLUG_PINS"] == {plug: drawn[f"PLUG_{plug.upper()}"] for plug in settings.PLUGS}
    assert (values["SUPPLY_PIN"], values["STOP_PIN"], values["LIGHT_PIN"]) == (
        drawn["SUPPLY_PIN"], drawn["STOP_PIN"], drawn["LIGHT_PIN"],
    )  # fmt: skip
    assert values["MUX_PINS"] == tuple(drawn[f"MUX_{bit}"] for bit in range(3))
    assert len(set(drawn.values())) == len(drawn), "a pin is used twice"
    channels = {place[0] for sensor in settings.SENSORS.values() for place in sensor.values()}
    assert channels == set(values["MUX_CHANNELS"])  # type: ignore[call-overload]  # values of a TOML file


@pytest.mark.parametrize("file", sorted(FIRMWARE.glob("*.py")), ids=lambda file: file.name)
def test_the_source_is_what_micropython_speaks(file: Path) -> None:
    """MicroPython has no match, no typing, no __future__, and no star within a display of values."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Match)
        if isinstance(node, (ast.Tuple, ast.List)):
            assert not any(isinstance(each, ast.Starred) for each in node.elts), f"{file.name}:{node.lineno}"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            relative = isinstance(node, ast.ImportFrom) and node.level
            assert relative or name in {"machine", "select", "sys", "time"}, f"{file.name}:{node.lineno}"
