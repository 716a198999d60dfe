"""The two applications of the simulated card with their content (facts: card.md, 2.2, 2.3, 4.1)."""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from device.domain.values import CardKind
from device.sim.card.credentials import CardCredentials
from device.sim.card.encoding import blank_image, claim_length, digest_info, fill, public_key_fields, sign_padded, tlv
from device.sim.card.files import Application, File, KeyFile, Secret, Transparent
from device.sim.card.front import CardFrontPrint
from device.sim.card.hostile import spoil
from device.sim.card.misbehaviour import Misbehaviour

JPKI_AID: Final = bytes.fromhex("D392F000260100000001")
SURFACE_AID: Final = bytes.fromhex("D3921000310001010402")

_LABELS: Final = {
    CardKind.PLASTIC: "JPKIAPICCTOKEN2",
    CardKind.PINLESS: "JPKIAPICCTOKEN2",
    CardKind.TEST: "JPKIAPICCTOKEN2",
    CardKind.NEXT: "JPKIAPICCTOKEN3",  # invented: the next card's is not published
    CardKind.ANDROID: "JPKIAPGPSETOKEN",
    CardKind.IPHONE: "JPKIAPIOSTOKEN",
}
_TWO_BYTE_TAG: Final = 0x1F
_JP2_BOX: Final = bytes.fromhex("0000000C6A5020200D0A870A")
_TOKEN_FLAGS: Final = 0x040D
_NAME_SIZE, _ADDRESS_SIZE, _CODE_SIZE = (480, 48), (480, 96), (24, 12)
_OFFSET_TABLE_SIZE: Final = 18
MAX_PORTRAIT_SIZE: Final = 30_000


def jpki_application(
    credentials: CardCredentials, kind: CardKind, auth_pin: Secret, signing_password: Secret, wrong: Misbehaviour
) -> Application:
    """Build the 公的個人認証AP."""
    authority = credentials.authority

    def certificate(get: x509.Certificate) -> bytes:
        der = get.public_bytes(Encoding.DER)
        return fill(_written(der, wrong))

    def auth_certificate() -> bytes:
        der = credentials.auth_certificate.public_bytes(Encoding.DER)
        return fill(_written(der[:-1] + bytes([der[-1] ^ wrong.certificate_forged]), wrong))

    key_needs = None if kind is CardKind.IPHONE and not wrong.phone_locked else auth_pin
    certificate_needs = auth_pin if kind is CardKind.ANDROID else None
    files: dict[int, File] = {
        0x0001: Transparent(lambda: certificate(credentials.signing_certificate), needs=signing_password),
        0x0002: Transparent(lambda: certificate(authority.signature_certificate)),
        0x0006: Transparent(lambda: token_information(kind)),
        0x000A: Transparent(auth_certificate, needs=certificate_needs),
        0x000B: Transparent(lambda: certificate(authority.certificate)),
        0x0017: KeyFile(lambda: credentials.auth_key, needs=key_needs, institution_may_unlock=True),
        0x0018: auth_pin,
        0x001A: KeyFile(lambda: credentials.signing_key, needs=signing_password),
        0x001B: signing_password,
    }
    if kind is CardKind.PINLESS:
        # What a 顔認証マイナンバーカード answers is not public (facts: card.md, section 11); this one has no such file.
        del files[0x0018]
    return Application(JPKI_AID, files)


def surface_application(
    credentials: CardCredentials,
    front: CardFrontPrint,
    portrait: bytes | None,
    number_b: Secret,
    wrong: Misbehaviour,
) -> Application:
    """Build the 券面事項確認AP; without a portrait the record has none."""
    if portrait is not None and len(portrait) > MAX_PORTRAIT_SIZE:
        raise ValueError(f"a portrait of {len(portrait)} bytes: READ BINARY reaches no record that holds it")

    def record() -> bytes:
        content = surface_record(credentials, front, portrait)
        if wrong.portrait_altered:
            at = content.index(_JP2_BOX) + len(_JP2_BOX)
            content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        return fill(_written(content, wrong))

    return Application(
        SURFACE_AID,
        {
            0x0002: Transparent(record, needs=number_b),
            0x0003: Transparent(lambda: fill(basic_information())),
            0x0004: Transparent(lambda: fill(_written(credentials.authority.surface_certificate, wrong))),
            0x0012: number_b,
            0x001A: KeyFile(lambda: credentials.signing_key if wrong.chip_is_copy else credentials.chip_key),
        },
        signs_with=0x001A,
    )


def _written(content: bytes, wrong: Misbehaviour) -> bytes:
    """Return a TLV file as this card writes it."""
    if wrong.hostile is not None:
        return spoil(content, wrong.hostile)
    if wrong.claimed_length is not None:
        return claim_length(content, 2 if content[0] & _TWO_BYTE_TAG == _TWO_BYTE_TAG else 1, wrong.claimed_length)
    return content


def token_information(kind: CardKind) -> bytes:
    """EF 0006: a serialised CK_TOKEN_INFO of 160 bytes, of which the unit reads the label."""
    text = _LABELS[kind].ljust(32) + "Uketsuke simulation".ljust(32) + "SIM".ljust(16) + "0".rjust(16, "0")
    numbers = (0, 0, 0, 0, 16, 6)  # sessions (4), longest and shortest PIN
    binary = _TOKEN_FLAGS.to_bytes(4, "big") + b"".join(number.to_bytes(4, "big") for number in numbers)
    return (text.encode() + binary).ljust(160, b"\0")


def basic_information() -> bytes:
    """EF 0003: version, key identifier and municipality, with values of no meaning."""
    return tlv(
        0xFF30,
        tlv(0xDF31, bytes.fromhex("01000001")),
        tlv(0xDF32, bytes(16)),
        tlv(0xDF33, b"\x01"),
        tlv(0xDF34, b"00000"),
        tlv(0xDF35, bytes(4)),
    )


def surface_record(credentials: CardCredentials, front: CardFrontPrint, portrait: bytes | None) -> bytes:
    """EF 0002: FF20 { DF21 offsets, DF22 birth … DF27 portrait, DF28 signature, DF29 expiry, DF2A security code }."""
    birth = tlv(0xDF22, f"{front.birth_date:%Y%m%d}".encode())
    sex = tlv(0xDF23, b"9")
    key = tlv(0xDF24, public_key_fields(credentials.chip_key))
    name = tlv(0xDF25, blank_image(*_NAME_SIZE))
    address = tlv(0xDF26, blank_image(*_ADDRESS_SIZE))
    picture = tlv(0xDF27, portrait or b"")
    # One signature over three digests side by side (facts: card.md, 4.1); expiry and security code are not covered.
    digests = b"".join(hashlib.sha256(part).digest() for part in (birth + sex + key, name + address, picture))
    signature = tlv(0xDF28, sign_padded(credentials.authority.surface_key, digest_info(digests)))
    expiry = tlv(0xDF29, f"{front.expiry:%Y%m%d}".encode())
    code = tlv(0xDF2A, blank_image(*_CODE_SIZE))
    return _with_offsets((birth, sex, key, name, address, picture, signature, expiry, code))


def _with_offsets(fields: tuple[bytes, ...]) -> bytes:
    """Put the table of offsets, counted from the start of the file, before the fields."""
    table_size = len(tlv(0xDF21, bytes(_OFFSET_TABLE_SIZE)))
    body = b"".join(fields)
    offset = len(tlv(0xFF20, bytes(table_size + len(body)))) - len(body)
    offsets = b""
    for field in fields:
        offsets += offset.to_bytes(2, "big")
        offset += len(field)
    return tlv(0xFF20, tlv(0xDF21, offsets), body)
