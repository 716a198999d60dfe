"""Bytes of the simulated card's files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from PIL import Image

from device.sim.card.commands import WRONG_LENGTH, Refused

if TYPE_CHECKING:
    from device.sim.card.keys import HolderKey

FILLER: Final = b"\xff"
BLOCK: Final = 256
RSA_BYTES: Final = 256
_SHORT_LENGTHS: Final = 0x80
_SHA_256_DIGEST_INFO: Final = bytes.fromhex("300D06096086480165030402010500")


def tlv(tag: int, *parts: bytes) -> bytes:
    """Encode one field with the shortest length."""
    value = b"".join(parts)
    size = len(value)
    length = bytes([size]) if size < _SHORT_LENGTHS else _long_length(size)
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + length + value


def _long_length(size: int) -> bytes:
    encoded = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([_SHORT_LENGTHS | len(encoded)]) + encoded


def fill(content: bytes) -> bytes:
    """Put the content into a file that is larger, as the card's files are: the rest is FF."""
    size = (len(content) // BLOCK + 1) * BLOCK
    return content.ljust(size, FILLER)


def claim_length(content: bytes, tag_bytes: int, length: int) -> bytes:
    """Replace the length of the outer field by another one; what follows is content of no meaning."""
    return content[:tag_bytes] + b"\x84" + length.to_bytes(4, "big") + content[tag_bytes:]


def public_key_fields(key: RSAPrivateKey) -> bytes:
    """Encode a public key as the card's records do: 90 exponent, 91 modulus (265 bytes)."""
    numbers = key.public_key().public_numbers()
    return tlv(0x90, numbers.e.to_bytes(3, "big")) + tlv(0x91, numbers.n.to_bytes(RSA_BYTES, "big"))


def digest_info(octets: bytes) -> bytes:
    """Return a SHA-256 DigestInfo around `octets`, however many they are (the surface record has 96)."""
    return tlv(0x30, _SHA_256_DIGEST_INFO, tlv(0x04, octets))


def sign(key: HolderKey, body: bytes) -> bytes:
    """Sign as the chip does; with an elliptic curve the body is a SHA-384 digest and the answer DER (assumed)."""
    if isinstance(key, RSAPrivateKey):
        return sign_padded(key, body)
    if len(body) != hashes.SHA384.digest_size:
        raise Refused(WRONG_LENGTH)
    return key.sign(body, ec.ECDSA(Prehashed(hashes.SHA384())))


def sign_padded(key: RSAPrivateKey, body: bytes) -> bytes:
    """Sign as the chip does: PKCS#1 v1.5 type 1 padding around exactly these bytes, whatever they mean.

    Neither constant in time nor blinded: simulated keys protect nobody.
    """
    padded = b"\x00\x01" + FILLER * (RSA_BYTES - 3 - len(body)) + b"\x00" + body
    number = int.from_bytes(padded, "big")
    private = key.private_numbers()
    by_p = pow(number, private.dmp1, private.p)
    by_q = pow(number, private.dmq1, private.q)
    signature = by_q + private.q * (private.iqmp * (by_p - by_q) % private.p)
    return signature.to_bytes(RSA_BYTES, "big")


def blank_image(width: int, height: int) -> bytes:
    """Return a white 1-bit PNG: the card's pictures of name and address, without a name or an address."""
    buffer = io.BytesIO()
    Image.new("1", (width, height), 1).save(buffer, "PNG")
    return buffer.getvalue()
