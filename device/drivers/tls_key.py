"""TLS with a key that is elsewhere: OpenSSL comes to us for each signature.

Python's ssl takes a key from a PEM file alone. OpenSSL finds a PKCS #8 key's reader by the key's algorithm, and lets a
program add one (EVP_PKEY_asn1_add0(3)). So there is an algorithm here of our own, whose "key" is a number, and whose
reader gives an EC key that has its signatures made by a `KeyElsewhere` (EC_KEY_METHOD_new(3)). OpenSSL uses such a key
as it is, and everything else of TLS stays its own. Both calls are deprecated in favour of providers and there in every
3.x; docs/adr/0043 says why no provider.
"""

from __future__ import annotations

import base64
import ctypes
import functools
import logging
import ssl
import threading
from ctypes import POINTER, c_char_p, c_int, c_long, c_ubyte, c_uint, c_void_p
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from device.domain.errors import BadConfig, UketsukeError
from device.drivers.key_elsewhere import DIGEST_BYTES, KeyElsewhere

_UUID = 331193449297719054378244080248708670716
_OID = f"2.25.{_UUID}"
"""Under the arc where everybody may make numbers (ITU-T X.667); it means nothing outside this process."""

_SIGN = ctypes.CFUNCTYPE(c_int, c_int, POINTER(c_ubyte), c_int, POINTER(c_ubyte), POINTER(c_uint), *[c_void_p] * 3)
_READ = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)

if TYPE_CHECKING:
    _Bytes = ctypes.Array[c_ubyte]
    _Size = ctypes.Array[c_uint]

log = logging.getLogger(__name__)


def pem_of(key: KeyElsewhere) -> bytes:
    """Return what to give `ssl.SSLContext.load_cert_chain` as the file of this key; it holds no secret.

    Raise BadConfig where Python's OpenSSL is none that this works with.
    """
    return _keys().pem(key)


class _Keys:
    """Every key that TLS was given, for as long as the process lives: OpenSSL may come back at any time."""

    def __init__(self, crypto: ctypes.CDLL) -> None:
        self._crypto = crypto
        self._lock = threading.Lock()
        self._numbers: dict[bytes, int] = {}
        self._known: list[int] = []
        self._kept: list[object] = []
        """What OpenSSL calls must not be collected."""
        kind = self._call("OBJ_create", c_int, _OID.encode(), b"uketsukeKeyElsewhere", b"a key that is elsewhere")
        method = self._call("EVP_PKEY_asn1_new", c_void_p, kind, 0, b"UKETSUKE", b"a key that is elsewhere")
        reader = _READ(self._read)
        self._kept.append(reader)
        self._crypto.EVP_PKEY_asn1_set_private.restype = None
        self._crypto.EVP_PKEY_asn1_set_private(c_void_p(method), reader, None, None)
        self._call("EVP_PKEY_asn1_add0", c_int, c_void_p(method))

    def pem(self, key: KeyElsewhere) -> bytes:
        spki = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        with self._lock:
            if spki not in self._numbers:
                self._known.append(self._foreign(spki, key))
                self._numbers[spki] = len(self._known) - 1
            number = self._numbers[spki]
        # PrivateKeyInfo (RFC 5208): version 0, the algorithm, the "key".
        info = _der(0x30, _der(0x02, b"\0") + _der(0x30, _der(0x06, _oid())) + _der(0x04, b"%d" % number))
        return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(info) + b"-----END PRIVATE KEY-----\n"

    def _foreign(self, spki: bytes, key: KeyElsewhere) -> int:
        """Return an EC_KEY with the public half of `key`, that has it sign."""

        def sign(
            _kind: int, digest: _Bytes, length: int, signature: _Bytes, size: _Size, _kinv: int, _r: int, _key: int
        ) -> int:
            try:
                # Of a longer digest ECDSA takes the leftmost bits, as many as the curve has.
                made = key.sign_digest(bytes(digest[: min(length, DIGEST_BYTES)]))
            except UketsukeError as error:
                log.error("the unit's key did not sign for TLS: %s", error)  # noqa: TRY400  for people
                return 0
            ctypes.memmove(signature, made, len(made))
            size[0] = len(made)
            return 1

        method = self._call("EC_KEY_METHOD_new", c_void_p, c_void_p(self._call("EC_KEY_OpenSSL", c_void_p)))
        signs = _SIGN(sign)
        self._kept.append(signs)
        self._crypto.EC_KEY_METHOD_set_sign.restype = None
        self._crypto.EC_KEY_METHOD_set_sign(c_void_p(method), signs, None, None)
        start = c_char_p(spki)
        made = self._call("d2i_EC_PUBKEY", c_void_p, None, ctypes.byref(start), c_long(len(spki)))
        self._call("EC_KEY_set_method", c_int, c_void_p(made), c_void_p(method))
        return made

    def _read(self, into: int, info: int) -> int:
        """Give OpenSSL the key of a PrivateKeyInfo."""
        start, length = c_void_p(), c_int()
        self._call("PKCS8_pkey_get0", c_int, None, ctypes.byref(start), ctypes.byref(length), None, c_void_p(info))
        number = int(ctypes.string_at(start.value or 0, length.value))
        if not 0 <= number < len(self._known):
            return 0
        return self._call("EVP_PKEY_set1_EC_KEY", c_int, c_void_p(into), c_void_p(self._known[number]))

    def _call(self, name: str, gives: type[c_int | c_void_p], *given: object) -> int:
        function = getattr(self._crypto, name)
        function.restype = gives
        answer: int | None = function(*given)
        if not answer:
            raise BadConfig(f"OpenSSL refused {name}", where="[key] store")
        return answer


@functools.cache
def _keys() -> _Keys:
    """Return the one register, in the very library that Python's ssl works with."""
    loaded = {
        line.split(maxsplit=5)[5].strip()
        for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
        if "/libcrypto.so.3" in line
    }
    if ssl.OPENSSL_VERSION_INFO[0] != 3 or len(loaded) != 1:  # noqa: PLR2004  the major version
        raise BadConfig(
            f"a key that is no file needs a Python on the system's OpenSSL 3; this one has {ssl.OPENSSL_VERSION}",
            where="[key] store",
        )
    return _Keys(ctypes.CDLL(loaded.pop()))


def _der(tag: int, body: bytes) -> bytes:
    return bytes([tag, len(body)]) + body


def _oid() -> bytes:
    septets, rest = [_UUID & 0x7F], _UUID >> 7
    while rest:
        septets.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([2 * 40 + 25, *reversed(septets)])
