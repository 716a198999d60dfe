"""What a whole unit has in memory before, during and after visits by face and PIN: `python -m bench.unit_visits`.

The product's program with a terminal for a panel, all networks, a PN532 on a pseudo-terminal, a broker and the clinic
side. The visitor's camera films a folder of frames, the other one a printed card: its number is read, the portrait
decoded and embedded, frames are compared and judged by both networks for liveness. A flat picture is denied by them or
asked to move, so the visit goes on by PIN.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from bench.face_frames import film
from bench.resident import anonymous_kb, forget_highest, highest_kb, resident_kb, together_kb
from bench.terminal import Terminal
from clinic.people import SHIPPED, load_people
from device.app.assets.place import MODELS_DIR
from device.app.demo.site import Site, open_site
from device.app.plots import new_figure, save
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from device.sim.card_front_pictures import TARO, look_again, photograph, print_card, take_view
from device.sim.pn532 import SimulatedPn532
from device.sim.portrait import card_portrait, load_photo
from device.wire.phrases import say
from device.wire.reasons import entry

ITEMS = (ConsentItem.MEDICATION, ConsentItem.DIAGNOSIS, ConsentItem.CHECKUP)
SERIAL, PIN = 1001, "1234"
FACES, FRONTS = 40, 5
"""So many pictures in the folders: a frame that comes again is refused."""
SETTLE_S = 8.0
ATTEMPTS = 8
AIM_MB = 180
_SECTIONS = """\
[camera]
source = "folder:faces"
[upkeep]
morning = ""
"""


@dataclass(frozen=True, slots=True)
class VisitMemory:
    """Megabytes of the whole unit, what several of its processes have in memory counted once."""

    visits: int
    before_mb: float
    after_mb: float
    """Between two visitors, after the last visit."""
    own_mb: float
    """The unit's own process then."""
    highest_mb: float
    """The most that the unit's own process ever had during the visits."""
    parts: dict[str, float]
    """What each process has for itself then, and what all have of files."""


def measure(visits: int) -> VisitMemory:
    """Tell so many visits to a unit, and look at its memory."""
    with tempfile.TemporaryDirectory(prefix="uk") as place:
        folder = Path(place)
        authority, now = CardAuthority(), datetime.now(UTC)
        with (
            open_site(folder, card_authority=authority.certificate_pem, people=SHIPPED, now=now) as site,
            SimulatedPn532(folder) as hat,
            Terminal(_configure(folder, site, str(hat.device))) as unit,
        ):
            unit.expect("lamps: ready")
            time.sleep(SETTLE_S)
            before_kb = together_kb(unit.pids)
            card = _card(authority, now)
            forget_highest(unit.pids[0])
            for _ in range(visits):
                _visit(unit, hat, card)
            time.sleep(SETTLE_S)
            pids = unit.pids
            parts = {_name(pid): anonymous_kb(pid) / 1024 for pid in pids}
            after_mb = together_kb(pids) / 1024
            return VisitMemory(
                visits=visits,
                before_mb=before_kb / 1024,
                highest_mb=highest_kb(pids[0]) / 1024,
                after_mb=after_mb,
                own_mb=resident_kb(pids[0]) / 1024,
                parts=parts | {"libraries and programs": after_mb - sum(parts.values())},
            )


def say_memory(memory: VisitMemory) -> list[str]:
    """Return the figures as lines."""
    parts = ", ".join(f"{name} {mb:.0f}" for name, mb in memory.parts.items())
    visits = f"after {memory.visits} visits by face and PIN (before them {memory.before_mb:.0f} MB)"
    return [
        f"  all of its processes    {memory.after_mb:6.0f} MB  {visits}",
        f"    of which              {parts} MB",
        f"  its own process         {memory.own_mb:6.0f} MB  (during a visit at most {memory.highest_mb:.0f} MB)",
    ]


def draw(memory: VisitMemory, path: Path) -> None:
    """Draw the parts side by side in one bar."""
    figure, (axes,) = new_figure(columns=1)
    left = 0.0
    for part, mb in memory.parts.items():
        axes.barh([0], [mb], left=left, height=0.5, label=f"{part}: {mb:.0f}")
        left += mb
    axes.axvline(AIM_MB, color="black", linestyle=":", label=f"aim: {AIM_MB}")
    axes.set_yticks([])
    axes.set_ylim(-1.6, 0.4)
    axes.set_xlabel("resident memory between two visitors, MB")
    axes.legend(loc="lower left", ncols=2)
    save(figure, path)


def _visit(unit: Terminal, hat: SimulatedPn532, card: SimulatedCard) -> None:
    """Tell a visit. On a busy machine the simulated reader answers too late; then the card is put down once more."""
    for _ in range(ATTEMPTS):
        hat.place(card)
        served = _served(unit)
        hat.lift()
        unit.expect("lamps: ready")
        if served:
            return
    raise TimeoutError("the simulated reader answers too late: the machine is too busy")


def _served(unit: Terminal) -> bool:
    steps = (
        (say(Phrase.ENTER_PIN, "ja", tries_left=3), f"{PIN}#"),
        (say(Phrase.ASK_CONSENT, "ja", items=ITEMS), "#"),
        (entry(Reason.QUALIFIED).patient.ja, ""),
    )
    for asked, keys in steps:
        if unit.expect(asked, entry(Reason.CARD_REMOVED).patient.ja, entry(Reason.READER_FAULT).patient.ja) != asked:
            return False
        unit.type_keys(keys)
    return True


def _name(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    if "device.drivers.portrait_child" in command:
        return "portrait's sandbox"
    camera = next((word for word in command if word.startswith("folder:")), "")
    return {"faces": "visitor's camera", "front": "front's camera"}.get(Path(camera).name, "unit")


def _card(authority: CardAuthority, now: datetime) -> SimulatedCard:
    not_after = load_people()[SERIAL].certificate_not_after(now)
    credentials = authority.issue(serial=SERIAL, not_before=now - timedelta(days=100), not_after=not_after)
    return SimulatedCard(
        credentials,
        front=CardFrontPrint(TARO.birth_date, TARO.expiry, TARO.security_code),
        portrait=card_portrait(load_photo(MODELS_DIR, "obama")),
        pin=PIN,
    )


def _configure(folder: Path, site: Site, device: str) -> Path:
    chance = np.random.default_rng(7)
    card, view = print_card(TARO, chance), take_view(0.0, chance)
    for name in ("faces", "front"):
        (folder / name).mkdir()
    for number, frame in enumerate(film(FACES)):
        cv2.imwrite(str(folder / "faces" / f"{number:02}.png"), frame)
    for number in range(FRONTS):
        cv2.imwrite(str(folder / "front" / f"{number}.png"), photograph(card, view, chance))
        view = look_again(view, chance)
    path = folder / "unit.toml"
    card_options = f'reader = "pn532"\nbus = "uart:{device}"\nfront = "folder:front"'
    path.write_text(site.unit_config(card=card_options, sections=_SECTIONS), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.stdout.write("\n".join(say_memory(measure(3))) + "\n")
