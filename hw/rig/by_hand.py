"""The rig that is a person: what has to be done is written on the station's page, and done by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final, Protocol

from device.wire.texts import Text
from hw.cards import GoldenCard
from hw.errors import CannotMeasure
from hw.record import RigFacts
from hw.rig.port import Beside, Light, Picture, Plug, Presentation, Reading, Sensor


class Answer(Enum):
    """What a tester says."""

    YES = "yes"
    """Done, or yes."""
    NO = "no"
    CANNOT = "cannot"
    """It cannot be done here."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a tester is asked for: a sentence in both languages, and the same as data."""

    text: Text
    verb: str
    words: tuple[str, ...] = field(default=())
    wants_yes_or_no: bool = False


class Person(Protocol):
    """Whoever stands at the table."""

    def request(self, request: Request) -> Answer:
        """Show it and wait. Raise NobodyAnswered after the station's patience."""

    def show(self, request: Request) -> None:
        """Show it and do not wait."""


_BESIDE: Final = MappingProxyType(
    {
        Beside.NOTHING: Text(ja="", en=""),
        Beside.SECOND_CARD: Text(ja="。もう一枚の試験カードを重ねて", en=", with another test card on top"),
        Beside.METAL: Text(ja="。金属板を添えて", en=", with the metal plate beside it"),
    }
)
_PICTURES: Final = MappingProxyType(
    {
        Picture.NOTHING: Text(ja="黒い面", en="the black side"),
        Picture.GREY: Text(ja="灰色カード", en="the grey card"),
        Picture.WHITE: Text(ja="白い面", en="the white side"),
        Picture.SLANTED_EDGE: Text(ja="斜めエッジの図", en="the slanted edge"),
        Picture.GRID: Text(ja="点の格子の図", en="the grid of dots"),
    }
)
_LIGHTS: Final = MappingProxyType(
    {
        Light.BRIGHT: Text(ja="窓辺の明るさ(1000ルクス)", en="as beside a window (1000 lx)"),
        Light.OFFICE: Text(ja="室内の明るさ(300ルクス)", en="as in a room (300 lx)"),
        Light.DIM: Text(ja="夕方の暗さ(30ルクス)", en="as in the evening (30 lx)"),
        Light.DARK: Text(ja="レンズを覆った状態", en="dark: cover the lens"),
    }
)


def holder_is_here(card: GoldenCard) -> Text:
    """Return what a tester is asked before a visit by face."""
    return Text(
        ja=f"カード「{card.name}」の写真の人が、カメラの前に立っていますか。",
        en=f"Does the person on the photo of the card “{card.name}” stand before the camera?",
    )


def is_presented(presentation: Presentation) -> Text:
    """Return what a tester is asked before a look at a presentation."""
    number, of = presentation.number, presentation.of
    return Text(
        ja=f"{presentation.title.ja}({number}/{of})をカメラの前に構えましたか。",
        en=f"Is “{presentation.title.en}” ({number} of {of}) before the camera?",
    )


class HandRig:
    """A `Rig` by hand."""

    press_within_s = 20.0
    tireless = False
    knows_when = False

    def __init__(self, tester: Person) -> None:
        self._tester = tester
        self._lies = False
        self._light: Light | None = None
        self._picture: Picture | str | None = None

    def facts(self) -> RigFacts:
        """Say that it is a person."""
        return RigFacts(kind="hand", name="by hand", abilities=["place", "lift", "press", "show", "light"])

    def place(self, card: str, *, spacer_mm: float = 0.0, beside: Beside = Beside.NOTHING) -> None:
        """Ask for it, and wait until it is done."""
        high = f"高さ{spacer_mm:g}mmの台を挟んで" if spacer_mm else ""
        above = f", on the spacer of {spacer_mm:g} mm" if spacer_mm else ""
        extra = _BESIDE[beside]
        self._have_done(
            Text(
                ja=f"{high}カード「{card}」を置いてください{extra.ja}", en=f"Place the card “{card}”{above}{extra.en}"
            ),
            "place", card, f"{spacer_mm:g}", beside,
        )  # fmt: skip
        self._lies = True

    def lift(self) -> None:
        """Ask for it where something lies there."""
        if self._lies:
            self._have_done(Text(ja="カードを取ってください", en="Take the card away"), "lift")
            self._lies = False

    def press(self, keys: str, hold_s: float) -> None:
        """Ask for it; the keys are watched meanwhile."""
        named = "と".join(keys)
        self._tester.show(
            Request(
                Text(ja=f"{named} を押して、離してください", en=f"Press {' and '.join(keys)} and let go"),
                "press",
                (keys, f"{1000 * hold_s:.0f}"),
            )
        )

    def type_pin(self, card: str) -> None:
        """Ask for it; nobody writes the PIN on the page."""
        self._tester.show(
            Request(
                Text(
                    ja=f"カード「{card}」の暗証番号を端末に入れ、#を押してください",
                    en=f"Type the PIN of the card “{card}” on the unit, then #",
                ),
                "type_pin",
                (card,),
            )
        )

    def show(self, picture: Picture | str) -> None:
        """Ask for a chart; photos of people are not held up by hand."""
        if picture == self._picture:
            return
        if not isinstance(picture, Picture):
            raise CannotMeasure("a photo takes the bench display, which a rig by hand has not")
        name = _PICTURES[picture]
        self._have_done(
            Text(ja=f"{name.ja}をカメラの前に立ててください", en=f"Put {name.en} before the camera"), "show", picture
        )
        self._picture = picture

    def bring_holder(self, card: GoldenCard) -> None:
        """Ask for the person."""
        if not self._brings(holder_is_here(card), "holder", card.name):
            raise CannotMeasure(f"the holder of {card.name!r} is not here")

    def present(self, presentation: Presentation) -> None:
        """Ask for it."""
        if not self._brings(is_presented(presentation), "present", presentation.species, str(presentation.number)):
            raise CannotMeasure("it was not presented")

    def light(self, light: Light) -> None:
        """Ask for it where it is otherwise."""
        if light is self._light:
            return
        name = _LIGHTS[light]
        self._have_done(Text(ja=f"{name.ja}にしてください", en=f"Make it {name.en}"), "light", light)
        self._light = light

    def cut_power(self, seconds: float) -> None:
        """Ask for it."""
        self._have_done(
            Text(
                ja=f"電源プラグを抜き、{seconds:g}秒待って、また挿してください。起動したら「済み」を押してください",
                en=f"Pull the supply's plug, wait {seconds:g} s, put it in again; answer when the unit has started",
            ),
            "power",
            f"{1000 * seconds:.0f}",
        )

    def unplug(self, plug: Plug, seconds: float) -> None:
        """Ask for it."""
        self._have_done(
            Text(
                ja=f"{plug} のプラグを抜き、{seconds:g}秒待って、また挿してください",
                en=f"Pull the plug of the {plug}, wait {seconds:g} s and put it in again",
            ),
            "unplug",
            plug,
            f"{1000 * seconds:.0f}",
        )

    def sense(self, sensor: Sensor, at: str = "") -> Reading:
        """A person has no numbers."""
        raise CannotMeasure(f"a rig by hand has no sensor for {sensor}{f' ({at})' if at else ''}")

    def ask(self, question: Text) -> bool:
        """Ask."""
        return self._says_yes(Request(question, "ask", wants_yes_or_no=True))

    def _brings(self, question: Text, verb: str, *words: str) -> bool:
        self._picture = None
        return self._says_yes(Request(question, verb, words, wants_yes_or_no=True))

    def _says_yes(self, request: Request) -> bool:
        answer = self._tester.request(request)
        if answer is Answer.CANNOT:
            raise CannotMeasure(f"the tester could not say: {request.text.en}")
        return answer is Answer.YES

    def _have_done(self, text: Text, verb: str, *words: str) -> None:
        if self._tester.request(Request(text, verb, words)) is not Answer.YES:
            raise CannotMeasure(f"the tester says that it cannot be done: {text.en}")
