"""A tester at a simulated table: whoever answers "done" has thereby done it to the simulated unit."""

from __future__ import annotations

from hw.rig.by_hand import Answer, Person, Request
from hw.rig.port import Beside, Light, Picture, Plug
from hw.rig.simulated import SimulatedRig
from hw.sim import wardrobe
from hw.sim.unit import SimulatedUnit


class WillingPerson:
    """Does everything at once, and never leaves."""

    def request(self, request: Request) -> Answer:  # noqa: ARG002  whatever it is
        """Say yes."""
        return Answer.YES

    def show(self, request: Request) -> None:
        """Do it, without a word."""


class SimulatedHands:
    """A `Person` that passes requests on to another and carries out what that one says is done."""

    def __init__(self, tester: Person, unit: SimulatedUnit) -> None:
        self._tester = tester
        self._rig = SimulatedRig(unit)

    def request(self, request: Request) -> Answer:
        """Ask, and do."""
        answer = self._tester.request(request)
        if answer is Answer.YES:
            self._do(request.verb, request.words)
        return answer

    def show(self, request: Request) -> None:
        """Show, and do."""
        self._tester.show(request)
        self._do(request.verb, request.words)

    def _do(self, verb: str, words: tuple[str, ...]) -> None:
        match verb, words:
            case "place", (card, mm, beside):
                self._rig.place(card, spacer_mm=float(mm), beside=Beside(beside))
            case "lift", ():
                self._rig.lift()
            case "press", (keys, ms):
                self._rig.press(keys, float(ms) / 1000)
            case "type_pin", (card,):
                self._rig.type_pin(card)
            case "holder", (card,):
                self._rig.bring_holder(wardrobe.golden(card))
            case "show", (picture,):
                self._rig.show(Picture(picture))
            case "light", (light,):
                self._rig.light(Light(light))
            case "power", (ms,):
                self._rig.cut_power(float(ms) / 1000)
            case "unplug", (plug, ms):
                self._rig.unplug(Plug(plug), float(ms) / 1000)
            case _:
                pass  # a question about what is seen or heard changes nothing
