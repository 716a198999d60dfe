"""mosquitto's configuration for one site, as data: every line with its reason, and the reasons end up in the file.

Written for mosquitto 2.0 (mosquitto.conf(5) of 2.0.11). Numbers with "measured" come from tests on one machine
over loopback; they show why a line is there and promise nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from device.domain.errors import BadConfig
from device.whole_file import PUBLIC
from device.wire import topics
from device.wire.codec import MAX_BYTES
from device.wire.services import CONSUMER, FLEET, GATEWAY
from provisioning.files import write_whole

ADMIN = "site-admin"
"""Common name of whoever looks after the site: may take over a session to end it, hears and says nothing."""

CLAIM_MOUNT = "claims/"
"""What the broker puts before every topic on the claims' listener, and takes away again: whatever a claim's certificate
says or asks for, it stays in here."""

QUEUE_MESSAGES = 10_000
QUEUE_BYTES = 64 * 1024 * 1024
CLAIMS_CERTIFICATE = "claims.cert.pem"
"""In a broker's folder where units are claimed: the claims' authority."""
PID_FILE = "mosquitto.pid"
SITE_FILE = "site.toml"
"""In a folder with it the broker is the site's, and its configuration is written by `uketsuke-clinic init`."""
FLEET_SAVE_S = 30
"""How often a fleet's broker saves. mosquitto writes its whole store each time, also what thousands of units retain:
at every change it does nothing else (measured: with 2,500 units 0.8 MB for each message of 20 bytes)."""
PACKET_HEADROOM = 4096
"""Bytes of an MQTT packet around the payload: fixed header, topic, properties; far more than ours have."""

_HIGHEST_PORT = 65_535


class Branch(StrEnum):
    """Which units a broker serves. One broker never serves both: a simulated result cannot reach a real clinic."""

    PRODUCTION = topics.PRODUCTION_ROOT
    SIMULATION = topics.SIMULATION_ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimListener:
    """The way in for units that have no identity yet."""

    port: int
    authority: Path
    """Certificate of the claims' own authority, PEM: who holds a unit's certificate has no business here."""
    address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBroker:
    """What one site's broker needs to know. Paths are absolute or relative to where mosquitto is started."""

    branch: Branch
    port: int
    authority: Path
    """Certificate of the site's authority, PEM."""
    certificate: Path
    key: Path
    data: Path
    """Folder for sessions and queues; mosquitto must be able to write it."""
    access_list: Path
    admin_port: int
    """For the second listener, on 127.0.0.1 only."""
    revoked: Path | None = None
    """The authority's list of withdrawn certificates, PEM. None for a broker that is thrown away after use."""
    address: str = "127.0.0.1"
    run_as: str | None = None
    """OS account that mosquitto changes to when root starts it; None leaves its default (`mosquitto`)."""
    claims: ClaimListener | None = None
    """None where no fleet claims units here."""
    save_s: int | None = None
    """Seconds between two saves of sessions and queues; None: at every change, which a site's few units allow."""
    pid_file: Path | None = None
    """Where mosquitto notes its process id, for whoever tells it to read the revocation list."""

    @classmethod
    def in_folder(
        cls,
        folder: Path,
        *,
        branch: Branch,
        port: int,
        admin_port: int,
        address: str,
        run_as: str | None,
        claims: ClaimListener | None = None,
        save_s: int | None = None,
        pid_file: Path | None = None,
    ) -> SiteBroker:
        """Return a broker that stays, with its files where a site and a fleet keep them."""
        return cls(
            branch=branch,
            port=port,
            admin_port=admin_port,
            address=address,
            authority=folder / "authority.cert.pem",
            certificate=folder / "broker.cert.pem",
            key=folder / "broker.key.pem",
            revoked=folder / "revoked.crl.pem",
            data=folder / "data",
            access_list=folder / "access.list",
            run_as=run_as,
            claims=claims,
            save_s=save_s,
            pid_file=pid_file,
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of mosquitto.conf."""

    option: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of the access list; `who` is a user's name, or None for "everybody in their own place" (%u)."""

    who: str | None
    right: str
    topic: str
    reason: str


def settings(site: SiteBroker) -> tuple[Setting, ...]:
    """Return the configuration of `site`. Raise BadConfig for a port or a path that mosquitto could misread."""
    _check(site)
    return (*device_listener(site), *admin_listener(site), *claim_listener(site), *common(site))


def device_listener(site: SiteBroker) -> tuple[Setting, ...]:
    """Return the listener for units and services: who one is, is what the certificate says."""
    return (
        Setting(
            "listener", f"{site.port} {site.address}", "The way in for units and services; there is no plain port."
        ),
        *_mutual_tls(site),
        Setting(
            "use_username_as_clientid",
            "true",
            "Else any unit could take over another's session by using its client id (measured).",
        ),
    )


def admin_listener(site: SiteBroker) -> tuple[Setting, ...]:
    """Return the listener on which a session can be ended: a revoked unit's stays up otherwise (measured, 2.0.11)."""
    return (
        Setting(
            "listener",
            f"{site.admin_port} 127.0.0.1",
            "For this machine alone. Here a client id is free, so that a revoked unit's session can be taken over and "
            "ended: a new revocation list alone leaves it up.",
        ),
        *_mutual_tls(site),
    )


def claim_listener(site: SiteBroker) -> tuple[Setting, ...]:
    """Return the listener on which units are claimed; nothing without a fleet."""
    if site.claims is None:
        return ()
    door = site.claims
    return (
        Setting("listener", f"{door.port} {door.address}", "The way in for units that are about to be claimed."),
        Setting(
            "mount_point",
            CLAIM_MOUNT,
            "Put before every topic here: a claim's certificate cannot even name what units and services say.",
        ),
        Setting(
            "max_connections", "1000", "A thousand tickets at a time are enough, and no flood of them stops units."
        ),
        *_mutual_tls(site, authority=door.authority),
        Setting("use_username_as_clientid", "true", "As above: nobody takes over another's claim."),
    )


def common(site: SiteBroker) -> tuple[Setting, ...]:
    """Return what holds for all listeners."""
    account = (
        ()
        if site.run_as is None
        else (Setting("user", site.run_as, "Started by root: change to the account that owns key and data."),)
    )
    pid = (
        ()
        if site.pid_file is None
        else (Setting("pid_file", str(site.pid_file), "The fleet's service tells this process of revocations."),)
    )
    return (
        *account,
        *pid,
        Setting("allow_anonymous", "false", "Said aloud, although a client without a name cannot get this far."),
        Setting("acl_file", str(site.access_list), "Who may speak and listen where; what is not listed is denied."),
        Setting("set_tcp_nodelay", "true", "Without it a question and its answer take 44 ms longer (measured)."),
        Setting("persistence", "true", "A restart forgets neither sessions nor queued messages."),
        Setting("persistence_location", f"{site.data}/", "The slash matters: some versions only append the file name."),
        *_saving(site.save_s),
        Setting(
            "max_queued_messages",
            str(QUEUE_MESSAGES),
            "A clinic that is offline for a week loses nothing here; above the limit mosquitto drops in silence.",
        ),
        Setting("max_queued_bytes", str(QUEUE_BYTES), "The same limit for the memory of a small machine."),
        Setting(
            "max_packet_size",
            str(MAX_BYTES + PACKET_HEADROOM),
            "Nothing of ours is larger, and nobody makes the broker read more before it may refuse.",
        ),
        Setting(
            "persistent_client_expiration",
            "30d",
            "A unit that was scrapped leaves no session behind for ever; one that comes back says everything again.",
        ),
        Setting("retain_available", "true", "For a unit's status alone; results and answers are never retained."),
        Setting("log_dest", "stderr", "Whoever starts the broker decides where its log goes."),
        Setting("log_type", "error", "Topics name units, never visitors; payloads are never logged by mosquitto."),
        Setting("log_type", "warning", "As above."),
        Setting("log_type", "notice", "As above: who came and went."),
        Setting("connection_messages", "true", "The audit wants to know who was connected when."),
        Setting("log_timestamp_format", "%Y-%m-%dT%H:%M:%S", "Seconds since 1970 are not for people."),
    )


def _saving(save_s: int | None) -> tuple[Setting, ...]:
    if save_s is None:
        return (
            Setting("autosave_on_changes", "true", "Count changes in place of seconds for the next line."),
            Setting(
                "autosave_interval",
                "1",
                "Save at every change: with the default of 1800 s a killed broker lost all of 1000 messages "
                f"(measured). The broker of a fleet saves every {FLEET_SAVE_S} s (docs/scaling.md).",
            ),
        )
    return (
        Setting("autosave_on_changes", "false", "Count seconds for the next line."),
        Setting(
            "autosave_interval",
            str(save_s),
            "Each save is of the whole store, and mosquitto serves nobody meanwhile. What a killed broker forgets is "
            "said again: results until their receipt, orders until they are reported, claims until their answer.",
        ),
    )


def _mutual_tls(site: SiteBroker, *, authority: Path | None = None) -> tuple[Setting, ...]:
    revoked = (
        ()
        # The list is of the site's authority; claims end in the fleet's store.
        if site.revoked is None or authority is not None
        else (Setting("crlfile", str(site.revoked), "Certificates that were withdrawn; read anew at SIGHUP only."),)
    )
    return (
        Setting("cafile", str(authority or site.authority), "Only certificates of this authority are believed."),
        Setting("certfile", str(site.certificate), "Who this broker is."),
        Setting("keyfile", str(site.key), "Readable by the broker's account alone."),
        *revoked,
        Setting("tls_version", "tlsv1.2", "The minimum; both ends agree on 1.3 where they can."),
        Setting("require_certificate", "true", "Nobody gets in without a certificate, not even to try a password."),
        Setting("use_identity_as_username", "true", "The certificate's common name is the user that the list names."),
    )


_FLEET_HEARS = {
    topics.Up.STATUS: "Knows which unit is there.",
    topics.Up.HEALTH: "Hears how units are,",
    topics.Up.TWIN: "which settings they have,",
    topics.Up.JOB: "how far an update is,",
    topics.Up.DIAG: "what they send for diagnosis,",
    topics.Up.CSR: "and who needs a new certificate. Neither asks nor results: nothing about visitors.",
}
_FLEET_SAYS = {
    topics.Down.TWIN: "Sends settings,",
    topics.Down.JOB: "updates,",
    topics.Down.COMMAND: "commands",
    topics.Down.CERT: "and certificates.",
}


def grants(branch: Branch) -> tuple[Grant, ...]:
    """Return who may speak and listen where. The other branch is granted to nobody."""
    return (
        Grant(GATEWAY, "read", f"{branch}/+/up/{topics.Up.ASK}", "Hears what units ask."),
        Grant(GATEWAY, "write", f"{branch}/+/down/{topics.Down.ANSWER}", "Answers them."),
        Grant(GATEWAY, "read", f"{branch}/+/up/{topics.Up.STATUS}", "Knows which unit is there and what ails it."),
        Grant(CONSUMER, "read", f"{branch}/+/up/{topics.Up.RESULT}", "Hears how visits ended."),
        Grant(CONSUMER, "read", f"{branch}/+/up/{topics.Up.STATUS}", "Hears how units are, for the desk."),
        Grant(CONSUMER, "write", f"{branch}/+/down/{topics.Down.RECEIPT}", "Says that it has them."),
        *(Grant(FLEET, "read", f"{branch}/+/up/{leaf}", why) for leaf, why in _FLEET_HEARS.items()),
        *(Grant(FLEET, "write", f"{branch}/+/down/{leaf}", why) for leaf, why in _FLEET_SAYS.items()),
        Grant(FLEET, "read", f"{CLAIM_MOUNT}{topics.claim_request('+')}", "Hears who wants to become a unit."),
        Grant(FLEET, "write", f"{CLAIM_MOUNT}{topics.claim_answer('+')}", "Answers them."),
        Grant(None, "write", f"{CLAIM_MOUNT}{topics.claim_request('%u')}", "A claim asks for itself,"),
        Grant(None, "read", f"{CLAIM_MOUNT}{topics.claim_answer('%u')}", "and hears its own answer."),
        Grant(None, "write", f"{branch}/%u/up/#", "Every unit speaks under its own name only,"),
        Grant(None, "read", f"{branch}/%u/down/#", "and hears only what it is told."),
    )


def render_settings(site: SiteBroker) -> str:
    """Return mosquitto.conf; mosquitto takes a comment only at the start of a line."""
    head = f"# Broker of one site, branch {site.branch}. Generated: change the source of it, not this file.\n"
    return head + "".join(f"\n# {line.reason}\n{line.option} {line.value}\n" for line in settings(site))


def render_access_list(branch: Branch) -> str:
    """Return the access list. Lines for a user stand below `user <name>`; patterns hold for everybody."""
    lines = [f"# Access list, branch {branch}. Generated: change the source of it, not this file."]
    user: str | None = None
    for grant in grants(branch):
        if grant.who != user:
            lines.append("")
            lines += [] if grant.who is None else [f"user {grant.who}"]
            user = grant.who
        lines += [f"# {grant.reason}", f"{'pattern' if grant.who is None else 'topic'} {grant.right} {grant.topic}"]
    return "\n".join(lines) + "\n"


def write_configuration(site: SiteBroker, path: Path) -> None:
    """Write the access list and then mosquitto.conf at `path`, each atomically.

    mosquitto 2.1 ends itself when it is told to reload a broken access list, so a half-written one must never be seen.
    """
    text = render_settings(site)
    write_whole(site.access_list, render_access_list(site.branch).encode(), mode=PUBLIC)
    write_whole(path, text.encode(), mode=PUBLIC)


def _check(site: SiteBroker) -> None:
    ports = [site.port, site.admin_port, *([] if site.claims is None else [site.claims.port])]
    for port in ports:
        if not 1 <= port <= _HIGHEST_PORT:
            raise BadConfig(f"port {port} is not between 1 and {_HIGHEST_PORT}", where="broker")
    if len(set(ports)) != len(ports):
        raise BadConfig(f"two listeners want one port: {', '.join(map(str, ports))}", where="broker")
    claims = () if site.claims is None else (site.claims.address, str(site.claims.authority))
    values = (
        site.address,
        site.run_as or "",
        *claims,
        str(site.pid_file or ""),
        *map(str, (site.authority, site.certificate, site.key)),
    )
    for value in (*values, *map(str, (site.data, site.access_list, site.revoked or ""))):
        # mosquitto reads to the end of the line and has no way to quote: a line break would be another option.
        if any(ord(character) < ord(" ") for character in value):
            raise BadConfig("a control character would be read as the end of the value", where=f"broker: {value!r}")
