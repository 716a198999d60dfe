"""What is wrong with configuration, keys and certificates is called by its name, and nothing else is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from device.app.config import load
from device.domain.errors import BadConfig
from device.domain.finding import FindingCode as Code
from provisioning.pki import IDENTITY_LIFETIME, Identity, SiteAuthority

if TYPE_CHECKING:
    from tests.doctor.conftest import Patient

pytestmark = pytest.mark.broker
Change = Callable[["Patient"], object]
WithAuthority = Callable[["Patient", SiteAuthority], object]


def spoil_config(patient: Patient) -> None:
    (patient.folder / "unit.toml").write_text("[unit]\nnam = 1\n", encoding="utf-8")
    try:
        load(patient.folder / "unit.toml")
    except BadConfig as error:
        patient.config = error


def mode(name: str, bits: int) -> Change:
    return lambda patient: (patient.folder / name).chmod(bits)


SETTINGS: list[tuple[str, Change, set[Code]]] = [
    ("a slip of the pen in the configuration", spoil_config, {Code.CONFIG_INVALID}),
    ("a configuration that anybody may read", mode("unit.toml", 0o644), {Code.CONFIG_OPEN}),
    ("a key that others may read", mode("key.pem", 0o644), {Code.KEY_OPEN}),
    ("a clinic's key that is none", lambda p: (p.folder / "clinic.public.jwk").write_bytes(b"{}"), {Code.SEALING_KEY}),
    ("nobody who may confirm by eye", lambda p: p.set_up("attendants", passcodes={}), {Code.NO_ATTENDANT}),
    ("no loudspeaker in the configuration", lambda p: p.set_up("voice", device=""), {Code.NO_VOICE}),
]


def give(patient: Patient, identity: Identity) -> None:
    """Put another certificate and key in place of the unit's own."""
    files = identity.write(patient.folder, "other")
    patient.set_up("broker", certificate=files.certificate, key=files.key)
    files.key.chmod(0o600)


def issued(name: str, *, ahead: timedelta = timedelta()) -> WithAuthority:
    return lambda patient, authority: give(patient, authority.issue_client(name, now=datetime.now(UTC) + ahead))


def days_pass(passed: timedelta) -> WithAuthority:
    return lambda patient, _: patient.clock.set_wrong_by(passed)


def foreign(patient: Patient, _authority: SiteAuthority) -> None:
    now = datetime.now(UTC)
    give(patient, SiteAuthority.create("elsewhere", now=now).issue_client("sim-0001", now=now))


def other_authority(patient: Patient, _authority: SiteAuthority) -> None:
    """The unit believes another site's authority: the broker here is a stranger to it."""
    elsewhere = SiteAuthority.create("elsewhere", now=datetime.now(UTC))
    patient.set_up("broker", authority=elsewhere.write(patient.folder / "elsewhere").certificate)


def other_key(patient: Patient, authority: SiteAuthority) -> None:
    files = authority.issue_client("sim-0001", now=datetime.now(UTC)).write(patient.folder, "second")
    patient.set_up("broker", key=files.key)


PAPERS: list[tuple[str, WithAuthority, set[Code]]] = [
    # What is wrong with the papers, the broker may notice as well; it lives by the real clock.
    ("a certificate that ran out", days_pass(IDENTITY_LIFETIME + timedelta(days=1)), {Code.CERTIFICATE_EXPIRED}),
    ("a certificate for ten more days", days_pass(IDENTITY_LIFETIME - timedelta(days=10)), {Code.CERTIFICATE_ENDS}),
    (
        "a certificate of tomorrow",
        issued("sim-0001", ahead=timedelta(days=2)),
        {Code.CERTIFICATE_NOT_YET, Code.BROKER_REFUSES},
    ),
    ("another unit's certificate", issued("sim-0002"), {Code.CERTIFICATE_NAME}),
    ("a certificate of another site", foreign, {Code.CERTIFICATE_FOREIGN, Code.BROKER_REFUSES}),
    ("a key of another certificate", other_key, {Code.KEY_MISMATCH, Code.CERTIFICATE_MISSING}),
    ("another authority than the broker's", other_authority, {Code.CERTIFICATE_FOREIGN, Code.BROKER_UNTRUSTED}),
    (
        "a certificate that is gone",
        lambda p, _: p.folder.joinpath("certificate.pem").unlink(),
        {Code.CERTIFICATE_MISSING},
    ),
]


@pytest.mark.parametrize(("fault", "codes"), [each[1:] for each in SETTINGS], ids=[each[0] for each in SETTINGS])
def test_a_wrong_setting_is_called_by_its_name(patient: Patient, fault: Change, codes: set[Code]) -> None:
    fault(patient)
    assert patient.findings() == codes


@pytest.mark.parametrize(("fault", "codes"), [each[1:] for each in PAPERS], ids=[each[0] for each in PAPERS])
def test_wrong_papers_are_called_by_their_name(
    patient: Patient, authority: SiteAuthority, fault: WithAuthority, codes: set[Code]
) -> None:
    fault(patient, authority)
    assert patient.findings() == codes
