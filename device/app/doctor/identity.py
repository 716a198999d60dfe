"""Checks: who the unit is, and whom it trusts."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from device.app.config import Config
from device.app.credentials import OF_THE_SERVICE
from device.app.doctor.case import Case
from device.app.identity_files import load_clinic_key
from device.app.key_parts import open_key
from device.domain.errors import BadConfig
from device.domain.finding import Finding
from device.domain.finding import FindingCode as Code
from device.drivers.account import may_read

ENDS_SOON = timedelta(days=30)
OTHERS = 0o077
ANYBODY = 0o007


def configuration(case: Case) -> Iterator[Finding]:
    """The file can be read, and not by everybody where it holds hashes."""
    if isinstance(case.config, BadConfig):
        yield Finding(Code.CONFIG_INVALID, case.config.where, str(case.config))
        return
    mode = None if case.file is None else _mode(case.file)
    if case.config.attendants.passcodes and mode is not None and mode & ANYBODY:
        yield Finding(Code.CONFIG_OPEN, str(case.file), f"{mode:o}")


def certificate(case: Case) -> Iterator[Finding]:
    """Certificate, key and authority belong together, to this unit, and to this day."""
    broker = case.settings.broker
    try:
        ours = x509.load_pem_x509_certificate(broker.certificate.read_bytes())
        authority = x509.load_pem_x509_certificate(broker.authority.read_bytes())
        key = _public_key(case.settings)
    except BadConfig as error:
        yield Finding(Code.CERTIFICATE_MISSING, error.where, str(error))
        return
    except (OSError, ValueError, TypeError) as error:
        words = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else "no PEM of the right kind"
        yield Finding(Code.CERTIFICATE_MISSING, "[broker] certificate, key, authority", words)
        return
    where = str(broker.certificate)
    names = [str(one.value) for one in ours.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [case.settings.unit.name]:
        yield Finding(Code.CERTIFICATE_NAME, where, ", ".join(names))
    try:
        ours.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        yield Finding(Code.CERTIFICATE_FOREIGN, where)
    if key != ours.public_key():
        yield Finding(Code.KEY_MISMATCH, str(broker.key))
    yield from _dates(case, ours, where)


def key_permissions(case: Case) -> Iterator[Finding]:
    """The unit reads its files, and nobody else its key."""
    broker, key = case.settings.broker, case.settings.broker.key
    mode = _mode(key)
    if mode is not None and mode & OTHERS:
        yield Finding(Code.KEY_OPEN, str(key), f"{mode:o}")
    files = [broker.authority, broker.certificate, case.settings.clinic.sealing_key]
    files += [] if case.file is None else [case.file]
    files += [] if key.is_relative_to(OF_THE_SERVICE) else [key]  # what systemd hands over is its service's
    if closed := [str(path) for path in files if path.exists() and not may_read(path, case.account)]:
        yield Finding(Code.FILES_CLOSED, str(Path(closed[0]).parent), " ".join(closed))


def sealing_key(case: Case) -> Iterator[Finding]:
    """Evidence can be sealed for the clinic."""
    try:
        load_clinic_key(case.settings.clinic.sealing_key)
    except BadConfig as error:
        yield Finding(Code.SEALING_KEY, error.where, str(error))


def people(case: Case) -> Iterator[Finding]:
    """Everybody can use the unit: by voice, and with an attendant's help."""
    if not case.settings.attendants.passcodes:
        yield Finding(Code.NO_ATTENDANT, "[attendants] passcodes")
    if case.settings.panel.kind == "gpio" and not case.settings.voice.device:
        yield Finding(Code.NO_VOICE, "[voice] device")


def _dates(case: Case, certificate: x509.Certificate, where: str) -> Iterator[Finding]:
    now, trusted = case.clock.utc_now(), case.clock.utc_now_if_trusted() is not None
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < start and trusted:
        yield Finding(Code.CERTIFICATE_NOT_YET, where, f"{start:%Y-%m-%d}")
    elif now > end:
        yield Finding(Code.CERTIFICATE_EXPIRED, where, f"{end:%Y-%m-%d}")
    elif now + ENDS_SOON > end:
        yield Finding(Code.CERTIFICATE_ENDS, where, f"{end:%Y-%m-%d}")


def _public_key(config: Config) -> PublicKeyTypes:
    """Return the public half of the unit's key, wherever it is."""
    if config.key.store == "file":
        return load_pem_private_key(config.broker.key.read_bytes(), password=None).public_key()
    return open_key(config.key, config.broker.key).private_key().public_key()


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
