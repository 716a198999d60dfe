"""From the configuration's card section to anchors: read, compared, of one realm."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from device.app.card_trust import load_trust
from device.app.config import AnchorFile, CardSection, PortraitAnchorFile
from device.card.trust import Realm
from device.domain.errors import BadConfig
from device.sim.card import CardCredentials


@pytest.fixture
def section(tmp_path: Path, card_credentials: CardCredentials) -> CardSection:
    """The simulated authority's two anchors, as files."""
    authority = card_credentials.authority
    (tmp_path / "authority.pem").write_bytes(authority.certificate_pem)
    key = authority.surface_ca_key.public_key()
    (tmp_path / "portraits.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    fingerprint = x509.load_pem_x509_certificate(authority.certificate_pem).fingerprint(hashes.SHA256()).hex()
    return CardSection(
        anchors=(AnchorFile(file=tmp_path / "authority.pem", sha256=fingerprint),),
        portrait_anchors=(
            PortraitAnchorFile(
                file=tmp_path / "portraits.pem", key_id=authority.surface_ca_id.hex(), sha256=digest.finalize().hex()
            ),
        ),
    )


def test_a_simulated_unit_takes_the_anchors_of_simulated_cards(section: CardSection) -> None:
    trust = load_trust(section, simulated=True, face_alone_counts=False)
    assert trust.realm is Realm.TEST
    names = [anchor.name for anchor in trust.certificates] + [anchor.name for anchor in trust.surfaces]
    assert [name.rsplit("/")[-1] for name in names] == [
        "authority.pem",
        "portraits.pem",
    ]


def test_a_unit_in_service_takes_none_of_them(section: CardSection) -> None:
    with pytest.raises(BadConfig, match="does not belong among the anchors of production"):
        load_trust(section, simulated=False, face_alone_counts=False)


@pytest.mark.parametrize(
    ("what", "face_alone_counts", "goes_on"),
    [("report", False, True), ("report", True, False), ("refuse", False, False), ("refuse", True, False)],
)
def test_a_portrait_of_unknown_origin_never_counts_where_a_face_alone_does(
    what: str,
    face_alone_counts: bool,  # noqa: FBT001  a table of cases
    goes_on: bool,  # noqa: FBT001  same
) -> None:
    section = CardSection(unknown_portrait_anchor="report" if what == "report" else "refuse")
    trust = load_trust(section, simulated=False, face_alone_counts=face_alone_counts)
    assert trust.unknown_surface_goes_on is goes_on


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    section = CardSection(anchors=(AnchorFile(file=tmp_path / "gone.pem", sha256="00" * 32),))
    with pytest.raises(BadConfig, match="cannot be read") as refused:
        load_trust(section, simulated=False, face_alone_counts=False)
    assert refused.value.where.endswith("gone.pem")
