"""Visits of one's own: place a card, choose a face, press keys."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from device.app.demo.cast import PIN, ROLES, Cast
from device.app.demo.narrator import Narrator
from device.app.demo.stage import Stage

PHOTOS = ("obama", "obama2", "biden", "astronaut")
KEYS = frozenset("0123456789*#")

_HELP = f"""\
  place NAME     put a card on the reader: {", ".join(ROLES)}
  face PHOTO     stand before the camera: {", ".join(PHOTOS)}; two names for two people; none for nobody
  keys 1234#     press keys (every card's PIN is {PIN}); # is yes and PIN, * is no and cancel
  lift           take the card
  help, quit
"""


def visits_of_ones_own(stage: Stage, cast: Cast, narrator: Narrator, console: Console) -> None:
    """Read commands until `quit` or the end of input."""
    console.print("\n[bold]Your turn / 自由に試す[/]\n" + escape(_HELP))
    lying = False
    while True:
        try:
            words = console.input("[dim]> [/]").split()
        except (EOFError, KeyboardInterrupt):
            return
        match words:
            case ["quit"] | ["exit"]:
                return
            case ["place", name] if name in ROLES and not lying:
                narrator.patient(f"places the card of {cast.person(ROLES[name]).name or name}")
                stage.place(cast.card(ROLES[name]))
                lying = True
            case ["place", name] if name in ROLES:
                console.print("  a card lies there already; `lift` it first")
            case ["lift"]:
                stage.lift()
                lying = False
            case ["face", *names] if set(names) <= set(PHOTOS):
                stage.stand(*(cast.photo(name) for name in names))
            case ["keys", keys] if set(keys) <= KEYS:
                stage.press(keys)
            case []:
                continue
            case _:
                console.print(escape(_HELP))
