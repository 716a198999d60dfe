"""The 利用者証明用電子証明書 judged: profile, chain by signature, days. Authorities and holders are made here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from device.card.certificate import Validity, assess
from device.card.trust import CardTrust, CertificateAnchor, Chain, Origin, Realm
from device.domain.errors import BadConfig, CardUnreadable
from device.domain.reasons import Reason

AUTH_POLICY, SIGN_POLICY = "1.2.392.200149.8.5.1.3.30", "1.2.392.200149.8.5.1.1.20"
BEGIN, END = datetime(2025, 10, 27, tzinfo=UTC), datetime(2030, 2, 17, 14, 59, 59, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def authority_name(organisation: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        ]
    )


def usage(**changes: bool) -> x509.KeyUsage:
    flags = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(flags | {"digital_signature": True} | changes))


@dataclass
class Authority:
    """One generation: all generations of one organisation have the same name."""

    organisation: str = "JPKI"
    unit: str = "JPKI for user authentication"
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))
    names_its_key: bool = True

    @property
    def certificate(self) -> x509.Certificate:
        name = authority_name(self.organisation, self.unit)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(datetime(2015, 10, 20, tzinfo=UTC))
            .not_valid_after(datetime(2025, 10, 19, tzinfo=UTC))  # over, and still an anchor
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        )
        if self.names_its_key:
            builder = builder.add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False
            )
        return builder.sign(self.key, hashes.SHA384())

    def anchor(self, name: str) -> CertificateAnchor:
        return CertificateAnchor(name, self.certificate)

    def issue(
        self,
        *,
        key: Any = None,  # noqa: ANN401  also keys that no card has
        key_usage: x509.KeyUsage | None = None,
        usage_critical: bool = True,
        policies: tuple[str, ...] = (AUTH_POLICY,),
        names_issuer: bool = True,
        days: tuple[datetime, datetime] = (BEGIN, END),
        more: x509.ExtensionType | None = None,
    ) -> bytes:
        holder = key or ec.generate_private_key(ec.SECP384R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TARO-SECRET")]))
            .issuer_name(authority_name(self.organisation, self.unit))
            .public_key(holder.public_key())
            .serial_number(0x5EC2E7)
            .not_valid_before(days[0])
            .not_valid_after(days[1])
            .add_extension(key_usage or usage(), critical=usage_critical)
        )
        if policies:
            identifiers = [x509.PolicyInformation(ObjectIdentifier(policy), None) for policy in policies]
            builder = builder.add_extension(x509.CertificatePolicies(identifiers), critical=True)
        if names_issuer:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        if more is not None:
            builder = builder.add_extension(more, critical=True)
        return builder.sign(self.key, hashes.SHA384()).public_bytes(Encoding.DER)


GENERATIONS = [Authority() for _ in range(3)]
TEST_AUTHORITY = Authority("JPKI-TEST")
ANCHORS = tuple(authority.anchor(f"generation {number}") for number, authority in enumerate(GENERATIONS, start=1))
TRUST = CardTrust(Realm.PRODUCTION, ANCHORS)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_issuer_is_found_by_its_signature_among_generations_of_one_name(number: int) -> None:
    assert len({anchor.certificate.subject for anchor in ANCHORS}) == 1
    found = assess(GENERATIONS[number - 1].issue(), TRUST, NOW)
    assert found.origin == Origin(Chain.VALID, f"generation {number}")
    assert (found.realm, found.validity) == (Realm.PRODUCTION, Validity.GOOD)


def test_a_generation_that_nobody_installed_is_unknown_and_not_invalid() -> None:
    assert assess(Authority().issue(), TRUST, NOW).origin == Origin(Chain.ANCHOR_UNKNOWN)
    assert assess(Authority().issue(names_issuer=False), TRUST, NOW).origin == Origin(Chain.ANCHOR_UNKNOWN)
    assert assess(GENERATIONS[0].issue(), CardTrust(), NOW).origin == Origin(Chain.ANCHOR_UNKNOWN)


def test_a_certificate_that_names_the_key_of_an_anchor_which_did_not_sign_it_is_invalid() -> None:
    signature_altered = bytearray(GENERATIONS[0].issue())
    signature_altered[-1] ^= 1
    assert assess(bytes(signature_altered), TRUST, NOW).origin == Origin(Chain.INVALID)


def test_an_anchor_may_go_without_a_key_identifier() -> None:
    plain = Authority(names_its_key=False)
    trust = CardTrust(Realm.PRODUCTION, (plain.anchor("plain"),))
    assert assess(plain.issue(), trust, NOW).origin == Origin(Chain.VALID, "plain")
    assert assess(Authority().issue(), trust, NOW).origin == Origin(Chain.ANCHOR_UNKNOWN)
    assert assess(Authority().issue(names_issuer=False), trust, NOW).origin == Origin(Chain.ANCHOR_UNKNOWN)


def test_an_anchor_of_another_name_issued_nothing_here() -> None:
    same_key = replace(GENERATIONS[0], unit="JPKI for something else")
    trust = CardTrust(Realm.PRODUCTION, (same_key.anchor("other name"),))
    assert assess(GENERATIONS[0].issue(), trust, NOW).origin.chain is not Chain.VALID


@pytest.mark.parametrize(
    ("organisation", "realm"), [("JPKI", Realm.PRODUCTION), ("JPKI-TEST", Realm.TEST), ("JPKI ", None), ("ACME", None)]
)
def test_the_realm_is_told_by_the_issuers_name(organisation: str, realm: Realm | None) -> None:
    assert assess(Authority(organisation).issue(), TRUST, NOW).realm is realm


def test_production_and_test_are_never_mixed() -> None:
    for realm, stranger in (
        (Realm.PRODUCTION, TEST_AUTHORITY),
        (Realm.TEST, GENERATIONS[0]),
        (Realm.TEST, Authority("ACME")),
    ):
        with pytest.raises(BadConfig, match="does not belong"):
            CardTrust(realm, (stranger.anchor("stranger"),))
    assert assess(TEST_AUTHORITY.issue(), TRUST, NOW).origin.chain is Chain.ANCHOR_UNKNOWN


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(public_exponent=65537, key_size=2048)]
)
def test_rsa_and_elliptic_curves_are_both_at_home(key: Key) -> None:
    authority = Authority(key=key)
    trust = CardTrust(Realm.PRODUCTION, (authority.anchor("this one"),))
    assert assess(authority.issue(key=key), trust, NOW).origin == Origin(Chain.VALID, "this one")


WEAK_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  weakness is the point
OTHER_KEY = dsa.generate_private_key(1024)  # noqa: S505  its kind is the point
REFUSED: dict[str, Callable[[], bytes]] = {
    "for signing documents, by use": lambda: GENERATIONS[0].issue(key_usage=usage(content_commitment=True)),
    "for signing documents, by policy": lambda: GENERATIONS[0].issue(policies=(SIGN_POLICY,)),
    "for signing documents, by one policy of two": lambda: GENERATIONS[0].issue(policies=(AUTH_POLICY, SIGN_POLICY)),
    "for signing documents, by issuer": lambda: Authority(unit="JPKI for digital signature").issue(),
    "an authority": lambda: GENERATIONS[0].issue(key_usage=usage(key_cert_sign=True)),
    "no signature at all": lambda: GENERATIONS[0].issue(key_usage=usage(digital_signature=False, crl_sign=True)),
    "use not critical": lambda: GENERATIONS[0].issue(usage_critical=False),
    "no policy": lambda: GENERATIONS[0].issue(policies=()),
    "somebody else's policy": lambda: GENERATIONS[0].issue(policies=("1.2.392.200149.8.5.10.1",)),
    "a critical extension": lambda: GENERATIONS[0].issue(
        more=x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"")
    ),
    "a weak key": lambda: GENERATIONS[0].issue(key=WEAK_KEY),
    "an unusual curve": lambda: GENERATIONS[0].issue(key=ec.generate_private_key(ec.SECP521R1())),
    "another algorithm": lambda: GENERATIONS[0].issue(key=OTHER_KEY),
    "garbage": lambda: b"\x30\x03\x02\x01\x00",
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_certificate_for_authentication_is_refused_without_quoting_it(what: str) -> None:
    with pytest.raises(CardUnreadable) as refused:
        assess(REFUSED[what](), TRUST, NOW)
    assert refused.value.reason is Reason.CERTIFICATE_NOT_TRUSTED
    assert "SECRET" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_serial_number_that_no_authority_gives_is_refused_with_and_without_the_librarys_warning() -> None:
    der = bytearray(ISSUED)
    der[bytes(der).index(bytes.fromhex("02035EC2E7")) + 2] |= 0x80
    with pytest.raises(CardUnreadable, match="RFC 5280"):
        assess(bytes(der), TRUST, NOW)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CardUnreadable, match="can be read"):
            assess(bytes(der), TRUST, NOW)


JST = timedelta(hours=9)


@pytest.mark.parametrize(
    ("now", "validity", "on_a_phone"),
    [
        (BEGIN - timedelta(seconds=1), Validity.NOT_YET, Validity.NOT_YET),
        (BEGIN, Validity.GOOD, Validity.GOOD),
        (datetime(2029, 11, 16, 23, 59, 59, tzinfo=UTC) - JST, Validity.GOOD, Validity.GOOD),
        (datetime(2029, 11, 17, tzinfo=UTC) - JST, Validity.EXPIRES_SOON, Validity.EXPIRES_SOON),
        (END, Validity.EXPIRES_SOON, Validity.EXPIRES_SOON),
        (END + timedelta(seconds=1), Validity.IN_GRACE, Validity.EXPIRED),
        # The last day of the third month after the month in which it ended, in Japan.
        (datetime(2030, 5, 31, 23, 59, 59, tzinfo=UTC) - JST, Validity.IN_GRACE, Validity.EXPIRED),
        (datetime(2030, 6, 1, tzinfo=UTC) - JST, Validity.EXPIRED, Validity.EXPIRED),
        (None, Validity.UNKNOWN, Validity.UNKNOWN),
    ],
)
def test_the_days_are_counted_in_japan_and_by_a_clock_that_is_vouched_for(
    now: datetime | None, validity: Validity, on_a_phone: Validity
) -> None:
    der = GENERATIONS[0].issue()
    assert assess(der, TRUST, now).validity is validity
    assert assess(der, TRUST, now, months_of_grace=False).validity is on_a_phone


def test_a_certificate_that_ends_before_it_begins_is_none() -> None:
    der = GENERATIONS[0].issue(days=(BEGIN, END))
    early, late = b"251027000000Z", b"300217145959Z"
    swapped = der.replace(early, b"<early>").replace(late, early).replace(b"<early>", late)
    with pytest.raises(CardUnreadable):
        assess(swapped, TRUST, None)


def test_a_certificate_has_one_encoding() -> None:
    even = next(der for der in iter(GENERATIONS[0].issue, b"") if der[-1] % 2 == 0)
    signature = x509.load_der_x509_certificate(even).signature
    as_if_a_bit_less = even[: -1 - len(signature)] + b"\x01" + signature
    assert x509.load_der_x509_certificate(as_if_a_bit_less).signature == signature, "the library takes it for the same"
    with pytest.raises(CardUnreadable, match="whole bytes"):
        assess(as_if_a_bit_less, TRUST, NOW)


ISSUED = GENERATIONS[0].issue()


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(ISSUED) - 1), st.integers(1, 255), st.integers(0, 3))
def test_no_altered_byte_ever_makes_a_valid_certificate(at: int, change: int, cut: int) -> None:
    altered = bytearray(ISSUED)
    altered[at] ^= change
    try:
        found = assess(bytes(altered[: len(altered) - cut]), TRUST, NOW)
    except CardUnreadable:
        return
    assert found.origin.chain is not Chain.VALID
