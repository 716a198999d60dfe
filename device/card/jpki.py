"""公的個人認証AP: the certificate that anybody may read, the PIN, and the holder's key."""

from __future__ import annotations

from typing import Final

from device.card import apdu, status
from device.card.channel import Channel
from device.card.files import Application, CardFile
from device.card.profiles import LABEL_SIZE, Profile, SecretSlot, choose_profile
from device.domain.errors import CardUnknown, CardUnreadable, PinBlocked, PinRejected
from device.domain.secrets import Pin

MAX_CERTIFICATE_SIZE: Final = 8 * 1024
"""Real ones have about 1.6 kB."""
DER_SEQUENCE: Final = 0x30


def select(channel: Channel) -> None:
    """SELECT the application. Raise CardUnknown where there is none."""
    sw = channel.select(Application.JPKI)
    if sw == status.NO_DIAGNOSIS:
        # A good card may answer 6F00 to its first command after power-up (facts: card.md, 1.14).
        sw = channel.select(Application.JPKI)
    if sw in status.NO_SUCH_APPLICATION:
        raise CardUnknown
    status.require_ok("SELECT JPKI", sw)


def read_profile(channel: Channel) -> Profile:
    """Tell the kind of card by the label in its token information; the serial number behind it is not read."""
    return choose_profile(channel.read(CardFile.TOKEN_INFO, LABEL_SIZE))


def pin_is_refused(channel: Channel, profile: Profile) -> bool:
    """Tell whether the card has no PIN to be used; blocked is no such refusal. Costs no try. Raise CardUnreadable."""
    sw = channel.select_file(_pin_slot(profile).file)
    if sw == status.OK:
        _, sw = channel.send(apdu.tries_left())
        if sw == status.OK or status.counted_tries(sw) is not None:
            return False
    if sw in status.NO_SUCH_SECRET:
        return True
    raise status.unexpected("the counter of the PIN", sw)


def read_certificate(channel: Channel, profile: Profile) -> bytes:
    """Return the DER of the 利用者証明用電子証明書, without the filler behind it."""
    return channel.read_object(profile.certificate, tag=DER_SEQUENCE, limit=MAX_CERTIFICATE_SIZE)


def pin_tries_left(channel: Channel, profile: Profile) -> int:
    """Ask the card for its counter; 0 means blocked."""
    slot = _pin_slot(profile)
    channel.open(slot.file)
    tries = query_tries(channel)
    # 9000 says that the PIN is verified already, and a right PIN refills the counter (facts: card.md, 2.5).
    return slot.full_tries if tries is None else tries


def query_tries(channel: Channel) -> int | None:
    """Ask for the counter of the secret that is current; None when the card says that it is verified already."""
    _, sw = channel.send(apdu.tries_left())
    tries = status.counted_tries(sw)
    if tries is None:
        status.require_ok("the counter", sw)
    return tries


def verify_pin(channel: Channel, profile: Profile, pin: Pin) -> None:
    """Send the PIN once, whatever comes back. Raise PinRejected or PinBlocked; the PIN is wiped in every case."""
    try:
        channel.open(_pin_slot(profile).file)
        _, sw = channel.send(apdu.verify(pin.reveal()))
    finally:
        pin.wipe()
    if sw == status.OK:
        return
    tries = query_tries(channel) if sw == status.WRONG_WITHOUT_COUNTER else status.counted_tries(sw)
    if tries is None:
        raise status.unexpected("VERIFY of the PIN", sw)
    if tries == 0:
        raise PinBlocked
    raise PinRejected(tries_left=tries)


def sign(channel: Channel, profile: Profile, challenge: bytes) -> bytes:
    """Return the holder's signature over `challenge`. Raise CardUnreadable (sw 6982) while the key is locked."""
    algorithm = profile.signature
    channel.open(profile.key)
    signature, sw = channel.send(apdu.compute_signature(algorithm.to_be_signed(challenge)))
    status.require_ok("SIGN", sw)
    if not algorithm.shortest <= len(signature) <= algorithm.longest:
        raise CardUnreadable(f"SIGN: {len(signature)} bytes instead of {algorithm.longest}")
    return signature


def _pin_slot(profile: Profile) -> SecretSlot:
    if profile.pin is None:
        raise CardUnreadable("no PIN is sent to a card of this kind")
    return profile.pin
