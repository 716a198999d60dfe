"""Setting a site up, and giving and taking back its identities. What is there is never replaced without being asked."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import pwd
import shutil
from datetime import datetime
from pathlib import Path

from cryptography import x509

from clinic.keys import PRIVATE_NAME, PUBLIC_NAME, make_key_pair
from clinic.site.plan import Places, SitePlan, write_plan
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.whole_file import PUBLIC
from device.wire.services import CONSUMER, GATEWAY
from provisioning.broker import ADMIN, write_configuration
from provisioning.files import write_whole
from provisioning.knock import Door
from provisioning.pki import Identity, SiteAuthority
from provisioning.revocation import BrokerHandle, enforce, withdraw

BROKER = "broker"
SCREEN = "screen"
SERVERS = (BROKER, SCREEN)
"""Their certificates name where they are reached, not who they are."""
SERVICES = (GATEWAY, CONSUMER, ADMIN)

_CLINIC = """\
# The clinic's side of site {name}. Every option is explained at the head of the program's manual (clinic/config.py).

[site]
branch = "{branch}"
institution_code = "{institution_code}"

[broker]
host = "{host}"
port = {port}
authority = "authority.cert.pem"

[consumer]                                # keeps results
certificate = "clinic-consumer.cert.pem"
key = "clinic-consumer.key.pem"
sealing_keys = ["clinic.private.jwk"]
store = "clinic.sqlite"

[screen]                                  # the desk's page; its first start prints a link for the first administrator
host = "{address}"
port = 8443
certificate = "screen.cert.pem"
key = "screen.key.pem"
names = {screen_names}

# [gateway]                               # answers units: say whose cards are believed, and who answers
# certificate = "clinic-gateway.cert.pem"
# key = "clinic-gateway.key.pem"
# sealing_key = "clinic.private.jwk"
# consumer_key = "clinic.public.jwk"
# anchors = ["card-authority.pem"]
# people = "people.toml"

# [receipt_files]                         # a file of each visit for the receipt computer; the folder must be there
# folder = "face"
"""

_UNIT = """\
# Unit {unit} of site {name}. `uketsuke config example` shows every option.

[unit]
name = "{unit}"
state = "state"

[broker]
host = "{host}"
port = {port}
authority = "authority.cert.pem"
certificate = "{unit}.cert.pem"
key = "{unit}.key.pem"

[clinic]
sealing_key = "clinic.public.jwk"
"""


def create_site(folder: Path, plan: SitePlan, *, now: datetime) -> Places:
    """Make what is missing of a site and write the broker's configuration anew; keys that are there stay.

    Raise Fault when the disk refuses, BadConfig for a plan that cannot be.
    """
    places = Places(folder)
    write_plan(plan, places.plan)
    if places.authority_certificate.exists():
        authority = load_authority(places)
    else:
        authority = SiteAuthority.create(plan.site.name, now=now)
        authority.write(places.authority)
        places.authority.chmod(0o700)
    if not places.revoked.exists():
        authority.write_empty_list(places.revoked, now=now)
    for name in (*SERVERS, *SERVICES):
        if not _certificate_of(places, name).exists():
            issue(places, plan, name, now=now)
    if not (places.clinic / PRIVATE_NAME).exists():
        make_key_pair(places.clinic)
    if not places.clinic_config.exists():
        write_whole(places.clinic_config, _filled(_CLINIC, plan).encode(), mode=PUBLIC)
    data = places.site_broker(plan).data
    data.mkdir(mode=0o700, exist_ok=True)
    write_configuration(places.site_broker(plan), places.broker_config)
    _give_to_broker(places, plan)
    if not places.units.exists():
        issue(places, plan, plan.first_unit, now=now)
    return places


def issue(places: Places, plan: SitePlan, name: str, *, now: datetime) -> Path:
    """Give `name` a new key and certificate: a unit, a service, `broker` or `screen`. Return the folder.

    An earlier certificate of that name stays good until it runs out: renewing needs no hurry on either side.
    """
    authority = load_authority(places)
    certificate = _certificate_of(places, name)
    folder = certificate.parent
    if name in SERVERS:
        host = plan.broker.host
        names, addresses = (["localhost"], [host]) if _is_address(host) else ([host, "localhost"], [])
        loopback = "127.0.0.1"
        identity = authority.issue_server(
            now=now, names=names, addresses=[*dict.fromkeys([*addresses, loopback])], server=name
        )
    else:
        identity = authority.issue_client(name, now=now)
    _write(identity, folder, name)
    write_whole(folder / "authority.cert.pem", authority.certificate_pem, mode=PUBLIC)
    if name == BROKER:
        _give_to_broker(places, plan)
    elif name not in (*SERVICES, SCREEN):
        if not (folder / "unit.toml").exists():
            write_whole(folder / "unit.toml", _filled(_UNIT, plan, unit=name).encode(), mode=PUBLIC)
        write_whole(folder / PUBLIC_NAME, (places.clinic / PUBLIC_NAME).read_bytes(), mode=PUBLIC)
    return folder


def take_back(places: Places, plan: SitePlan, name: str, *, broker_pid: int | None, now: datetime) -> bool:
    """Withdraw the certificate of `name`; with the broker's process id, throw it out at once and return True.

    Raise BadConfig where there is no certificate of that name.
    """
    path = _certificate_of(places, name)
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadConfig(f"no certificate of {name}", where=str(path)) from error
    withdraw(load_authority(places), places.revoked, certificate, now=now)
    _give_to_broker(places, plan)
    if broker_pid is None:
        return False
    door = Door(
        host="127.0.0.1",
        port=plan.broker.admin_port,
        authority=places.authority_certificate,
        certificate=_certificate_of(places, ADMIN),
        key=places.clinic / f"{ADMIN}.key.pem",
    )
    enforce(BrokerHandle(broker_pid, door), name)
    return True


def load_authority(places: Places) -> SiteAuthority:
    """Return the site's authority. Raise BadConfig when its key is elsewhere."""
    return SiteAuthority.load(places.authority_key, places.authority_certificate)


def broker_account(name: str) -> pwd.struct_passwd | None:
    """Return the account that the broker runs as, if this machine has it."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    return None


def _certificate_of(places: Places, name: str) -> Path:
    if name == BROKER:
        return places.broker / f"{name}.cert.pem"
    if name in (*SERVICES, SCREEN):
        return places.clinic / f"{name}.cert.pem"
    return places.units / name / f"{name}.cert.pem"


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False


def _write(identity: Identity, folder: Path, name: str) -> None:
    identity.write(folder, name)
    if folder.stat().st_mode & 0o077 and name != BROKER:
        folder.chmod(0o700)


def _give_to_broker(places: Places, plan: SitePlan) -> None:
    # mosquitto gives up root before it reads its key.
    account = broker_account(plan.broker.account)
    if os.geteuid() != 0 or account is None:
        return
    try:
        for path in (places.broker, *places.broker.iterdir()):
            shutil.chown(path, account.pw_uid, account.pw_gid)
    except OSError as error:
        raise Fault(
            f"cannot give {places.broker} to {plan.broker.account}: {error.strerror}",
            part="files",
            reason=Reason.INTERNAL_FAULT,
        ) from error


def _filled(text: str, plan: SitePlan, *, unit: str = "") -> str:
    return text.format(
        name=plan.site.name,
        branch=plan.site.branch,
        institution_code=plan.site.institution_code,
        host=plan.broker.host,
        port=plan.broker.port,
        address=plan.broker.address,
        screen_names=json.dumps([] if _is_address(plan.broker.host) else [plan.broker.host]),
        unit=unit,
    )
