"""What every place for a unit's key promises, asked of each: a file, a TPM, a PKCS #11 token."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.app.config import KeySection
from device.app.key_parts import held_by, open_key
from device.domain.errors import BadConfig
from device.domain.values import UnitId
from device.drivers.broker_probe import visit_broker
from device.drivers.mutual_tls import TlsFiles
from device.drivers.paho_line import BrokerAddress
from device.ports.key_store import KeyStore
from device.wire.sealing import Signer, verify
from provisioning.mosquitto import RunningBroker
from provisioning.pki import SiteAuthority

UNIT = UnitId("sim-key")
ECDSA = ec.ECDSA(hashes.SHA256())

Open = Callable[[str], KeyStore]


@pytest.fixture(params=["file", "tpm", "pkcs11"])
def section(request: pytest.FixtureRequest) -> KeySection:
    return place_of(request)


@pytest.fixture(params=["tpm", "pkcs11"])
def elsewhere(request: pytest.FixtureRequest) -> KeySection:
    """A place that no file of the unit holds."""
    section = place_of(request)
    if section.store == "file":
        pytest.skip("this unit keeps its key in a file")
    return section


def place_of(request: pytest.FixtureRequest) -> KeySection:
    if request.param == "table":
        table: KeySection = request.getfixturevalue("table_key_place")
        return table
    place: KeySection = request.getfixturevalue("key_place")(request.param)
    return place


@pytest.fixture
def store(section: KeySection, tmp_path: Path) -> Iterator[Open]:
    """Open the store as a new start of the program does, by the name of its file; nothing stays there afterwards."""
    with opened(section, tmp_path) as store:
        yield store


@contextlib.contextmanager
def opened(section: KeySection, folder: Path) -> Iterator[Open]:
    names: set[str] = set()

    def open_one(name: str) -> KeyStore:
        names.add(name)
        return open_key(section, folder / name)

    yield open_one
    for name in names:
        with contextlib.suppress(BadConfig):  # a file that leads nowhere
            open_key(section, folder / name).forget()


@pytest.fixture
def certify(authority: SiteAuthority, tmp_path: Path) -> Callable[[ec.EllipticCurvePublicKey], Path]:
    def issue(key: ec.EllipticCurvePublicKey) -> Path:
        certificate = authority.certify(key, UNIT, now=datetime.now(UTC), lifetime=timedelta(days=1))
        path = tmp_path / "unit.cert.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path

    return issue


def test_the_key_is_made_once_and_proves_itself_in_the_request(store: Open, section: KeySection) -> None:
    csr, key = store("key").request()
    again, same = store("key").request()

    assert key == same
    assert isinstance(key.curve, ec.SECP256R1)
    for one in (csr, again):
        request = x509.load_der_x509_csr(one)
        assert request.is_signature_valid
        assert request.public_key() == key
    assert store("key").kind == section.store


def test_what_leads_to_it_is_its_owner_s_alone(store: Open, tmp_path: Path) -> None:
    store("key").request()
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_it_signs_what_others_can_check(store: Open) -> None:
    _, key = store("key").request()
    key.verify(store("key").private_key().sign(b"a word", ECDSA), b"a word", ECDSA)


@pytest.mark.broker
def test_a_real_broker_lets_its_holder_in(
    store: Open,
    certify: Callable[[ec.EllipticCurvePublicKey], Path],
    broker: RunningBroker,
    site_folder: Path,
    tmp_path: Path,
) -> None:
    _, key = store("key").request()
    files = TlsFiles(
        authority=site_folder / "authority.cert.pem",
        certificate=certify(key),
        key=tmp_path / "key",
        held=held_by(store("key")),
    )
    assert visit_broker(BrokerAddress("127.0.0.1", broker.port), UNIT, files, log_in=True) is None


def test_the_key_of_another_certificate_is_told(
    store: Open, certify: Callable[[ec.EllipticCurvePublicKey], Path], site_folder: Path, tmp_path: Path
) -> None:
    store("key").request()
    files = TlsFiles(
        authority=site_folder / "authority.cert.pem",
        certificate=certify(ec.generate_private_key(ec.SECP256R1()).public_key()),
        key=tmp_path / "key",
        held=held_by(store("key")),
    )
    trouble = visit_broker(BrokerAddress("127.0.0.1", 1), UNIT, files, log_in=False)
    assert "this is not the key of" in str(trouble)


def test_results_are_signed_with_it(
    store: Open, certify: Callable[[ec.EllipticCurvePublicKey], Path], authority: SiteAuthority
) -> None:
    _, key = store("key").request()
    signer = Signer.of(store("key").private_key(), certify(key).read_bytes())

    said = signer.sign(b'{"a":1}')
    assert verify(said, speaker=UNIT, authority=authority.certificate, at=datetime.now(UTC)) == b'{"a":1}'


def test_the_next_key_is_another_and_takes_the_first_one_s_place(store: Open, tmp_path: Path) -> None:
    _, first = store("key").request()
    _, following = store("next").request()
    assert following != first

    store("key").forget()
    (tmp_path / "next").replace(tmp_path / "key")

    following.verify(store("key").private_key().sign(b"a word", ECDSA), b"a word", ECDSA)


def test_forgotten_it_is_gone_and_the_next_one_is_new(store: Open, tmp_path: Path) -> None:
    _, key = store("key").request()
    held = store("key")
    held.forget()
    held.forget()

    assert not (tmp_path / "key").exists()
    with pytest.raises(BadConfig):
        store("key").private_key()
    assert held.request()[1] != key


def test_a_file_that_leads_nowhere_is_named(store: Open, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("Dear friend,")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(BadConfig, match="delete it to have") as refused:
        store("key").private_key()
    assert refused.value.where == str(tmp_path / "key")


def test_elsewhere_it_cannot_be_taken_out(elsewhere: KeySection, tmp_path: Path) -> None:
    with opened(elsewhere, tmp_path) as store:
        store("key").request()
        refuses_to_give_itself_away(store("key").private_key())


def refuses_to_give_itself_away(key: ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="cannot be taken out"):
        key.private_numbers()
    with pytest.raises(UnsupportedAlgorithm, match="cannot be taken out"):
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with pytest.raises(UnsupportedAlgorithm, match="SHA-256 alone"):
        key.sign(b"a word", ec.ECDSA(hashes.SHA384()))
