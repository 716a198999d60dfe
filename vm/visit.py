"""The visit that is played in the machine: card down, PIN, consent, "qualified", card taken, result at the clinic."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from clinic.people import SHIPPED, load_people
from clinic.store_file import read_records
from device.app.demo.site import Site, open_site
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from device.sim.pcscd import VIRTUAL_READER
from device.sim.vpcd import VpcdSlot
from device.wire.phrases import say
from device.wire.reasons import entry
from vm.person import LOOK_S, PANEL, PATIENCE_S, Ear, Person

ITEMS = (ConsentItem.MEDICATION, ConsentItem.DIAGNOSIS, ConsentItem.CHECKUP)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is insured, and the clinic that knows it."""

    site: Site
    card: SimulatedCard

    @property
    def unit_config(self) -> str:
        """What a unit is told that stands there."""
        return self.site.unit_config(card=f'name = "{VIRTUAL_READER}"', sections=PANEL)

    def play(self, ear: Ear, person: Person) -> None:
        """Come, and go when all is said. There is a pcscd already, and a unit that serves."""
        with closing(VpcdSlot()) as slot:
            slot.insert(self.card)
            ear.expect(say(Phrase.ENTER_PIN, "ja", tries_left=3))
            person.type_keys("1234#")
            ear.expect(say(Phrase.ASK_CONSENT, "ja", items=ITEMS))
            person.type_keys("#")
            ear.expect(entry(Reason.QUALIFIED).patient.ja)
            slot.pull()
        end_s = time.monotonic() + PATIENCE_S
        while not (records := read_records(self.site.results)):
            assert time.monotonic() < end_s, "the result did not come"
            select.select([], [], [], LOOK_S)
        (result,) = map(json.loads, records)
        assert (result["reason"], result["assurance"]) == ("qualified", "pin_signature")


@contextmanager
def a_visit(folder: Path) -> Iterator[Visit]:
    """Open broker and clinic in `folder`, and issue a card."""
    now = datetime.now(UTC)
    authority = CardAuthority()
    not_after = load_people()[1001].certificate_not_after(now)
    credentials = authority.issue(serial=1001, not_before=now - timedelta(days=100), not_after=not_after)
    card = SimulatedCard(credentials, front=CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285"))
    with open_site(folder, card_authority=authority.certificate_pem, people=SHIPPED, now=now) as site:
        yield Visit(site, card)
