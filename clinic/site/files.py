"""Is every file of a site there, for the right eyes, and good for long enough?"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from clinic.config import issue_again
from clinic.keys import PRIVATE_NAME, PUBLIC_NAME, load_key
from clinic.site.create import BROKER, SCREEN, SERVICES
from clinic.site.finding import Finding, error, notice, warning
from clinic.site.plan import Places
from device.domain.errors import BadConfig
from provisioning.revocation import withdrawn_in

RENEW_BEFORE = timedelta(days=60)
"""Two months are enough to walk to every unit."""


def check_files(places: Places, now: datetime) -> Iterator[Finding]:
    """Look at everything on the disk."""
    try:
        authority = x509.load_pem_x509_certificate(places.authority_certificate.read_bytes())
    except (OSError, ValueError):
        yield error(
            places.authority_certificate, "the authority's certificate cannot be read", "bring it back from a backup"
        )
        return
    yield from _dates(authority, places.authority_certificate, now, renew="the whole site: `init` in a new folder")
    if places.authority_key.exists():
        yield from _private(places.authority_key)
        yield notice(
            places.authority_key,
            "whoever reads this key can make units",
            "keep it on a stick in a safe; only `issue` and `revoke` need it",
        )
    problem = _revocations_wrong(places, authority)
    if problem:
        yield problem
    withdrawn = {} if problem else withdrawn_in(places.revoked)
    identities = [(BROKER, places.broker), *((name, places.clinic) for name in (SCREEN, *SERVICES))]
    identities += [(folder.name, folder) for folder in sorted(places.units.glob("*")) if folder.is_dir()]
    for name, folder in identities:
        yield from _identity(name, folder, authority, withdrawn, now)
    yield from _sealing(places)


def _identity(
    name: str, folder: Path, authority: x509.Certificate, withdrawn: dict[int, datetime], now: datetime
) -> Iterator[Finding]:
    path, key = folder / f"{name}.cert.pem", folder / f"{name}.key.pem"
    again = issue_again(name)
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        yield error(path, "the certificate is not there or cannot be read", again)
        return
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        yield error(path, "issued by another authority than this site's", again)
        return
    names = [attribute.value for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [name]:
        yield error(path, f"is for {', '.join(map(str, names)) or 'nobody'}, not for {name}", again)
    if certificate.serial_number in withdrawn:
        yield warning(path, "this certificate was taken back", f"delete the folder, or give a new one: {again}")
    yield from _dates(certificate, path, now, renew=again)
    if not key.exists():
        yield notice(key, "no key here", "right for a unit that has taken its key with it")
        return
    yield from _private(key)
    try:
        public = load_pem_private_key(key.read_bytes(), password=None).public_key()
    except (OSError, ValueError, TypeError):
        yield error(key, "the key cannot be read", again)
        return
    if public != certificate.public_key():
        yield error(key, f"is not the key of {path.name}", again)


def _dates(certificate: x509.Certificate, path: Path, now: datetime, *, renew: str) -> Iterator[Finding]:
    end, start = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if now > end:
        yield error(path, f"ran out on {end:%Y-%m-%d}", f"issue it anew: {renew}")
    elif now < start:
        yield error(path, f"begins on {start:%Y-%m-%d}, this machine is before that day", "set this machine's clock")
    elif now + RENEW_BEFORE > end:
        yield warning(path, f"runs out on {end:%Y-%m-%d}, in {(end - now).days} days", f"issue it anew: {renew}")


def _private(path: Path) -> Iterator[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield error(path, f"others than its owner may read this key (mode {mode:o})", f"chmod 600 {path}")


def _revocations_wrong(places: Places, authority: x509.Certificate) -> Finding | None:
    try:
        revoked = x509.load_pem_x509_crl(places.revoked.read_bytes())
    except (OSError, ValueError):
        return error(places.revoked, "without this list the broker does not start", "`uketsuke-clinic init DIR` again")
    key = authority.public_key()
    if not revoked.is_signature_valid(key):  # type: ignore[arg-type]  # the authority's key is on a curve
        return error(places.revoked, "signed by another authority: nobody is let in", "bring it back from a backup")
    return None


def _sealing(places: Places) -> Iterator[Finding]:
    private, public = places.clinic / PRIVATE_NAME, places.clinic / PUBLIC_NAME
    try:
        pair = load_key(private, private=True), load_key(public, private=False)
    except BadConfig as problem:
        yield error(places.clinic, str(problem), "bring the sealing keys back from a backup; new ones open nothing old")
        return
    yield from _private(private)
    if pair[0].thumbprint() != pair[1].thumbprint():
        yield error(public, f"does not belong to {private.name}", "bring both back from a backup")
        return
    for folder in sorted(places.units.glob("*")):
        copy = folder / PUBLIC_NAME
        try:
            theirs = load_key(copy, private=False)
        except BadConfig as problem:
            yield error(copy, str(problem), f"copy {public} there, and to the unit")
            continue
        if theirs.thumbprint() != pair[0].thumbprint():
            yield warning(copy, "an older sealing key", f"copy {public} there, and to the unit")
