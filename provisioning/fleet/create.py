"""Setting a fleet up. What is there is never replaced."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import pwd
import secrets
import shutil
from datetime import datetime

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.whole_file import PRIVATE, PUBLIC
from device.wire.services import FLEET
from provisioning.broker import CLAIMS_CERTIFICATE, write_configuration
from provisioning.files import write_whole
from provisioning.fleet.plan import FleetPlan, Places, write_plan
from provisioning.fleet.store.database import FleetStore
from provisioning.pki import SiteAuthority

AUDIT_KEY_BYTES = 32


def create_fleet(places: Places, plan: FleetPlan, *, now: datetime, actor: str, passphrase: bytes | None) -> None:
    """Make what is missing of a fleet and write the broker's configuration anew, where that is not a site's.

    Raise Fault when the disk refuses, BadConfig for a plan that cannot be, a wrong passphrase, or keys that are gone
    while certificates of theirs are not.
    """
    write_plan(plan, places.plan)
    authority = _authority(places, plan.fleet.name, now=now, passphrase=passphrase)
    claims = _claims_authority(places, plan.fleet.name, now=now, passphrase=passphrase)
    if not places.revoked.exists():
        authority.write_empty_list(places.revoked, now=now)
    if not places.service_certificate.exists():
        authority.issue_client(FLEET, now=now).write(places.service, FLEET)
        places.service.chmod(0o700)
    site = places.site_broker(plan)
    if not site.certificate.exists():
        host = plan.broker.host
        is_address = _is_address(host)
        authority.issue_server(
            now=now,
            names=["localhost"] if is_address else [host, "localhost"],
            addresses=[*dict.fromkeys([*([host] if is_address else []), "127.0.0.1"])],
        ).write(places.broker, "broker")
    write_whole(site.authority, authority.certificate_pem, mode=PUBLIC)
    write_whole(places.broker / CLAIMS_CERTIFICATE, claims.certificate_pem, mode=PUBLIC)
    site.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not places.broker_is_the_sites:
        write_configuration(site, places.broker_config)
    give_to_broker(places, plan)
    for folder in (places.tickets, places.sites):
        folder.mkdir(mode=0o700, exist_ok=True)
    if not places.audit_key.exists():
        write_whole(places.audit_key, secrets.token_bytes(AUDIT_KEY_BYTES), mode=PRIVATE)
    store = FleetStore(places.store_url(plan), audit_key=read_audit_key(places), create=True)
    with contextlib.closing(store), store.begin(now, actor=actor) as work:
        work.audit.note("init", plan.fleet.name, branch=plan.branch.value, host=plan.broker.host)


def read_audit_key(places: Places) -> bytes:
    """Return the key of the audit's chain. Raise BadConfig when it is gone."""
    try:
        key = places.audit_key.read_bytes()
    except OSError as error:
        raise BadConfig(
            f"the audit's key cannot be read ({error.strerror}): bring it back from a backup; with a new one the "
            "entries so far would count as altered",
            where=str(places.audit_key),
        ) from error
    if len(key) != AUDIT_KEY_BYTES:
        raise BadConfig(f"is {len(key)} bytes long and should be {AUDIT_KEY_BYTES}", where=str(places.audit_key))
    return key


def give_to_broker(places: Places, plan: FleetPlan) -> None:
    """Give the broker's folder to its account where root sets it up: mosquitto gives up root before it reads its key.

    Raise Fault when the system refuses.
    """
    account = None
    with contextlib.suppress(KeyError):
        account = pwd.getpwnam(plan.broker.account)
    if os.geteuid() != 0 or account is None:
        return
    try:
        for path in (places.broker, *places.broker.rglob("*")):
            shutil.chown(path, account.pw_uid, account.pw_gid)
    except OSError as error:
        raise Fault(
            f"cannot give {places.broker} to {plan.broker.account}: {error.strerror}",
            part="files",
            reason=Reason.INTERNAL_FAULT,
        ) from error


def load_authority(places: Places, passphrase: bytes | None) -> SiteAuthority:
    """Return what signs units. Raise BadConfig saying what to do."""
    return SiteAuthority.load(places.authority_key, places.authority_certificate, passphrase=passphrase)


def load_claims_authority(places: Places, passphrase: bytes | None) -> SiteAuthority:
    """Return what signs tickets. Raise BadConfig saying what to do."""
    return SiteAuthority.load(places.claims_key, places.claims_certificate, passphrase=passphrase)


def _authority(places: Places, name: str, *, now: datetime, passphrase: bytes | None) -> SiteAuthority:
    if places.authority_certificate.exists() or places.authority_key.exists():
        return load_authority(places, passphrase)
    if any(path.exists() for path in (places.service_certificate, places.broker / "broker.cert.pem")):
        raise BadConfig(
            "the authority is gone, and there are certificates of it: bring the folder back from a backup. A new "
            "authority would lock out every unit",
            where=str(places.authority),
        )
    authority = SiteAuthority.create(name, now=now)
    authority.write(places.authority, passphrase=passphrase)
    places.authority.chmod(0o700)
    return authority


def _claims_authority(places: Places, name: str, *, now: datetime, passphrase: bytes | None) -> SiteAuthority:
    if places.claims_certificate.exists() or places.claims_key.exists():
        return load_claims_authority(places, passphrase)
    # Another name than the authority's: it shows in logs which of the two is meant.
    authority = SiteAuthority.create(f"{name[:57]}-claims", now=now)
    authority.write(places.claims, passphrase=passphrase)
    places.claims.chmod(0o700)
    return authority


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False
