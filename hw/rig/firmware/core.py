"""The board's mind: lines in, lines out, parts moved in between. Knows no pin and no clock but `Parts`.

One request at a time. What takes longer is answered BUSY at once and OK when it is done, so that the watchdog, the
emergency stop and the release of a key never wait for it.
"""

from . import settings
from .frames import BadLine, decode, encode
from .parts import Parts

VERSION = "1"
FIRMWARE = "pico-1"
ROWS = ("123A", "456B", "789C", "S0HD")
LONGEST_WORD = 48
ALWAYS = ("HELLO", "SAFE", "TEST")
PATTERNS = [0x0000, 0xFFFF, 0xAAAA, 0x5555] + [1 << bit for bit in range(16)]


class Refused(Exception):  # noqa: N818  it is an answer
    """The words after ERR."""

    def __init__(self, *words: str) -> None:
        super().__init__(*words)
        self.words = list(words)


class Core:
    """Hears lines and says what to answer; `tick` is called all the time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._heard_ms = parts.now_ms()
        self._silent = False
        self._last: tuple[int, bytes] | None = None
        self._greeted = False
        """A board that restarted in the middle of a run does nothing until a host begins anew."""
        self._busy: tuple[int, int] | None = None
        """The number that waits for its OK, and when it gets it."""
        self._release_ms: int | None = None
        self._restore: list[tuple[int, str]] = []
        """When which plug goes in again; the empty name is the supply."""
        self._tripped = False
        self._safe()

    def hear(self, line: bytes) -> bytes:
        """Return the answer to a line; nothing to one that is none."""
        try:
            number, words = decode(line)
        except BadLine:
            return b""
        self._heard_ms = self._parts.now_ms()
        self._silent = False
        greets = number == 0 and words == ["HELLO"]
        if greets or words == ["SAFE"]:
            self._busy = None
        if greets:
            self._last = None
        if self._busy is not None:
            return self._still_busy(number)
        if self._last is not None and self._last[0] == number:
            return self._last[1]
        wait_ms = 0
        try:
            answer, wait_ms = self._carried_out(words)
        except Refused as refused:
            answer = ["ERR"] + [word[:LONGEST_WORD] for word in refused.words]
        if wait_ms:
            self._busy = (number, self._parts.now_ms() + wait_ms)
            return encode(number, ["BUSY", str(wait_ms)])
        return self._answered(number, answer)

    def tick(self) -> bytes:
        """Do what is due; return an answer that has become due, or nothing."""
        now = self._parts.now_ms()
        if self._parts.stopped():
            if not self._tripped:
                self._tripped = True
                self._safe()
                return self._given_up("emergency_stop")
            return b""
        if self._busy is None and now - self._heard_ms > settings.SILENT_MS and not self._silent:
            self._silent = True
            self._safe()
        if self._release_ms is not None and now >= self._release_ms:
            self._let_go()
        for due in [each for each in self._restore if now >= each[0]]:
            self._restore.remove(due)
            self._put_back(due[1])
        if self._busy is not None and now >= self._busy[1]:
            number = self._busy[0]
            self._busy = None
            self._heard_ms = now
            return self._answered(number, ["OK"])
        return b""

    def _carried_out(self, words: list[str]) -> tuple[list[str], int]:
        """Return the answer and how long until it is true. Raise Refused."""
        request, given = words[0], words[1:]
        known = {
            "HELLO": (0, self._hello),
            "SAFE": (0, self._made_safe),
            "TEST": (0, self._test),
            "PLACE": (3, self._place),
            "LIFT": (0, self._lift),
            "PRESS": (2, self._press),
            "SHOW": (1, self._show),
            "LIGHT": (1, self._light),
            "POWER": (1, self._power),
            "UNPLUG": (2, self._unplug),
            "SENSE": (2, self._sense),
        }
        if request not in known or len(given) != known[request][0]:
            raise Refused("unknown", request)
        if self._tripped and request not in ALWAYS:
            raise Refused("fault", "emergency_stop")
        if not self._greeted and request not in ALWAYS:
            raise Refused("fault", "the_board_has_restarted")
        return known[request][1](given)

    def _hello(self, given: list[str]) -> tuple[list[str], int]:
        self._greeted = True
        self._tripped = self._parts.stopped()
        self._safe()
        abilities = "place,lift,press,light,power,unplug,test," + ",".join(
            "sense:" + sensor for sensor in sorted(settings.SENSORS)
        )
        return ["OK", "uketsuke-rig", VERSION, FIRMWARE, self._parts.identity, abilities], 0

    def _made_safe(self, given: list[str]) -> tuple[list[str], int]:
        self._safe()
        return ["OK"], 0

    def _test(self, given: list[str]) -> tuple[list[str], int]:
        """Loop the keys' register back bit by bit; say what else the board knows of itself."""
        self._let_go()
        for pattern in PATTERNS:
            back = self._parts.register_loop(pattern)
            if back != pattern:
                raise Refused("fault", "register_{:04X}_came_back_as_{:04X}".format(pattern, back))
        stop = "pressed" if self._parts.stopped() else "clear"
        return ["OK", "register:" + str(len(PATTERNS)), "stop:" + stop], 0

    def _place(self, given: list[str]) -> tuple[list[str], int]:
        card, height, beside = given
        height_mm = _number(height, settings.HIGHEST_MM, "PLACE")
        if card not in settings.ARMS:
            raise Refused("cannot", "no_arm_carries_" + card)
        if beside != "nothing" and beside not in settings.BESIDE:
            raise Refused("unknown", "PLACE")
        self._arms_away()
        self._parts.arm(settings.ARMS[card], height_mm)
        if beside != "nothing":
            self._parts.arm(settings.BESIDE[beside], height_mm)
        return ["OK"], settings.ARM_MS

    def _lift(self, given: list[str]) -> tuple[list[str], int]:
        self._arms_away()
        return ["OK"], settings.ARM_MS

    def _press(self, given: list[str]) -> tuple[list[str], int]:
        keys, time = given
        held_ms = int(_number(time, settings.LONGEST_PRESS_MS, "PRESS"))
        crossings = 0
        for key in keys:
            found = [4 * row + line.index(key) for row, line in enumerate(ROWS) if key in line]
            if not found:
                raise Refused("unknown", "PRESS")
            crossings |= 1 << found[0]
        self._parts.keys(crossings)
        self._release_ms = self._parts.now_ms() + held_ms
        return ["OK"], 0

    def _show(self, given: list[str]) -> tuple[list[str], int]:
        raise Refused("cannot", "the_display_hangs_on_the_station")

    def _light(self, given: list[str]) -> tuple[list[str], int]:
        if given[0] not in settings.LIGHTS:
            raise Refused("unknown", "LIGHT")
        self._parts.light(settings.LIGHTS[given[0]])
        return ["OK"], 0

    def _power(self, given: list[str]) -> tuple[list[str], int]:
        gone_ms = int(_number(given[0], settings.LONGEST_CUT_MS, "POWER"))
        self._parts.supply(on=False)
        return self._later("", gone_ms)

    def _unplug(self, given: list[str]) -> tuple[list[str], int]:
        plug, time = given
        gone_ms = int(_number(time, settings.LONGEST_CUT_MS, "UNPLUG"))
        if plug not in settings.PLUGS:
            raise Refused("unknown", "UNPLUG")
        self._parts.plug(plug, in_place=False)
        return self._later(plug, gone_ms)

    def _sense(self, given: list[str]) -> tuple[list[str], int]:
        sensor, place = given
        if sensor not in settings.SENSORS:
            raise Refused("cannot", "no_sensor_for_" + sensor)
        if place not in settings.SENSORS[sensor]:
            raise Refused("cannot", "no_sensor_for_" + sensor + "_at_" + place)
        channel, factor, offset, uncertainty = settings.SENSORS[sensor][place]
        return ["OK", "{:.3f}".format(factor * self._parts.volts(channel) + offset), str(uncertainty)], 0

    def _later(self, plug: str, gone_ms: int) -> tuple[list[str], int]:
        self._restore.append((self._parts.now_ms() + gone_ms, plug))
        return ["OK"], max(1, gone_ms)

    def _still_busy(self, number: int) -> bytes:
        """Answer while something moves; another number's turn has not come."""
        if self._busy is None or number != self._busy[0]:
            return b""
        return encode(number, ["BUSY", str(max(1, self._busy[1] - self._parts.now_ms()))])

    def _given_up(self, why: str) -> bytes:
        """Tell a host that waits that it waits in vain."""
        if self._busy is None:
            return b""
        number = self._busy[0]
        self._busy = None
        return self._answered(number, ["ERR", "fault", why])

    def _answered(self, number: int, words: list[str]) -> bytes:
        self._last = (number, encode(number, words))
        return self._last[1]

    def _safe(self) -> None:
        """Cards lifted, keys let go, supply on, plugs in. What lights stays; stopped arms do not move, but go limp."""
        self._let_go()
        if self._tripped:
            self._parts.arms_limp()
        else:
            self._arms_away()
        self._restore = []
        self._parts.supply(on=True)
        for plug in settings.PLUGS:
            self._parts.plug(plug, in_place=True)

    def _let_go(self) -> None:
        self._release_ms = None
        self._parts.keys(0)

    def _arms_away(self) -> None:
        for arm in sorted(set(settings.ARMS.values()) | set(settings.BESIDE.values())):
            self._parts.arm(arm, -1.0)

    def _put_back(self, plug: str) -> None:
        if plug:
            self._parts.plug(plug, in_place=True)
        else:
            self._parts.supply(on=True)


def _number(word: str, most: float, request: str) -> float:
    """Read a number from 0 to `most`. Raise Refused."""
    if word == "" or any(letter not in "0123456789." for letter in word):
        raise Refused("unknown", request)
    try:
        value = float(word)
    except ValueError:
        raise Refused("unknown", request) from None
    if value > most:
        raise Refused("cannot", "at_most_" + str(int(most)))
    return value
