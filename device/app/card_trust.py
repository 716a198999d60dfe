"""From the configuration's files and fingerprints to the anchors that the unit believes in."""

from __future__ import annotations

from pathlib import Path

from device.app.config import CardSection
from device.card.trust import CardTrust, CertificateAnchor, Realm, SurfaceAnchor
from device.domain.errors import BadConfig


def load_trust(card: CardSection, *, simulated: bool, face_alone_counts: bool) -> CardTrust:
    """Load every anchor. Raise BadConfig for a file that is not what its fingerprint says, or of the other realm.

    Where a face match alone counts (`face_alone_counts`), a portrait of unknown origin is never used: nothing after it
    would show that the card was made by somebody else.
    """
    return CardTrust(
        Realm.TEST if simulated else Realm.PRODUCTION,
        certificates=tuple(
            CertificateAnchor.load(_read(anchor.file), sha256=anchor.sha256, where=str(anchor.file))
            for anchor in card.anchors
        ),
        surfaces=tuple(
            SurfaceAnchor.load(_read(anchor.file), key_id=anchor.key_id, sha256=anchor.sha256, where=str(anchor.file))
            for anchor in card.portrait_anchors
        ),
        unknown_surface_goes_on=card.unknown_portrait_anchor == "report" and not face_alone_counts,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=str(path)) from error
