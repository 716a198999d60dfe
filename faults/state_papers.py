"""Who a unit is and what its fleet has set, after a power cut: both as before, or both as they were to be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from device.app.config import load
from device.app.fleet_unit import Membership
from device.app.home import Home, mend, write_certificate
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.kept_file import write_whole
from device.drivers.twin_file import TwinFile
from device.link.twin import TwinBook, Version
from device.whole_file import PUBLIC
from device.wire.fleet import ClaimGranted, UpdateTrust
from faults.state_subject import Look, Subject, either, nothing
from provisioning.pki import SiteAuthority

NOW: Final = datetime(2026, 4, 1, tzinfo=UTC)
UNIT: Final = "unit-07"
_GOOD: Final = Version(version=1, settings={"voice": {"quiet": True}})
_TRIAL: Final = Version(version=2, settings={"policy": {"pin_s": 60}})
_KNOWN: Final = TwinBook(good=_GOOD)
_ON_TRIAL: Final = TwinBook(good=_GOOD, trial=_TRIAL)

# --- the fleet's settings ---------------------------------------------------------------------------------------------

_CONFIG = f"""\
[unit]
name = "{UNIT}"
state = "state"
[broker]
host = "broker.example"
authority = "authority.cert.pem"
certificate = "unit.cert.pem"
key = "unit.key.pem"
[clinic]
sealing_key = "clinic.public.jwk"
[fleet]
member = true
"""


def _twin(folder: Path) -> TwinFile:
    return TwinFile(folder / "state/fleet-twin.json")


def _keep(book: TwinBook) -> Callable[[Path], None]:
    return lambda folder: _twin(folder).keep(book)


def _kept(folder: Path) -> TwinBook:
    return _twin(folder).read()


def _fail(folder: Path) -> None:
    _member(folder).failed(Fault("made up", part="twin", reason=Reason.INTERNAL_FAULT))


def _member(folder: Path) -> Membership:
    config = folder / "unit.toml"
    return Membership(config, load(config))


def _with_settings(book: TwinBook) -> Callable[[Path], None]:
    def before(folder: Path) -> None:
        write_whole(folder / "unit.toml", _CONFIG.encode(), mode=PUBLIC)
        _twin(folder).keep(book)

    return before


def _offer(folder: Path) -> None:
    _twin(folder).keep(_ON_TRIAL)
    _member(folder).mark_begun(["broker_unreachable"])


def _begun(folder: Path) -> None:
    _with_settings(_ON_TRIAL)(folder)
    _member(folder).begin()


def _starts_with(*, tries_while: bool | None, tries_after: bool) -> Look:
    """Look whether the next start tries the settings on trial; None: it may or may not.

    Where it does not, it must run with the good ones.
    """

    def look(folder: Path, *, returned: bool) -> str | None:
        member = _member(folder)
        config = member.begin()
        must = tries_after if returned else tries_while
        if must is not None and member.trying is not must:
            return "the trial runs" if member.trying else "the trial does not run"
        if (config.policy.pin_s == 60, config.voice.quiet) != (member.trying, not member.trying):  # noqa: PLR2004
            return "it runs with neither version"
        book = _twin(folder).read()
        if not member.trying and returned and book != _ON_TRIAL.ended(book.errors):
            return "the trial did not end"
        return None

    return look


# --- who the unit is --------------------------------------------------------------------------------------------------


@cache
def _fleet() -> SiteAuthority:
    return SiteAuthority.create("clinic-1", now=NOW)


def _certificate(home: Home, *, following: bool) -> bytes:
    _, key = (home.next_key_store if following else home.key_store).request()
    return _fleet().certify(key, UNIT, now=NOW, lifetime=timedelta(days=90)).public_bytes(Encoding.DER)


def _claim(folder: Path) -> None:
    home = Home(folder / "etc")
    authority = x509.load_pem_x509_certificate(_fleet().certificate_pem).public_bytes(Encoding.DER)
    granted = ClaimGranted(
        nonce="0" * 32,
        unit=UNIT,
        certificate=_certificate(home, following=False),
        authority=authority,
        host="broker.example",
        port=8883,
        clinic_key=b"{}",
        rescue=_certificate(home, following=False),
    )
    home.keep(granted, UpdateTrust(nonce="0" * 32, unit=UNIT, root=b"{}", url=""))


def _make_key(folder: Path) -> None:
    Home(folder / "etc").key_store.request()


def _look_at_key(folder: Path, *, returned: bool) -> str | None:
    home = Home(folder / "etc")
    if returned and not home.key.exists():
        return "the key is gone"
    home.key_store.request()
    return None


def _look_at_claim(folder: Path, *, returned: bool) -> str | None:
    home = Home(folder / "etc")
    if not home.certificate.exists():
        if returned:
            return "the certificate is gone"
        _claim(folder)  # the same key asks again
    return _wrong_pair(home) or _unreadable(home)


def _unreadable(home: Home) -> str | None:
    for path in (home.authority, home.rescue):
        x509.load_pem_x509_certificate(path.read_bytes())
    load(home.config)
    return None if home.update_root.read_bytes() == b"{}" else "the root of trust is damaged"


def _wrong_pair(home: Home) -> str | None:
    certificate = x509.load_pem_x509_certificate(home.certificate.read_bytes())
    if not home.key.exists():
        return "the key is gone"
    fits = certificate.public_key() == home.key_store.private_key().public_key()
    return None if fits else "key and certificate do not belong together"


def _ask_anew(folder: Path) -> None:
    home = Home(folder / "etc")
    home.next_key_store.forget()
    home.next_key_store.request()


def _renew(folder: Path) -> None:
    home = Home(folder / "etc")
    write_certificate(home, _certificate(home, following=True), _certificate(home, following=False))


def _asked(folder: Path) -> None:
    _claim(folder)
    _ask_anew(folder)


def _half_renewed(folder: Path) -> None:
    _asked(folder)
    home = Home(folder / "etc")
    shutil.copy(home.certificate, folder / "kept.cert.pem")
    shutil.copy(home.key, folder / "kept.key.pem")
    _renew(folder)
    home.key.replace(home.next_key)
    home.certificate.replace(home.next_certificate)
    (folder / "kept.cert.pem").replace(home.certificate)
    (folder / "kept.key.pem").replace(home.key)


def _look_at_pair(folder: Path, *, returned: bool) -> str | None:
    home = Home(folder / "etc")
    mend(home)
    if returned and home.next_certificate.exists():
        return "the change was not ended"
    wrong = _wrong_pair(home) or _unreadable(home)
    _ask_anew(folder)
    return wrong


def _look_at_new_pair(folder: Path, *, returned: bool) -> str | None:
    return _look_at_pair(folder, returned=returned) or (
        "the next certificate is still to come" if Home(folder / "etc").next_certificate.exists() else None
    )


PAPERS: Final = {
    "the first book of settings": Subject(nothing, _keep(_KNOWN), either(_kept, TwinBook(), _KNOWN)),
    "the next book of settings": Subject(_keep(_KNOWN), _keep(_ON_TRIAL), either(_kept, _KNOWN, _ON_TRIAL)),
    "settings come on trial": Subject(_with_settings(_KNOWN), _offer, _starts_with(tries_while=None, tries_after=True)),
    "a trial begins": Subject(
        _with_settings(_ON_TRIAL),
        lambda folder: _member(folder).begin(),
        _starts_with(tries_while=None, tries_after=False),
    ),
    "a trial fails": Subject(_begun, _fail, _starts_with(tries_while=False, tries_after=False)),
    "the key is made": Subject(nothing, _make_key, _look_at_key),
    "the unit is claimed": Subject(_make_key, _claim, _look_at_claim),
    "the next key is made": Subject(_asked, _ask_anew, _look_at_pair),
    "the certificate is renewed": Subject(_asked, _renew, _look_at_pair),
    "a renewal is ended at the start": Subject(
        _half_renewed, lambda folder: mend(Home(folder / "etc")), _look_at_new_pair
    ),
}
"""By name."""
