"""Withdrawing a certificate: a new list on the disk, the broker told to read it, the session that still runs ended.

Each of the three is needed. mosquitto reads the list at SIGHUP only, and a connection that is up stays up whatever the
list says (measured on 2.0.11): so the admin takes the session over, by its client id, and lets it go.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from device.domain.errors import BadConfig
from device.whole_file import PUBLIC
from provisioning.files import write_whole
from provisioning.knock import Door, knock
from provisioning.pki import SiteAuthority


def withdrawn_in(path: Path) -> dict[int, datetime]:
    """Return serial numbers and times of a revocation list. Raise BadConfig when the file is none."""
    try:
        revoked = x509.load_pem_x509_crl(path.read_bytes())
    except OSError as error:
        raise BadConfig(f"no revocation list: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise BadConfig("not a revocation list in PEM", where=str(path)) from error
    return {entry.serial_number: entry.revocation_date_utc for entry in revoked}


def withdraw(authority: SiteAuthority, path: Path, certificate: x509.Certificate, *, now: datetime) -> None:
    """Add a certificate to the list at `path`. Harmless when it is on it; then the first date stays."""
    withdrawn = withdrawn_in(path)
    withdrawn.setdefault(certificate.serial_number, now)
    write_whole(path, authority.revocation_list(withdrawn, now=now), mode=PUBLIC)


@dataclass(frozen=True, slots=True)
class BrokerHandle:
    """A broker on this machine, and the door that only this machine has."""

    pid: int
    admin: Door


def enforce(broker: BrokerHandle, name: str) -> None:
    """Let the broker read its list again and end the session of `name`. Raise Fault when the broker does not answer."""
    os.kill(broker.pid, signal.SIGHUP)
    knock(broker.admin, client_id=name)
