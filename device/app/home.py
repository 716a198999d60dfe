"""Where a unit's identity lies: key, certificates, configuration; and how the next pair takes their place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from device.app.config import KeySection, state_beside
from device.app.key_parts import held_by, key_section, key_text, open_key
from device.domain.errors import BadConfig
from device.drivers.kept_file import write_whole
from device.drivers.mutual_tls import TlsFiles
from device.link.claim import Expected, check_certificate, common_name
from device.ports.key_store import KeyStore
from device.whole_file import PUBLIC, flush_folder
from device.wire.fleet import ClaimGranted, UpdateTrust
from device.wire.ticket import Ticket

_CONFIG = """\
# Unit {unit}, claimed by its fleet. `uketsuke config example` shows every option.

[unit]
name = "{unit}"
state = "{state}"

[broker]
host = "{host}"
port = {port}
authority = "authority.cert.pem"
certificate = "unit.cert.pem"
key = "unit.key.pem"

{key}[clinic]
sealing_key = "clinic.public.jwk"

[fleet]
member = true
{update}"""

_UPDATE = """
[update]
root = "{root}"
url = "{url}"
restart = ["systemctl", "restart", "uketsuke.service"]
healthy = ["systemctl", "is-active", "--quiet", "uketsuke.service"]
"""


IN_FILES = KeySection()


@dataclass(frozen=True, slots=True)
class Home:
    """Where a unit's identity lies."""

    folder: Path
    keys: KeySection = IN_FILES
    """Where its keys are made."""

    @classmethod
    def at(cls, folder: Path) -> Home:
        """Return a home with its keys where its configuration says, or else `key.toml`. Raise BadConfig."""
        home = cls(folder)
        return cls(folder, key_section(home.config, folder / "key.toml"))

    @property
    def key_store(self) -> KeyStore:
        """The unit's key."""
        return open_key(self.keys, self.key)

    @property
    def tls(self) -> TlsFiles:
        """What the unit proves itself with. Raise BadConfig where its key is not to be had."""
        held = held_by(self.key_store)
        return TlsFiles(authority=self.authority, certificate=self.certificate, key=self.key, held=held)

    @property
    def next_key_store(self) -> KeyStore:
        """The key of the next certificate."""
        return open_key(self.keys, self.next_key)

    @property
    def key(self) -> Path:
        """Made here."""
        return self.folder / "unit.key.pem"

    @property
    def next_key(self) -> Path:
        """Made for the next certificate; takes the key's place when that came."""
        return self.folder / "unit.next.key.pem"

    @property
    def certificate(self) -> Path:
        """Who the unit is."""
        return self.folder / "unit.cert.pem"

    @property
    def next_certificate(self) -> Path:
        """Whole when it is there; takes the certificate's place after the key's."""
        return self.folder / "unit.next.cert.pem"

    @property
    def authority(self) -> Path:
        """Whom it believes."""
        return self.folder / "authority.cert.pem"

    @property
    def rescue(self) -> Path:
        """The way back when the certificate ran out."""
        return self.folder / "rescue.cert.pem"

    @property
    def door(self) -> Path:
        """Where claims are made: host and port."""
        return self.folder / "claims.door"

    @property
    def update_root(self) -> Path:
        """Whose updates it takes."""
        return self.folder / "updates.root.json"

    @property
    def config(self) -> Path:
        """What it is set to."""
        return self.folder / "unit.toml"

    def keep(self, granted: ClaimGranted, trust: UpdateTrust | None = None) -> None:
        """Write the identity. A configuration and a root of trust that are there stay. Raise Fault (part `disk`)."""
        write_whole(self.authority, _pem(granted.authority), mode=PUBLIC)
        if granted.rescue is not None:
            write_whole(self.rescue, _pem(granted.rescue), mode=PUBLIC)
        if granted.clinic_key is not None:
            write_whole(self.folder / "clinic.public.jwk", granted.clinic_key, mode=PUBLIC)
        if trust is not None and not self.update_root.exists():
            write_whole(self.update_root, trust.root, mode=PUBLIC)
        if not self.config.exists():
            text = _CONFIG.format(
                unit=granted.unit,
                state=state_beside(self.folder),
                host=granted.host,
                port=granted.port,
                key=key_text(self.keys),
                update="" if trust is None else _UPDATE.format(root=self.update_root.name, url=trust.url),
            )
            write_whole(self.config, text.encode(), mode=PUBLIC)
        # Last: with it the unit is claimed.
        write_whole(self.certificate, _pem(granted.certificate), mode=PUBLIC)


def write_certificate(home: Home, certificate: bytes, rescue: bytes | None) -> x509.Certificate:
    """Put the next certificate and its key (`home.next_key`) in place of the present ones; return it.

    It is looked at as at the claim, because a broker that lies must not be able to take the unit's name away.
    Raise Fault when the disk refuses, MessageError for a certificate of another key, unit or fleet.
    """
    present = x509.load_pem_x509_certificate(home.certificate.read_bytes())
    authority = x509.load_pem_x509_certificate(home.authority.read_bytes())
    _, key = home.next_key_store.request()
    read = check_certificate(certificate, common_name(present), Expected(key, authority))
    pem = _pem(certificate)
    if rescue is not None:
        write_whole(home.rescue, _pem(rescue), mode=PUBLIC)
    # From here on the change is made, whatever happens: `mend` ends it at the next start.
    write_whole(home.next_certificate, pem, mode=PUBLIC)
    mend(home)
    return read


def mend(home: Home) -> None:
    """End the change to the next certificate, if one was begun: the next pair is whole from the moment it is there."""
    if home.next_certificate.exists():
        if home.next_key.exists():
            home.key_store.forget()
            home.next_key.replace(home.key)
            # The certificate may not be there before its key is.
            flush_folder(home.folder)
        home.next_certificate.replace(home.certificate)
        flush_folder(home.folder)


def rescue_ticket(home: Home) -> Ticket:
    """Return the ticket of a unit whose certificate ran out: for its own key, by the certificate that came beside it.

    Raise BadConfig where the unit has none.
    """
    try:
        host, port = home.door.read_text(encoding="ascii").split()
        return Ticket(
            host=host,
            port=int(port),
            key=home.key_store.private_key(),
            certificate=x509.load_pem_x509_certificate(home.rescue.read_bytes()),
            authority=x509.load_pem_x509_certificate(home.authority.read_bytes()),
        )
    except (OSError, ValueError) as error:
        raise BadConfig(
            "there is no way back from a certificate that ran out; claim it anew", where=str(home.folder)
        ) from error


def ran_out(home: Home, now: datetime) -> bool:
    """Return whether the unit's certificate counts no more. Raise BadConfig for one that cannot be read."""
    try:
        certificate = x509.load_pem_x509_certificate(home.certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise BadConfig("is no certificate", where=str(home.certificate)) from error
    return now > certificate.not_valid_after_utc


def _pem(der: bytes) -> bytes:
    try:
        return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
    except ValueError as error:
        raise BadConfig("the fleet sent a certificate that cannot be read", where="claim") from error
