"""A key in a PKCS #11 token, by OpenSC's pkcs11-tool, which speaks to any vendor's library.

The file says which of the token's keys it is (`pkcs11:token=…;id=%…`, RFC 7512). The PIN lies in a file of its own and
reaches the tool by its environment. A wrong one is tried once: tokens lock themselves after a few.
"""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.drivers.kept_file import overwrite, write_whole
from device.drivers.key_elsewhere import KeyElsewhere
from device.drivers.key_tool import ToolRefused, run_tool
from device.ports.key_store import KeyKind, request_for
from device.whole_file import PRIVATE

LABEL = "uketsuke"
_ID_BYTES = 8
_ID = re.compile(r"^pkcs11:token=[^;]*;id=((?:%[0-9a-f]{2})+);type=private\s*\Z")
_PIN = "UKETSUKE_TOKEN_PIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Where keys are."""

    module: str
    """The vendor's library."""
    label: str
    pin_file: Path


class Pkcs11Key:
    """A `KeyStore` in a token."""

    _refused: ClassVar[dict[Token, str]] = {}
    """Tokens whose PIN was wrong in this process's life, and what is said about that."""
    _one_at_a_time = threading.Lock()

    def __init__(self, path: Path, token: Token) -> None:
        """`path` need not be there yet."""
        self._path = path
        self._token = token

    @property
    def kind(self) -> KeyKind:
        """A token."""
        return "pkcs11"

    def request(self) -> tuple[bytes, ec.EllipticCurvePublicKey]:
        """Return a request that the token signed."""
        if not self._path.exists():
            name = secrets.token_bytes(_ID_BYTES)
            # The file first: a key that no file leads to would stay in the token for ever.
            uri = (
                f"pkcs11:token={quote(self._token.label)};id={''.join(f'%{byte:02x}' for byte in name)};type=private\n"
            )
            write_whole(self._path, uri.encode(), mode=PRIVATE)
        if not self._is_there():
            self._log_in("--keypairgen", "--key-type", "EC:prime256v1", "--label", LABEL, "--id", self._id)
        key = self.private_key()
        return request_for(key), key.public_key()

    def private_key(self) -> ec.EllipticCurvePrivateKey:
        """Return what signs in the token."""
        return KeyElsewhere(self._public, self._sign)

    def forget(self) -> None:
        """Delete the token's key, then the file."""
        if self._path.exists():
            for half in ("privkey", "pubkey"):
                try:
                    self._log_in("--delete-object", "--type", half, "--id", self._id)
                except Fault:
                    # It may be gone from an earlier time that was cut short.
                    if self._is_there():
                        raise
        for known in ("_public", "_id"):
            self.__dict__.pop(known, None)
        overwrite(self._path)

    @cached_property
    def _id(self) -> str:
        try:
            found = _ID.match(self._path.read_text(encoding="ascii"))
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfig("cannot be read as what leads to a token's key", where=str(self._path)) from error
        if found is None:
            words = 'does not lead to a token\'s key, though [key] store is "pkcs11"; delete it to have one made'
            raise BadConfig(words, where=str(self._path))
        return found[1].replace("%", "")

    @cached_property
    def _public(self) -> ec.EllipticCurvePublicKey:
        if not self._is_there():
            words = f"its key is not in the token {self._token.label!r}: claim this unit anew"
            raise BadConfig(words, where=str(self._path))
        der = self._log_in("--read-object", "--type", "pubkey", "--id", self._id)
        key = serialization.load_der_public_key(der)
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise BadConfig("is a key of another kind than P-256", where=str(self._path))
        return key

    def _is_there(self) -> bool:
        wanted = self._id
        listed = self._log_in("--list-objects", "--type", "privkey").decode(errors="replace")
        return any(line.split()[1:] == [wanted] for line in listed.splitlines() if line.strip().startswith("ID:"))

    def _sign(self, digest: bytes) -> bytes:
        return self._log_in(
            "--sign", "--mechanism", "ECDSA", "--signature-format", "openssl", "--id", self._id, given=digest
        )

    def _log_in(self, *asked: str, given: bytes = b"") -> bytes:
        pin = self._pin()
        with self._one_at_a_time:
            if (words := self._refused.get(self._token)) is not None:
                raise BadConfig(words, where="[key] pin_file")
            self._look_at_counter()
            try:
                return self._tool("--login", "--pin", f"env:{_PIN}", *asked, given=given, environment={_PIN: pin})
            except ToolRefused as no:
                if "CKR_PIN" in no.words:
                    words = (
                        f"{self._token.pin_file} has not the PIN of the token {self._token.label!r}; it is not tried "
                        "again until the unit starts anew"
                    )
                    self._refused[self._token] = words
                    raise BadConfig(words, where="[key] pin_file") from no
                raise Fault(f"the token refused: {no.words[-300:]}", part="key", reason=Reason.INTERNAL_FAULT) from no

    def _look_at_counter(self) -> None:
        """Refuse to spend a token's last try."""
        listed = self._list_tokens()
        label, flags = "", ""
        for line in listed.splitlines():
            name, _, value = line.strip().partition(":")
            if name.strip() == "token label":
                label = value.strip()
            elif name.strip() == "token flags" and label == self._token.label:
                flags = value
                break
        else:
            raise BadConfig(f"{self._token.module} shows no token {self._token.label!r}", where="[key] token")
        if "final user PIN try" in flags or "user PIN locked" in flags:
            raise BadConfig("the token is locked, or one wrong PIN away from it: unlock it first", where="[key] token")

    def _list_tokens(self) -> str:
        try:
            return self._tool("--list-token-slots").decode(errors="replace")
        except ToolRefused as no:
            raise BadConfig(
                f"{self._token.module} is no PKCS #11 library that works here: {no.words[-200:]}", where="[key] module"
            ) from no

    def _tool(self, *words: str, given: bytes = b"", environment: dict[str, str] | None = None) -> bytes:
        where = ["--module", self._token.module]
        if "--login" in words:
            where += ["--token-label", self._token.label]
        return run_tool(("pkcs11-tool", *where, *words), package="opensc", given=given, environment=environment)

    def _pin(self) -> str:
        path = self._token.pin_file
        try:
            if path.stat().st_mode & 0o077:
                raise BadConfig("others than its owner may read this PIN: chmod 600", where=f"[key] pin_file: {path}")
            pin = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            words = getattr(error, "strerror", None) or "it is no text"
            raise BadConfig(f"cannot be read: {words}", where=f"[key] pin_file: {path}") from error
        if not pin:
            raise BadConfig("is empty", where=f"[key] pin_file: {path}")
        return pin
