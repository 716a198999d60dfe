from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning.broker import Branch, SiteBroker
from provisioning.pki import SiteAuthority


@pytest.fixture(scope="session")
def today() -> datetime:
    """TLS asks the real clock, so certificates for it start now."""
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def authority(today: datetime) -> SiteAuthority:
    return SiteAuthority.create("site-1", now=today)


@pytest.fixture
def site_broker(tmp_path: Path) -> SiteBroker:
    return SiteBroker(
        branch=Branch.PRODUCTION,
        port=8883,
        authority=tmp_path / "authority.cert.pem",
        certificate=tmp_path / "broker.cert.pem",
        key=tmp_path / "broker.key.pem",
        data=tmp_path / "data",
        access_list=tmp_path / "access.list",
        admin_port=8884,
        revoked=tmp_path / "revoked.crl.pem",
    )
