"""The next certificate is believed as little as the first: a broker that lies takes no unit its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from device.app.home import Home, write_certificate
from device.domain.errors import MessageError
from provisioning.pki import SiteAuthority

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def fleet() -> SiteAuthority:
    return SiteAuthority.create("clinic-1", now=NOW)


@pytest.fixture
def home(tmp_path: Path, fleet: SiteAuthority) -> Home:
    home = Home(tmp_path)
    present = fleet.issue_client("unit-07", now=NOW)
    home.certificate.write_bytes(present.certificate_pem)
    home.authority.write_bytes(fleet.certificate_pem)
    return home


def certified(home: Home, authority: SiteAuthority, unit: str) -> bytes:
    """Return the certificate that this authority gives for the unit's next key."""
    _, key = home.next_key_store.request()
    certificate = authority.certify(key, unit, now=NOW, lifetime=timedelta(days=90))
    return certificate.public_bytes(serialization.Encoding.DER)


def test_a_certificate_of_the_own_fleet_for_the_own_name_and_key_is_taken(home: Home, fleet: SiteAuthority) -> None:
    der = certified(home, fleet, "unit-07")
    write_certificate(home, der, None)
    kept = x509.load_pem_x509_certificate(home.certificate.read_bytes())
    assert kept.public_bytes(serialization.Encoding.DER) == der
    assert not home.next_key.exists()


def test_anything_else_is_refused_and_leaves_the_unit_who_it_is(home: Home, fleet: SiteAuthority) -> None:
    before = home.certificate.read_bytes()
    foreign = SiteAuthority.create("clinic-1", now=NOW)
    other_key = x509.load_pem_x509_certificate(fleet.issue_client("unit-07", now=NOW).certificate_pem)
    for der, why in (
        (certified(home, foreign, "unit-07"), "fleet"),
        (certified(home, fleet, "unit-08"), "another unit"),
        (other_key.public_bytes(serialization.Encoding.DER), "another key"),
        (b"no certificate", "fleet"),
    ):
        with pytest.raises(MessageError, match=why):
            write_certificate(home, der, None)
        assert home.certificate.read_bytes() == before
        assert not home.next_certificate.exists()
