"""Is everything of a fleet there, does it fit together, and what is somebody to do?"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from device.domain.errors import BadConfig, Fault
from provisioning.broker import CLAIM_MOUNT, render_access_list, render_settings
from provisioning.fleet.enforcement import admin_door, broker_pid
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.store.states import StationState, UnitState
from provisioning.knock import knock
from provisioning.revocation import withdrawn_in

RENEW_BEFORE = timedelta(days=60)
LIST_RENEW_BEFORE = timedelta(days=14)
STUCK_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know or to do."""

    level: Literal["error", "warning"]
    what: str
    words: str
    to_do: str

    def __str__(self) -> str:
        return f"{self.level}: {self.what}: {self.words}\n    {self.to_do}"


def examine(fleet: Fleet, *, now: datetime, connect: bool) -> list[Finding]:
    """Return everything that is not well; nothing is changed."""
    return [
        *_authorities(fleet, now),
        *_private_files(fleet),
        *_service(fleet, now),
        *_list(fleet, now),
        *_broker(fleet, connect=connect),
        *_store(fleet, now),
        *_sites(fleet, now),
    ]


def _authorities(fleet: Fleet, now: datetime) -> Iterator[Finding]:
    for what, load, path in (
        ("authority", fleet.authority, fleet.places.authority_certificate),
        ("claims' authority", fleet.claims_authority, fleet.places.claims_certificate),
    ):
        try:
            certificate = load().certificate
        except BadConfig as error:
            to_do = (
                "bring it back from a backup; with a passphrase give --passphrase-file. Without it nobody is claimed, "
                "renewed or revoked; units that are active go on until their certificates run out"
            )
            yield Finding("error", what, str(error), to_do)
            continue
        if certificate.not_valid_after_utc < now + timedelta(days=365):
            end = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
            yield Finding("warning", str(path), f"ends on {end}", "set up a new fleet beside it and move the units")


def _private_files(fleet: Fleet) -> Iterator[Finding]:
    places = fleet.places
    for path in (places.authority_key, places.claims_key, places.service_key, places.audit_key):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding("error", str(path), "others than its owner may read it", f"chmod 600 {path}")
    left = [path for path in places.tickets.glob("*.ticket") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in left[:5]:
        yield Finding("error", str(path), "others than its owner may read this ticket", f"chmod 600 {path}")


def _service(fleet: Fleet, now: datetime) -> Iterator[Finding]:
    path = fleet.places.service_certificate
    again = f"move {fleet.places.service} away, then `uketsuke-fleet init {fleet.places.folder}`"
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        certificate.verify_directly_issued_by(
            x509.load_pem_x509_certificate(fleet.places.authority_certificate.read_bytes())
        )
    except (OSError, ValueError, TypeError, InvalidSignature):
        yield Finding("error", str(path), "the service's certificate is not there, or of another authority", again)
        return
    left = certificate.not_valid_after_utc - now
    if left < RENEW_BEFORE:
        level: Literal["error", "warning"] = "error" if left < timedelta(0) else "warning"
        yield Finding(level, str(path), f"runs out on {certificate.not_valid_after_utc:%Y-%m-%d}", again)


def _list(fleet: Fleet, now: datetime) -> Iterator[Finding]:
    path = fleet.places.revoked
    write = "`uketsuke-fleet revoke` of any revoked unit, given again, writes it anew"
    try:
        listed = withdrawn_in(path)
        revoked = x509.load_pem_x509_crl(path.read_bytes())
    except BadConfig as error:
        yield Finding("error", str(path), f"{error}; without it the broker does not start", write)
        return
    end = revoked.next_update_utc
    if end is not None and end < now:
        yield Finding("error", str(path), f"ran out on {end:%Y-%m-%d}: the broker lets nobody in", write)
    elif end is not None and end < now + LIST_RENEW_BEFORE:
        yield Finding("warning", str(path), f"runs out on {end:%Y-%m-%d}; then the broker lets nobody in", write)
    with fleet.store.begin(now) as work:
        missing = work.certificates.withdrawn().keys() - listed.keys()
    if missing:
        words = f"{len(missing)} withdrawn certificates are not on it: their units still get in"
        yield Finding("error", str(path), words, write)


def _broker(fleet: Fleet, *, connect: bool) -> Iterator[Finding]:
    places, site = fleet.places, fleet.places.site_broker(fleet.plan)
    if places.broker_is_the_sites:
        # `uketsuke-clinic doctor` looks at the rest.
        if f"mount_point {CLAIM_MOUNT}\n" not in _text(places.broker_config):
            again = f"`uketsuke-clinic init {places.folder}`, then restart the broker"
            yield Finding("error", str(places.broker_config), "lets no unit be claimed", again)
    else:
        again = f"`uketsuke-fleet init {places.folder}`, then restart the broker"
        for path, wanted in (
            (places.broker_config, render_settings(site)),
            (site.access_list, render_access_list(site.branch)),
        ):
            if _text(path) != wanted:
                yield Finding("error", str(path), "is not what fleet.toml comes to", again)
    if not connect:
        return
    try:
        broker_pid(places.pid_file)
    except BadConfig as error:
        yield Finding("warning", "broker", str(error), "revocations wait until the broker runs here")
    try:
        knock(admin_door(fleet), client_id="fleet-doctor")
    except (Fault, BadConfig) as error:
        yield Finding(
            "error", "broker", f"does not let the service in: {error}", "is it running, with this configuration?"
        )


def _sites(fleet: Fleet, now: datetime) -> Iterator[Finding]:
    """A unit seals results for its clinic alone: with no key for that it is claimed and cannot serve."""
    with fleet.store.look(now) as work:
        sites = sorted(work.units.sites())
    for site in filter(None, sites):
        key = fleet.places.clinic_key(site)
        if not key.is_file():
            words = "has no clinic's key here: its units are claimed and serve nobody"
            yield Finding("warning", site, words, f"copy the clinic's clinic.public.jwk to {key}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _store(fleet: Fleet, now: datetime) -> Iterator[Finding]:
    with fleet.store.begin(now) as work:
        verdict = work.audit.verify()
        alarmed = work.units.listed(alarmed=True)
        stuck = work.claims.stuck_since(now - STUCK_AFTER)
        ending = work.certificates.running_out(now + timedelta(days=7))
        states = {unit.name: unit for unit in work.units.listed()}
        failures = work.failures.listed()
        believed = [one.station for one in work.bench.stations() if one.state is StationState.TRUSTED]
    if fleet.plan.bench.claim_needs and not believed:
        words = f"a claim needs a {fleet.plan.bench.claim_needs} record, and no station of a bench is believed"
        yield Finding("error", "[bench]", words, "`uketsuke-fleet records trust STATION KEY`, or no unit is claimed")
    for problem in verdict.problems:
        yield Finding("error", "audit", problem, "compare with a backup: somebody changed it")
    for unit in alarmed:
        to_do = f"look at it; `uketsuke-fleet revoke {unit.name}` or `clear-alarm {unit.name}`"
        yield Finding("error", unit.name, unit.alarm or "", to_do)
    for failure in failures:
        words = f"failed {failure.times} times in a row, last at {failure.at:%Y-%m-%d %H:%M}: {failure.words}"
        to_do = f"its trace is in the journal of `serve`; it is tried again at {failure.due_at:%Y-%m-%d %H:%M:%S} UTC"
        yield Finding("error", f"job {failure.job} ({failure.kind} of {failure.unit or 'the fleet'})", words, to_do)
    for claim in stuck:
        words = f"was claimed at {claim.granted_at:%Y-%m-%d %H:%M} and not heard since"
        yield Finding("warning", claim.unit, words, f"does it reach {fleet.plan.broker.host}:{fleet.plan.broker.port}?")
    for certificate in ending:
        unit = states[certificate.unit]
        if unit.state in {UnitState.ACTIVE, UnitState.QUARANTINED} and unit.certificate == certificate.serial:
            rescue = fleet.plan.claims.rescue_days
            words = f"its certificate ends on {certificate.until:%Y-%m-%d} and it has not asked for the next one"
            yield Finding("warning", unit.name, words, f"switch it on; {rescue} days after that it still comes back")
