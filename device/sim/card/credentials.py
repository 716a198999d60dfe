from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import NameOID

from device.sim.card.keys import HolderKey, Purpose, generate_holder_key, generate_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from device.sim.card.authority import CardAuthority


class CardCredentials:
    """The keys and certificates that go into one card. Each is made when it is first needed."""

    def __init__(
        self,
        authority: CardAuthority,
        serial: int,
        validity: tuple[datetime, datetime],
        auth_key: HolderKey | None,
    ) -> None:
        self.authority = authority
        self.serial = serial
        self._validity = validity
        if auth_key is not None:
            self.auth_key = auth_key

    @cached_property
    def auth_key(self) -> HolderKey:
        """The holder's key for user authentication."""
        return generate_holder_key(self.authority.algorithm)

    @cached_property
    def signing_key(self) -> HolderKey:
        """The holder's key for digital signature; the unit never uses it."""
        return generate_holder_key(self.authority.algorithm)

    @cached_property
    def chip_key(self) -> RSAPrivateKey:
        """The chip's own key, with which it proves to be no copy."""
        return generate_key()

    @cached_property
    def auth_certificate(self) -> x509.Certificate:
        """利用者証明用電子証明書: an opaque code instead of a name."""
        return self.authority.certify(
            Purpose.AUTHENTICATION, self.auth_key.public_key(), self._subject(), self.serial, self._validity
        )

    @cached_property
    def signing_certificate(self) -> x509.Certificate:
        """署名用電子証明書. A real one carries four personal attributes; this one only the municipality's name."""
        locality = x509.NameAttribute(NameOID.LOCALITY_NAME, "Mihon-shi")
        return self.authority.certify(
            Purpose.SIGNATURE, self.signing_key.public_key(), self._subject(locality), self.serial + 1, self._validity
        )

    def _subject(self, *more: x509.NameAttribute[str]) -> x509.Name:
        code = hashlib.sha256(str(self.serial).encode()).hexdigest()[:22].upper() + "A"
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
                *more,
                x509.NameAttribute(NameOID.COMMON_NAME, code),
            ]
        )
