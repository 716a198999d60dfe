"""What a unit of simulated parts believes in: the authority of its simulated cards, and no other."""

from __future__ import annotations

from device.card.trust import CardTrust, CertificateAnchor, Realm, SurfaceAnchor
from device.sim.card import CardAuthority


def simulated_trust(authority: CardAuthority) -> CardTrust:
    """Return the anchors of a simulated authority. They are of the test realm, so no unit in service takes them."""
    return CardTrust(
        Realm.TEST,
        certificates=(CertificateAnchor("simulated authority", authority.certificate),),
        surfaces=(
            SurfaceAnchor("simulated portraits", authority.surface_ca_id, authority.surface_ca_key.public_key()),
        ),
        unknown_surface_goes_on=False,
    )
