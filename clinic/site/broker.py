"""Is the broker what the plan says, is it there, and does it turn strangers away?"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from clinic.site.create import broker_account
from clinic.site.finding import Finding, error, notice, warning
from clinic.site.plan import Places, SitePlan
from device.domain.errors import BadConfig, Fault
from provisioning.broker import ADMIN, render_access_list, render_settings
from provisioning.knock import Door, knock
from provisioning.versions import NEWEST, OLDEST, installed_version, parse, remarks_on

AGAIN = "`uketsuke-clinic init DIR` writes it anew; then restart the broker"


def check_broker(places: Places, plan: SitePlan, *, connect: bool) -> Iterator[Finding]:
    """Look at configuration, program and, if `connect`, the running broker."""
    site = places.site_broker(plan)
    yield from _drift(places.broker_config, render_settings(site))
    yield from _drift(site.access_list, render_access_list(site.branch))
    yield from _account(places, plan)
    yield from _program()
    if connect:
        yield from _running(places, plan)


def _drift(path: Path, wanted: str) -> Iterator[Finding]:
    try:
        there = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        yield error(path, "is not there or cannot be read", AGAIN)
        return
    has, wants = _effective(there), _effective(wanted)
    for line in has:
        if line not in wants:
            yield error(path, f"has a line that was not generated: {line!r}", AGAIN)
    for line in wants:
        if line not in has:
            yield error(path, f"lacks the line {line!r}", AGAIN)
    if sorted(has) == sorted(wants) and has != wants:
        # Which listener or user a line belongs to is decided by what stands above it.
        yield error(path, "has its lines in another order", AGAIN)


def _effective(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _account(places: Places, plan: SitePlan) -> Iterator[Finding]:
    account = broker_account(plan.broker.account)
    if account is None:
        yield warning(
            "broker", f"this machine has no account {plan.broker.account!r}", "install mosquitto, or run it elsewhere"
        )
        return
    site = places.site_broker(plan)
    for path in (site.key, site.data):
        owner = _owner(path)
        if owner is None:
            yield error(path, "is not there", AGAIN)
        elif owner != account.pw_uid:
            yield error(
                path,
                f"belongs to another account than {plan.broker.account}, which has to read and write it",
                f"chown -R {plan.broker.account} {places.broker}",
            )
    if account.pw_uid != os.geteuid() and _owner(places.authority_key) == account.pw_uid:
        yield error(places.authority_key, "the broker can read the authority's key", "chown it to root, mode 600")


def _owner(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return path.stat().st_uid
    return None


def _program() -> Iterator[Finding]:
    try:
        told = installed_version()
    except Fault as fault:
        yield error("mosquitto", str(fault), "apt install mosquitto")
        return
    version = parse(told)
    good = OLDEST <= version < NEWEST
    for remark in remarks_on(version):
        say = notice if good else error
        yield say(f"mosquitto {told}", remark.what, remark.to_do)


def _running(places: Places, plan: SitePlan) -> Iterator[Finding]:
    where = f"broker at {plan.broker.host}:{plan.broker.port}"
    known = Door(
        host=plan.broker.host,
        port=plan.broker.port,
        authority=places.authority_certificate,
        certificate=places.clinic / f"{ADMIN}.cert.pem",
        key=places.clinic / f"{ADMIN}.key.pem",
    )
    try:
        knock(known, client_id=ADMIN)
    except (Fault, BadConfig) as problem:
        yield error(
            where,
            f"does not let the site's own {ADMIN} in: {problem}",
            "is it running (systemctl status mosquitto), with this configuration? Its log says whom it refused and why",
        )
        return
    stranger = Door(host=plan.broker.host, port=plan.broker.port, authority=places.authority_certificate)
    try:
        knock(stranger, client_id="stranger")
    except Fault:
        return
    yield error(where, "lets in somebody without a certificate: another configuration is running", AGAIN)
