from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.wire.sealing import Signer, verify

NOW = datetime(2026, 4, 1, tzinfo=UTC)
PLAIN = b'{"reason":"qualified"}'
TOWER = "W1tb" * 2000
"""Six thousand opening brackets in base64."""

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class Authority:
    """A site's authority that issues whatever a test asks for, sound or not."""

    def __init__(self, name: str = "site authority") -> None:
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._certify([name], self._key, NOW, NOW + timedelta(days=3650))

    def issue(
        self,
        *names: str,
        key: PrivateKey | None = None,
        begins: datetime = NOW,
        ends: datetime = NOW + timedelta(days=1),
    ) -> tuple[bytes, bytes]:
        """Return key and certificate, both PEM."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = self._certify(names, key, begins, ends)
        form, cipher = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return (
            key.private_bytes(serialization.Encoding.PEM, form, cipher),
            certificate.public_bytes(serialization.Encoding.PEM),
        )

    def signer(self, *names: str, begins: datetime = NOW, ends: datetime = NOW + timedelta(days=1)) -> Signer:
        return Signer.load(*self.issue(*names, begins=begins, ends=ends))

    def _certify(
        self, names: list[str] | tuple[str, ...], key: PrivateKey, begins: datetime, ends: datetime
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def signer(authority: Authority) -> Signer:
    return authority.signer("unit-07")


@pytest.fixture(scope="module")
def verify_here(authority: Authority) -> Callable[..., bytes]:
    def verify_token(token: str, *, speaker: str = "unit-07", at: datetime = NOW) -> bytes:
        return verify(token, speaker=speaker, authority=authority.certificate, at=at)

    return verify_token


def refusal(verify_here: Callable[..., bytes], token: str, **of: object) -> str:
    with pytest.raises(MessageError) as caught:
        verify_here(token, **of)
    assert caught.value.reason is Reason.SERVICE_REFUSED
    return str(caught.value)


@pytest.mark.parametrize("payload", [b"", PLAIN, bytes(90_000)])
def test_what_a_unit_signed_is_believed(signer: Signer, verify_here: Callable[..., bytes], payload: bytes) -> None:
    assert verify_here(signer.sign(payload)) == payload


def test_a_unit_is_known_by_its_certificate(signer: Signer, authority: Authority) -> None:
    assert signer.speaker == "unit-07"
    assert authority.signer().speaker == ""
    assert authority.signer("unit-07", "unit-08").speaker == ""


def test_one_unit_cannot_speak_for_another(signer: Signer, verify_here: Callable[..., bytes]) -> None:
    assert refusal(verify_here, signer.sign(PLAIN), speaker="unit-08") == "signed by another than unit-08"


@pytest.mark.parametrize("names", [(), ("unit-07", "unit-08"), ("unit-08", "unit-07"), ("Unit-07",), ("unit-07 ",)])
def test_a_certificate_names_exactly_the_unit(
    authority: Authority, verify_here: Callable[..., bytes], names: tuple[str, ...]
) -> None:
    token = authority.signer(*names).sign(PLAIN)

    assert refusal(verify_here, token) == "signed by another than unit-07"


def test_a_unit_of_another_site_is_not_believed(verify_here: Callable[..., bytes]) -> None:
    for site in ("another site", "site authority"):
        token = Authority(site).signer("unit-07").sign(PLAIN)
        assert refusal(verify_here, token) == "the signature does not hold"


def test_a_certificate_counts_from_its_first_to_its_last_moment(
    authority: Authority, verify_here: Callable[..., bytes]
) -> None:
    begins, ends, moment = NOW, NOW + timedelta(days=1), timedelta(seconds=1)
    token = authority.signer("unit-07", begins=begins, ends=ends).sign(PLAIN)

    for at in (begins, ends):
        assert verify_here(token, at=at) == PLAIN
    for at in (begins - moment, ends + moment):
        assert refusal(verify_here, token, at=at) == "signed with a certificate that is not valid now"


# A serial number that the change made negative is warned about before the signature is looked at.
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@given(place=st.integers(0, 2000))
def test_a_changed_character_is_never_believed(
    signer: Signer, verify_here: Callable[..., bytes], flipped: Callable[[str, int], str], place: int
) -> None:
    refusal(verify_here, flipped(signer.sign(PLAIN), place))


def test_the_signature_of_one_result_does_not_carry_another(signer: Signer, verify_here: Callable[..., bytes]) -> None:
    head, payload, _ = signer.sign(b"one").split(".")
    *_, signature = signer.sign(b"another").split(".")

    assert refusal(verify_here, f"{head}.{payload}.{signature}") == "the signature does not hold"


def test_a_key_that_is_not_the_certificates_is_not_believed(
    authority: Authority, signer: Signer, verify_here: Callable[..., bytes]
) -> None:
    thief = Signer(authority.signer("unit-07").key, signer.certificate)

    assert refusal(verify_here, thief.sign(PLAIN)) == "the signature does not hold"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x5c": None}, "signature without its certificate"),
        ({"x5c": []}, "signature without its certificate"),
        ({"x5c": ["MIIB", "MIIB"]}, "signature without its certificate"),
        ({"x5c": "MIIB"}, "signature without its certificate"),
        ({"x5c": {"0": "MIIB"}}, "signature without its certificate"),
        ({"x5c": [7]}, "the signature does not hold"),
        ({"x5c": ["no base64!"]}, "the signature does not hold"),
        ({"x5c": ["MIIB"]}, "the signature does not hold"),
        ({"alg": "none"}, "the signature does not hold"),
        ({"alg": "HS256"}, "the signature does not hold"),
        ({"alg": "ES384"}, "the signature does not hold"),
        ({"alg": None}, "the signature does not hold"),
        ({"alg": []}, "the signature does not hold"),
        ({"kid": "unit-07"}, "the signature does not hold"),
        ({"jku": "https://example.invalid/keys"}, "the signature does not hold"),
        ({"jwk": {"kty": "EC"}}, "the signature does not hold"),
        ({"crit": ["exp"], "exp": 1}, "the signature does not hold"),
        ({"b64": False, "crit": ["b64"]}, "the signature does not hold"),
        ({"later": "x" * 9000}, "the signature does not hold"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_header_that_we_do_not_write_is_not_believed(
    signer: Signer,
    verify_here: Callable[..., bytes],
    with_header: Callable[..., str],
    changes: dict[str, object],
    said: str,
) -> None:
    assert refusal(verify_here, with_header(signer.sign(PLAIN), **changes)) == said


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
)
def test_a_certificate_for_another_kind_of_key_is_not_believed(
    authority: Authority,
    signer: Signer,
    verify_here: Callable[..., bytes],
    with_header: Callable[..., str],
    key: PrivateKey,
) -> None:
    _, certificate = authority.issue("unit-07", key=key)
    der = base64.b64encode(base64.b64decode(b"".join(certificate.splitlines()[1:-1]))).decode()

    assert refusal(verify_here, with_header(signer.sign(PLAIN), x5c=[der])) == "the signature does not hold"


def test_a_certificate_of_a_version_that_there_is_not_is_not_believed(
    signer: Signer, verify_here: Callable[..., bytes], with_header: Callable[..., str]
) -> None:
    der = signer.certificate.public_bytes(serialization.Encoding.DER)
    made_up = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a00302011c"), 1)
    assert made_up != der

    x5c = [base64.b64encode(made_up).decode()]
    assert refusal(verify_here, with_header(signer.sign(PLAIN), x5c=x5c)) == "the signature does not hold"


def test_the_certificate_is_no_shared_secret(
    signer: Signer, verify_here: Callable[..., bytes], with_header: Callable[..., str]
) -> None:
    # The classical confusion of algorithms: what is public, used as the key of a MAC.
    head, payload, _ = with_header(signer.sign(PLAIN), alg="HS256").split(".")
    public = signer.certificate.public_bytes(serialization.Encoding.PEM)
    mac = hmac.digest(public, f"{head}.{payload}".encode(), hashlib.sha256)
    token = ".".join([head, payload, base64.urlsafe_b64encode(mac).rstrip(b"=").decode()])

    assert refusal(verify_here, token) == "the signature does not hold"


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", TOWER + ".YQ.YQ", "W10.YQ.YQ", "bnVsbA.YQ.YQ", "診療.太.郎", "\ud800.a.b", "x" * 200_000],
    ids=lambda token: ascii(token[:20]),
)
def test_what_is_no_signature_is_not_believed(verify_here: Callable[..., bytes], token: str) -> None:
    assert refusal(verify_here, token) == "the signature does not hold"


def test_a_signer_does_not_show_its_key(signer: Signer) -> None:
    assert "key" not in repr(signer).split("certificate")[0]
