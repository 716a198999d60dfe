"""Updating at work: the decisions of `device.update` with a repository, a shelf of versions and a trial.

Every step is written down before it is done (`device.update.ledger`), and whoever comes first after a power cut, this
program or the one before it, ends what was under way: `settle`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Offer, Refusal, order
from device.ports.clock import Clock
from device.ports.updates import Shelf, Trial, UpdateSource
from device.update import ledger
from device.update.choice import choose, suitable
from device.update.ledger import IMAGE, Entry, Ledger

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What `apply` did."""

    kind: Kind
    version: str
    """What is current now; empty: what the image brought."""
    before: str
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Updating:
    """One unit's updates. Every method raises UpdateRefused, after which the unit has what it had."""

    shelf: Shelf
    trial: Trial
    clock: Clock
    platform: str
    image: Mapping[Kind, str] = field(default_factory=dict)
    """The versions that the system's image brought, where known."""
    tell: Callable[[str], None] = lambda _: None
    """Hears each step, for people."""

    def settle(self) -> Ledger:
        """End what a power cut interrupted, and return what is known. Safe to be interrupted and repeated."""
        with self.shelf.held():
            return self._settle()

    def look(self) -> Ledger:
        """Return what is known, changing nothing: a step that was interrupted is shown as under way."""
        known = ledger.read(self.shelf.read())
        for kind in Kind:
            known = self._as_linked(known, kind)
        return known

    def installed(self, kind: Kind) -> str | None:
        """Return the version in use, the image's where no other is; None where nobody knows."""
        return self.look().of(kind).current or self.image.get(kind)

    def offers(self, source: UpdateSource) -> list[Offer]:
        """Return what the repository offers for this unit, newest first; its age is judged by trusted time alone."""
        with self.shelf.held():
            return self._offers(source, self._settle())

    def apply(self, kind: Kind, source: UpdateSource, *, wanted: str | None = None, again: bool = False) -> Taken:
        """Take the newest version, or the wanted one; go back to the present one where it does not work.

        `again` takes a version that failed here before.
        """
        with self.shelf.held():
            known = self._settle()
            entry = known.of(kind)
            offers = self._offers(source, known)
            installed = entry.current or self.image.get(kind)
            failed = () if again else entry.failed
            offer = choose(offers, kind, platform=self.platform, installed=installed, wanted=wanted, failed=failed)
            if offer is None:
                return Taken(kind=kind, version=entry.current, before=entry.current, changed=False)
            self._bring(offer, source)
            return self._take(kind, offer)

    def rollback(self, kind: Kind) -> Taken:
        """Go back to the version before."""
        with self.shelf.held():
            known = self._settle()
            entry = ledger.going_back(known.of(kind))
            step = entry.under_way
            if step is None or (step.version != IMAGE and step.version not in self.shelf.present(kind)):
                raise UpdateRefused("the version before is not there any more", refusal=Refusal.NOTHING_BEFORE)
            self._write(known.put(kind, entry))
            self.tell(f"switching back from {_named(step.before)} to {_named(step.version)}")
            self.shelf.switch(kind, step.version or None)
            complaint = self.trial.start()
            self._write(known.put(kind, ledger.passed(entry, self.clock.utc_now())))
        if complaint:
            raise UpdateRefused(
                f"{kind} {_named(step.version)} is back, and not well: {complaint}", refusal=Refusal.NOT_WELL
            )
        return Taken(kind=kind, version=step.version, before=step.before, changed=True)

    def _offers(self, source: UpdateSource, known: Ledger) -> list[Offer]:
        trusted = self.clock.utc_now_if_trusted()
        vouched = known.vouched(trusted)
        if vouched != known:
            self._write(vouched)
        # Without a clock to trust, expiry counts against the latest moment that is known to have passed.
        offers = source.offers(trusted or vouched.not_before or EPOCH)
        return [offer for kind in Kind for offer in suitable(offers, kind, self.platform)]

    def _bring(self, offer: Offer, source: UpdateSource) -> None:
        if offer.version in self.shelf.present(offer.kind):
            return
        archive = self.shelf.staging / f"{offer.kind}.zip"
        self.tell(f"fetching {offer.target} ({offer.size / 1e6:.1f} MB)")
        source.fetch(offer, archive)
        self.tell("unpacking beside the present version")
        self.shelf.unpack(archive, offer)

    def _take(self, kind: Kind, offer: Offer) -> Taken:
        version = offer.version
        known = ledger.read(self.shelf.read()).vouched(offer.released_at)
        entry = self._as_linked(known, kind).of(kind)
        self.tell(f"trying {kind} {version}")
        if complaint := self.trial.complaint(kind, version, self.shelf.folder(kind, version)):
            self._write(known.put(kind, ledger.refused(entry, version, complaint, self.clock.utc_now())))
            self.shelf.remove(kind, version)
            raise UpdateRefused(f"{kind} {version}: {complaint}", refusal=Refusal.NOT_WELL)
        entry = ledger.begun(entry, version)
        before = entry.current
        self._write(known.put(kind, entry))
        self.tell(f"switching from {_named(before)} to {version}")
        self.shelf.switch(kind, version)
        if complaint := self.trial.start():
            self._return(known, kind, ledger.complained(entry, complaint))
            raise UpdateRefused(f"{kind} {version}: {complaint}", refusal=Refusal.NOT_WELL)
        self._write(known.put(kind, ledger.passed(entry, self.clock.utc_now())))
        for old in self.shelf.present(kind):
            if old not in {version, before}:
                self.shelf.remove(kind, old)
        self.shelf.sweep()
        return Taken(kind=kind, version=version, before=before, changed=True)

    def _return(self, known: Ledger, kind: Kind, entry: Entry) -> None:
        """Switch back to what was before."""
        back_to = ledger.unfinished(entry)
        self._write(known.put(kind, entry))
        self.tell(f"it is not well; switching back to {_named(back_to or IMAGE)}")
        self.shelf.switch(kind, back_to or None)
        if worse := self.trial.start():
            log.error("the version before does not start either: %s", worse)
        self._write(known.put(kind, ledger.ended(entry, self.clock.utc_now())))

    def _settle(self) -> Ledger:
        known = ledger.read(self.shelf.read())
        found = known
        for kind in Kind:
            entry = known.of(kind)
            back_to = ledger.unfinished(entry)
            if back_to is not None:
                self.shelf.switch(kind, back_to or None)
                known = known.put(kind, ledger.finished(entry, self.clock.utc_now()))
            known = self._without_older_than_the_image(self._as_linked(known, kind), kind)
        if known != found:
            self._write(known)
        self.shelf.sweep()
        return known

    def _as_linked(self, known: Ledger, kind: Kind) -> Ledger:
        """Believe the link where nothing is under way and the ledger says another thing: it was lost or is older."""
        entry = known.of(kind)
        linked = self.shelf.current(kind) or IMAGE
        if entry.under_way is not None or entry.current == linked:
            return known
        return known.put(kind, msgspec.structs.replace(entry, current=linked, previous=None))

    def _without_older_than_the_image(self, known: Ledger, kind: Kind) -> Ledger:
        """Leave a version that the image has overtaken: a new image would otherwise change nothing."""
        entry = known.of(kind)
        image = self.image.get(kind)
        if entry.current == IMAGE or image is None or order(entry.current) >= order(image):
            return known
        self.shelf.switch(kind, None)
        return known.put(kind, msgspec.structs.replace(entry, current=IMAGE, previous=None))

    def _write(self, known: Ledger) -> None:
        self.shelf.write(msgspec.json.encode(known))


def _named(version: str) -> str:
    return version or "the image's version"
