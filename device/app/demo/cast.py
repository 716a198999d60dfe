"""Who comes to the demonstration. The people are invented; the faces are public photos (models/photos.toml)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from clinic.people import Person, load_people
from device.sim.card import CardAuthority, CardFrontPrint, Misbehaviour, SimulatedCard
from device.sim.portrait import Photo, card_portrait, load_photo

PIN = "1234"
CARD_LIFETIME = timedelta(days=3650)
CERTIFICATE_LIFETIME = timedelta(days=5 * 366)
LEAVES_AFTER = 9
"""Commands that a card answers before an impatient hand takes it away: in the middle of its certificate."""


@dataclass(frozen=True, slots=True)
class Role:
    """One person of the stand-in's list, and the photos that stand in for them."""

    serial: int
    name: str
    """As one types it in visits of one's own."""
    portrait: str
    """The photo on the card."""
    pin_tries: int = 3
    taken_away: bool = False


ROLES = {
    role.name: role
    for role in (
        Role(1001, "taro", portrait="obama"),
        Role(1010, "nanami", portrait="astronaut"),
        Role(1008, "ume", portrait="astronaut", pin_tries=0),
        Role(1006, "shiro", portrait="obama"),
        Role(1012, "sakura", portrait="biden", taken_away=True),
        Role(1007, "satsuki", portrait="astronaut"),
    )
}


class Cast:
    """Makes cards for roles; keys and certificates are new at each performance."""

    def __init__(self, models_dir: Path, now: datetime) -> None:
        """Raise Fault(MODEL_MISSING) when the photos were not fetched."""
        self._models_dir = models_dir
        self._now = now
        self._people = load_people()
        self._photos: dict[str, Photo] = {}
        self.authority = CardAuthority()

    def photo(self, name: str) -> Photo:
        """Return a photo by its name in models/photos.toml."""
        if name not in self._photos:
            self._photos[name] = load_photo(self._models_dir, name)
        return self._photos[name]

    def person(self, role: Role) -> Person:
        """Return the entry of the stand-in's list."""
        return self._people[role.serial]

    def card(self, role: Role) -> SimulatedCard:
        """Make the role's card."""
        not_after = self.person(role).certificate_not_after(self._now)
        return SimulatedCard(
            self.authority.issue(serial=role.serial, not_before=not_after - CERTIFICATE_LIFETIME, not_after=not_after),
            front=CardFrontPrint(date(1974, 4, 2), (self._now + CARD_LIFETIME).date(), "2285"),
            portrait=card_portrait(self.photo(role.portrait)),
            pin=PIN,
            pin_tries=role.pin_tries,
            misbehaviour=Misbehaviour(leaves_after=LEAVES_AFTER if role.taken_away else None),
        )
