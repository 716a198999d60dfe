from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from device.domain.errors import BadConfig, MessageError
from device.wire.sealing import Signer, verify
from provisioning.pki import CLOCK_ALLOWANCE, IDENTITY_LIFETIME, Identity, SiteAuthority

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def site() -> SiteAuthority:
    return SiteAuthority.create("site-1", now=NOW)


def certificate_of(identity: Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(identity.certificate_pem)


def test_a_strict_verifier_takes_the_broker_for_its_names(site: SiteAuthority) -> None:
    broker = certificate_of(site.issue_server(now=NOW))
    checks = PolicyBuilder().store(Store([site.certificate])).time(NOW)

    checks.build_server_verifier(x509.DNSName("localhost")).verify(broker, [])
    checks.build_server_verifier(x509.IPAddress(ip_address("127.0.0.1"))).verify(broker, [])


def test_a_broker_elsewhere_gets_the_names_under_which_it_is_reached(site: SiteAuthority) -> None:
    identity = site.issue_server(now=NOW, names=["broker.clinic.example"], addresses=["192.0.2.7"])
    names = certificate_of(identity).extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["broker.clinic.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("192.0.2.7")]


def test_a_unit_is_its_common_name_and_may_only_be_a_client(site: SiteAuthority) -> None:
    certificate = certificate_of(site.issue_client("unit-0001", now=NOW))

    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert name.value == "unit-0001"
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_units_identity_signs_results_that_the_clinic_believes(site: SiteAuthority) -> None:
    identity = site.issue_client("unit-0001", now=NOW)
    token = Signer.load(identity.key_pem, identity.certificate_pem).sign(b"result")

    assert verify(token, speaker="unit-0001", authority=site.certificate, at=NOW) == b"result"
    with pytest.raises(MessageError):
        verify(token, speaker="unit-0001", authority=SiteAuthority.create("site-1", now=NOW).certificate, at=NOW)


def test_validity_begins_a_little_before_the_issue_and_ends_when_asked(site: SiteAuthority) -> None:
    certificate = certificate_of(site.issue_client("unit-0001", now=NOW))
    short = certificate_of(site.issue_client("unit-0001", now=NOW, lifetime=timedelta(hours=1)))

    assert certificate.not_valid_before_utc == NOW - CLOCK_ALLOWANCE
    assert certificate.not_valid_after_utc == NOW + IDENTITY_LIFETIME
    assert short.not_valid_after_utc == NOW + timedelta(hours=1)


def test_nobody_outlives_the_authority(site: SiteAuthority) -> None:
    late = site.certificate.not_valid_after_utc - timedelta(days=1)

    assert certificate_of(site.issue_client("unit-0001", now=late)).not_valid_after_utc == (
        site.certificate.not_valid_after_utc
    )
    with pytest.raises(BadConfig, match="not valid at this time"):
        site.issue_client("unit-0001", now=late + timedelta(days=2))


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "unit 1", "unit\n", "診療所", "x" * 65])
def test_a_name_that_means_something_in_a_topic_is_refused(site: SiteAuthority, name: str) -> None:
    with pytest.raises(BadConfig, match="letters, digits, _ or -"):
        site.issue_client(name, now=NOW)


def test_times_that_cannot_be_meant_are_refused(site: SiteAuthority) -> None:
    with pytest.raises(BadConfig, match="time zone"):
        site.issue_client("unit-0001", now=NOW.replace(tzinfo=None))
    with pytest.raises(BadConfig, match="no lifetime"):
        site.issue_client("unit-0001", now=NOW, lifetime=timedelta(0))


def test_a_server_without_a_sane_address_is_refused(site: SiteAuthority) -> None:
    with pytest.raises(BadConfig, match="at least one name or address"):
        site.issue_server(now=NOW, names=[], addresses=[])
    with pytest.raises(BadConfig, match="does not appear to be an IPv4 or IPv6 address"):
        site.issue_server(now=NOW, addresses=["127.0.0.256"])


def test_keys_are_written_for_their_owner_alone(site: SiteAuthority, tmp_path: Path) -> None:
    authority = site.write(tmp_path)
    unit = site.issue_client("unit-0001", now=NOW).write(tmp_path, "unit-0001")

    for files in (authority, unit):
        assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
        assert files.certificate.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert (unit.key.name, unit.certificate.name) == ("unit-0001.key.pem", "unit-0001.cert.pem")


def test_keys_are_not_in_what_python_prints(site: SiteAuthority) -> None:
    assert "PRIVATE" not in repr(site.issue_client("unit-0001", now=NOW))
    assert "key=" not in repr(site)


def test_an_authority_read_back_issues_for_the_same_site(site: SiteAuthority, tmp_path: Path) -> None:
    files = site.write(tmp_path)

    again = SiteAuthority.load(files.key, files.certificate)

    certificate_of(again.issue_client("unit-0001", now=NOW)).verify_directly_issued_by(site.certificate)


def test_files_that_are_no_authority_are_named(site: SiteAuthority, tmp_path: Path) -> None:
    own = site.write(tmp_path)
    unit = site.issue_client("unit-0001", now=NOW).write(tmp_path, "unit-0001")
    text = tmp_path / "notes.txt"
    text.write_text("notes")

    for key, certificate, problem in (
        (tmp_path / "gone.pem", own.certificate, "gone.pem: no usable private key: No such file"),
        (text, own.certificate, "notes.txt: no usable private key"),
        (own.key, text, "notes.txt: no usable authority certificate"),
        (own.key, unit.certificate, "unit-0001.cert.pem: no usable authority certificate"),
        (unit.key, own.certificate, "unit-0001.key.pem: this is not the key of"),
    ):
        with pytest.raises(BadConfig, match=problem):
            SiteAuthority.load(key, certificate)
