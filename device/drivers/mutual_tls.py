"""The unit's side of mutual TLS, from three files."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from device.domain.errors import BadConfig
from device.drivers.key_elsewhere import KeyElsewhere
from device.drivers.tls_key import pem_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Whom the unit believes and who it is; all PEM."""

    authority: Path
    """Certificate of the site's authority, the only one that is believed."""
    certificate: Path
    key: Path
    """Private key of `certificate`, not encrypted: nobody types a pass phrase when a unit starts."""
    held: KeyElsewhere | None = None
    """What signs for `certificate` where that is no file; `key` then only leads to it."""


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Return a context for TLS 1.2 or newer that checks the broker's name. Raise BadConfig naming the file at fault."""
    _require(files.authority, holds=b"-----BEGIN CERTIFICATE-----", what="certificate")
    _require(files.certificate, holds=b"-----BEGIN CERTIFICATE-----", what="certificate")
    if files.held is None:
        _require(files.key, holds=b"PRIVATE KEY-----", what="private key")
    # For this protocol Python requires the other end's certificate and checks its name.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _TidySocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=files.authority)
    except ssl.SSLError as error:
        raise BadConfig("the certificate in it cannot be read", where=str(files.authority)) from error
    try:
        with _key_file(files) as key:
            # Without a password given, OpenSSL would ask on the terminal for that of an encrypted key.
            context.load_cert_chain(files.certificate, key, password=b"")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BadConfig(f"this is not the key of {files.certificate}", where=str(files.key)) from error
        raise BadConfig(
            f"it and its key {files.key} cannot be read, or the key is encrypted", where=str(files.certificate)
        ) from error
    return context


@contextmanager
def _key_file(files: TlsFiles) -> Iterator[Path]:
    """Give the file that Python's ssl is to read the key from."""
    if files.held is None:
        yield files.key
        return
    with tempfile.NamedTemporaryFile(prefix="key-elsewhere-", suffix=".pem") as file:
        file.write(pem_of(files.held))
        file.flush()
        yield Path(file.name)


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails: paho drops such a socket and leaves it to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  the base class's signature
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _require(path: Path, *, holds: bytes, what: str) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadConfig(f"no {what}: {error.strerror}", where=str(path)) from error
    if holds not in content:
        raise BadConfig(f"there is no {what} in PEM form in it", where=str(path))
