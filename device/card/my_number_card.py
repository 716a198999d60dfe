"""The card as the unit sees it."""

from __future__ import annotations

from typing import Self

from device.card import jpki, surface
from device.card.channel import Channel
from device.card.profiles import Profile, ToldBy, told_apart
from device.card.surface import Portrait, PortraitCheck
from device.domain.secrets import Pin, ReferenceNumberB
from device.domain.values import CardFacts
from device.ports.card import CardConnection
from device.ports.institution import InstitutionCredential

PORTRAIT_FLOOR = 5
"""Tries of 照合番号B that are left to people: with fewer the unit does not send it (the card gives ten)."""


class MyNumberCard:
    """A My Number Card, or a phone that is one, in the field. One thread at a time.

    Every method raises CardLost when the card leaves, and CardUnreadable when it answers not as the standard says.
    A PIN try is spent by `verify_pin()` alone, one per call, and one of 照合番号B by `read_portrait()` alone.
    """

    def __init__(self, channel: Channel, profile: Profile, facts: CardFacts) -> None:
        self._channel = channel
        self.profile = profile
        self.facts = facts

    @classmethod
    def identify(cls, connection: CardConnection) -> Self:
        """Tell what lies on the reader. Raise CardUnknown where it is no My Number Card."""
        channel = Channel(connection)
        jpki.select(channel)
        profile = jpki.read_profile(channel)
        pinless = told_apart(profile, ToldBy.PIN_REFUSED)
        if pinless is not None and jpki.pin_is_refused(channel, profile):
            profile = pinless
        return cls(channel, profile, CardFacts(profile.kind, surface.exists(channel), profile.pin_use))

    def read_certificate(self) -> bytes:
        """Return the 利用者証明用電子証明書 (DER). Where `profile.certificate_needs_pin`, only after `verify_pin()`."""
        return jpki.read_certificate(self._channel, self.profile)

    def pin_tries_left(self) -> int:
        """Return the tries that the card still gives for the PIN; 0 means blocked."""
        return jpki.pin_tries_left(self._channel, self.profile)

    def verify_pin(self, pin: Pin) -> None:
        """Send one VERIFY and wipe the PIN. Raise PinRejected(tries_left) or PinBlocked.

        After CardLost nobody knows whether the try was counted: ask `pin_tries_left()` when the card is back.
        """
        jpki.verify_pin(self._channel, self.profile, pin)

    def unlock_by_institution(self, credential: InstitutionCredential) -> bool:
        """Let an institution's credential unlock the holder's key; return whether it did."""
        jpki.select(self._channel)
        return credential.unlock(self._channel.connection)

    def sign(self, challenge: bytes) -> bytes:
        """Return the holder's signature over `challenge` by `profile.signature`. Raise CardUnreadable while locked."""
        return jpki.sign(self._channel, self.profile, challenge)

    def reference_number_tries_left(self) -> int:
        """Return the tries that the card still gives for 照合番号B; 0 means blocked."""
        return surface.tries_left(self._channel)

    def read_portrait(self, number: ReferenceNumberB, check: PortraitCheck, *, floor: int = PORTRAIT_FLOOR) -> Portrait:
        """Return the portrait once it and the chip stood up to `check`. The caller wipes the number.

        Raise ReferenceNumberRefused when the card refused the number, or has fewer than `floor` tries left (then it was
        not sent); CardUnreadable with PORTRAIT_MISSING, PORTRAIT_NOT_GENUINE, PORTRAIT_ORIGIN_UNKNOWN, CHIP_NOT_PROVEN
        or PORTRAIT_UNREADABLE.
        """
        return surface.read_portrait(self._channel, number, check, floor=floor)
