"""The applications and files that the unit may touch.

Command builders take members of these enumerations and nothing else, so what is missing here cannot be selected: the
applications 券面事項入力補助AP and 住基AP, the My Number and its image, 照合番号A, the signing key and its certificate.
Sources: facts, card.md, sections 2.1 to 2.3.
"""

from __future__ import annotations

from enum import Enum


class Application(Enum):
    """A card application, by its AID."""

    JPKI = bytes.fromhex("D392F000260100000001")
    """公的個人認証AP."""
    SURFACE = bytes.fromhex("D3921000310001010402")
    """券面事項確認AP."""


class CardFile(Enum):
    """An elementary file: its application and its two-byte identifier."""

    TOKEN_INFO = (Application.JPKI, 0x0006)
    """A serialised CK_TOKEN_INFO of 160 bytes; its label tells the kind of card."""
    AUTH_CERTIFICATE = (Application.JPKI, 0x000A)
    """利用者証明用電子証明書."""
    AUTH_KEY = (Application.JPKI, 0x0017)
    AUTH_PIN = (Application.JPKI, 0x0018)
    SURFACE_RECORD = (Application.SURFACE, 0x0002)
    """The card's face as a record of fields, the portrait among them."""
    SURFACE_CERTIFICATE = (Application.SURFACE, 0x0004)
    """A card-verifiable certificate of the key that signed the record."""
    REFERENCE_NUMBER_B = (Application.SURFACE, 0x0012)

    @property
    def application(self) -> Application:
        """The application that holds the file."""
        return self.value[0]

    @property
    def identifier(self) -> int:
        """The file's identifier inside its application."""
        return self.value[1]
