"""Which of the offers to take. Everything that speaks against one has its own code."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from device.domain.errors import UpdateRefused
from device.domain.updates import ANY_PLATFORM, Kind, Offer, Refusal, order


def suitable(offers: Sequence[Offer], kind: Kind, platform: str) -> list[Offer]:
    """Return the offers of a kind that run on this platform, newest first."""
    fitting = [offer for offer in offers if offer.kind is kind and offer.platform in {platform, ANY_PLATFORM}]
    # Of one version for every platform and one for just this one, the latter.
    return sorted(fitting, key=lambda o: (order(o.version), o.platform != ANY_PLATFORM), reverse=True)


def choose(
    offers: Sequence[Offer],
    kind: Kind,
    *,
    platform: str,
    installed: str | None,
    wanted: str | None = None,
    failed: Collection[str] = (),
) -> Offer | None:
    """Return the offer to take: the wanted version, or the newest that can be taken; None when there is nothing newer.

    `installed` is the present version, None where none is known (then all can be taken that asks for no minimum).
    `failed` are versions that failed here: they are never taken by themselves. Raise UpdateRefused where the wanted
    version cannot be taken, or there is a newer one that cannot.
    """
    fitting = suitable(offers, kind, platform)
    if wanted is not None:
        named = [offer for offer in fitting if order(offer.version) == order(wanted)]
        if not named:
            raise UpdateRefused(f"{kind} {wanted} is not offered for {platform}", refusal=Refusal.NOT_OFFERED)
        return _checked(named[0], installed, failed)
    newer = [offer for offer in fitting if installed is None or order(offer.version) > order(installed)]
    refusals: list[UpdateRefused] = []
    for offer in newer:
        try:
            return _checked(offer, installed, failed)
        except UpdateRefused as refused:
            refusals.append(refused)
    if refusals:
        raise refusals[0]
    return None


def _checked(offer: Offer, installed: str | None, failed: Collection[str]) -> Offer | None:
    if installed is not None and order(offer.version) == order(installed):
        return None
    if installed is not None and order(offer.version) < order(installed):
        raise UpdateRefused(f"{offer} is older than {installed}", refusal=Refusal.OLDER)
    if offer.minimum is not None and (installed is None or order(installed) < order(offer.minimum)):
        raise UpdateRefused(
            f"{offer} can be taken from {offer.minimum} on, and {installed or 'nothing'} is here",
            refusal=Refusal.STEP_BETWEEN,
        )
    if offer.version in failed:
        raise UpdateRefused(f"{offer} failed here before", refusal=Refusal.FAILED_BEFORE)
    return offer
