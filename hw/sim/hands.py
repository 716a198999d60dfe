"""A tester at a simulated table: whoever answers "done" has thereby done it to the simulated unit."""

from __future__ import annotations

from hw.rig.by_hand import Answer, Person, Request
from hw.rig.port import Beside, Light, Picture, Plug, Presentation
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
            self._do(request)
        return answer

    def show(self, request: Request) -> None:
        """Show, and do."""
        self._tester.show(request)
        self._do(request)

    def _do(self, request: Request) -> None:
        match request.verb, request.words:
            case "place", (card, mm, beside):
                self._rig.place(card, spacer_mm=float(mm), beside=Beside(beside))
            case "lift", ():
                self._rig.lift()
            case "press", (keys, ms):
                self._rig.press(keys, float(ms) / 1000)
            case "light", (light,):
                self._rig.light(Light(light))
            case "power", (ms,):
                self._rig.cut_power(float(ms) / 1000)
            case "unplug", (plug, ms):
                self._rig.unplug(Plug(plug), float(ms) / 1000)
            case _:
                self._stand_before_it(request)

    def _stand_before_it(self, request: Request) -> None:
        match request.verb, request.words:
            case "type_pin", (card,):
                self._rig.type_pin(card)
            case "holder", (card,):
                self._rig.bring_holder(wardrobe.golden(card))
            case "present", (species, number):
                self._rig.present(Presentation(species, request.text, int(number), int(number)))
            case "show", (picture,):
                self._rig.show(Picture(picture))
            case _:
                pass  # a question about what is seen or heard changes nothing
