"""The cards and photos of a simulated bench. Keys are made once, for they take time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from types import MappingProxyType

from cryptography.hazmat.primitives.serialization import Encoding

from device.app.assets.place import MODELS_DIR
from device.app.config import LivenessSection
from device.app.face_models import load_engine
from device.app.liveness_parts import choose_liveness
from device.domain.errors import UketsukeError
from device.domain.secrets import Pin
from device.sim.card import CardAuthority, CardCredentials, CardFrontPrint, SimulatedCard
from device.sim.portrait import Photo, card_portrait, load_photo
from hw.cards import CardBox, GoldenCard, key_digest
from hw.errors import CannotMeasure
from hw.unit.port import FaceParts

GOLDEN, EXPENDABLE = "golden-1", "expendable-1"
_SERIALS = MappingProxyType({GOLDEN: 990_001, EXPENDABLE: 1001})
"""The expendable card is of somebody whom the stand-in for the national service knows: visits are made with it."""
_PIN = "1234"
_HOLDER, _HOLDER_TODAY = "obama", "obama2"
"""The photo on the expendable card, and another one of the same person."""
_FRONT = CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285")
_NO_PORTRAIT = bytes.fromhex("0000000C6A5020200D0A870A") + bytes(5_588)
"""No picture, but as long as one is thought to be: for benches without photos, which time it and decode nothing."""


@cache
def card_authority() -> CardAuthority:
    """The test authority behind the simulated bench's cards."""
    return CardAuthority()


@cache
def credentials() -> Mapping[str, CardCredentials]:
    """Return the keys of each card, by its name."""
    until = datetime(2033, 3, 31, tzinfo=UTC)
    return {
        name: card_authority().issue(serial=serial, not_before=datetime(2024, 4, 1, tzinfo=UTC), not_after=until)
        for name, serial in _SERIALS.items()
    }


def new_cards() -> dict[str, SimulatedCard]:
    """Return fresh cards with full counters, by name."""
    return {
        name: SimulatedCard(keys, front=_FRONT, portrait=_portrait(), pin=_PIN) for name, keys in credentials().items()
    }


def card_box() -> CardBox:
    """Return the list of the simulated bench."""
    return CardBox(
        tuple(
            GoldenCard(
                name=name,
                key_sha256=key_digest(keys.auth_certificate.public_bytes(Encoding.DER)),
                expendable=name == EXPENDABLE,
                pin=Pin(_PIN.encode()) if name == EXPENDABLE else None,
                front=_FRONT.reference_number(),
                photo=_HOLDER_TODAY if name == EXPENDABLE else "",
            )
            for name, keys in credentials().items()
        )
    )


def golden(name: str) -> GoldenCard:
    """Return what the list says of one card."""
    return next(each for each in card_box().cards if each.name == name)


@cache
def photo(name: str) -> Photo:
    """Return a photo by its name. Raise CannotMeasure where it was not fetched."""
    try:
        return load_photo(MODELS_DIR, name)
    except UketsukeError as error:
        raise CannotMeasure(str(error)) from error


@cache
def face_parts() -> FaceParts:
    """Return the real networks. Raise CannotMeasure where they were not fetched."""
    try:
        engine, threshold = load_engine(MODELS_DIR)
    except UketsukeError as error:
        raise CannotMeasure(str(error)) from error
    return FaceParts(engine, threshold, choose_liveness(LivenessSection(), MODELS_DIR, {}, face_alone_counts=False))


@cache
def _portrait() -> bytes:
    try:
        return card_portrait(photo(_HOLDER))
    except CannotMeasure:
        return _NO_PORTRAIT
