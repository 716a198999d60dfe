"""A unit learns with its identity whose updates to take, from the fleet's own service and from nobody else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace
from tuf.api.metadata import Metadata, Root

from device.app.claiming import claim_unit
from device.app.config import load
from device.app.home import Home
from device.domain.errors import BadConfig, MessageError
from device.link.claim import open_update_trust
from device.wire.codec import encode
from device.wire.fleet import ClaimGranted, UpdateTrust
from device.wire.sealing import Signer
from device.wire.services import CONSUMER, FLEET
from provisioning.fleet.entrance import bring_in
from provisioning.fleet.fleet import open_fleet, utc_now
from provisioning.fleet.plan import UpdatesSection, write_plan
from provisioning.fleet.private import PrivateFleet
from provisioning.fleet.store.units import NewUnit
from provisioning.pki import SiteAuthority

URL = "https://updates.clinic.example/uketsuke"
NONCE, UNIT = "c0ffee0012345678", "unit-07"
ROOT = Metadata(Root(expires=datetime(2030, 4, 1, tzinfo=UTC))).to_bytes()
Opened = Callable[..., UpdateTrust | None]


def granted(certificate: bytes) -> ClaimGranted:
    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    return ClaimGranted(nonce=NONCE, unit=UNIT, certificate=der, authority=der, host="broker.example", port=8883)


@pytest.fixture
def with_updates(running: PrivateFleet) -> Iterator[PrivateFleet]:
    """A fleet that has updates."""
    places = running.fleet.places
    (places.folder / "1.root.json").write_bytes(ROOT)
    write_plan(replace(running.fleet.plan, updates=UpdatesSection(root="1.root.json", url=URL)), places.plan)
    with open_fleet(places.folder) as fleet:
        worker = fleet.worker(1)
        worker.start()
        try:
            yield PrivateFleet(fleet, running.broker)
        finally:
            worker.close()


@pytest.mark.broker
def test_the_root_of_trust_comes_with_the_identity_and_is_in_the_audit(
    with_updates: PrivateFleet, tmp_path: Path
) -> None:
    fleet = with_updates.fleet
    new = NewUnit(name="sim-u1", serial="SN1", site="", profile="")
    [made] = bring_in(fleet, [new], now=utc_now(), actor="tests")
    home = Home(tmp_path / "unit")
    claim_unit(made.ticket, home, timeout_s=10, hardware="5e" * 32)

    config = load(home.config)
    assert Path(config.update.root).read_bytes() == ROOT
    assert config.update.url == URL
    with fleet.store.begin(utc_now()) as work:
        [entry] = [entry for entry in work.audit.entries("sim-u1") if entry.action == "claim.granted"]
    assert msgspec.json.decode(entry.detail)["updates"] == hashlib.sha256(ROOT).hexdigest()


def test_a_root_that_is_there_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.update_root.write_bytes(b"an older one, that signs the way to newer ones")
    signed = SiteAuthority.create("clinic-1", now=utc_now()).issue_client(UNIT, now=utc_now())
    home.keep(granted(signed.certificate_pem), UpdateTrust(nonce=NONCE, unit=UNIT, root=ROOT, url=""))
    assert home.update_root.read_bytes().startswith(b"an older one")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"Dear friend,", "is no metadata of an update repository"),
        (b'{"signed": {"_type": "timestamp"}}', "is timestamp"),
    ],
    ids=["no file", "a letter", "another role"],
)
@pytest.mark.broker
def test_a_file_that_is_no_root_is_told_where_the_service_starts(
    text: bytes | None, words: str, running: PrivateFleet
) -> None:
    places = running.fleet.places
    if text is not None:
        (places.folder / "1.root.json").write_bytes(text)
    write_plan(replace(running.fleet.plan, updates=UpdatesSection(root="1.root.json")), places.plan)
    with open_fleet(places.folder) as fleet, pytest.raises(BadConfig, match=words) as refused:
        fleet.worker(1)
    assert refused.value.where.startswith("[updates] root: ")


# --- a broker that lies ---------------------------------------------------------------------------------------------


@pytest.fixture
def own() -> SiteAuthority:
    """The ticket's fleet."""
    return SiteAuthority.create("clinic-1", now=utc_now())


@pytest.fixture
def opened(own: SiteAuthority) -> Opened:
    """What a unit makes of a word that somebody signed."""

    def take(
        *, by: str = FLEET, of: SiteAuthority | None = None, nonce: str = NONCE, unit: str = UNIT
    ) -> UpdateTrust | None:
        identity = (of or own).issue_client(by, now=utc_now())
        signer = Signer.load(identity.key_pem, identity.certificate_pem)
        said = signer.sign(encode(UpdateTrust(nonce=nonce, unit=unit, root=ROOT, url=URL)))
        answer = replace(granted(identity.certificate_pem), updates=said)
        return open_update_trust(answer, NONCE, authority=own.certificate, at=utc_now())

    return take


def test_the_fleet_s_own_word_is_taken(opened: Opened) -> None:
    trust = opened()
    assert trust is not None
    assert (trust.root, trust.url) == (ROOT, URL)


@pytest.mark.parametrize(
    "lie",
    [{"by": CONSUMER}, {"by": UNIT}, {"nonce": "c0ffee0087654321"}, {"unit": "unit-08"}],
    ids=["a service of the clinic", "a unit", "an answer to another claim", "for another unit"],
)
def test_anybody_else_s_is_not(lie: dict[str, str], opened: Opened) -> None:
    with pytest.raises(MessageError):
        opened(**lie)


def test_nor_is_that_of_another_fleet(opened: Opened) -> None:
    with pytest.raises(MessageError):
        opened(of=SiteAuthority.create("clinic-1", now=utc_now()))


def test_without_updates_nothing_is_said(own: SiteAuthority) -> None:
    plain = granted(own.certificate_pem)
    assert open_update_trust(plain, NONCE, authority=own.certificate, at=utc_now()) is None
