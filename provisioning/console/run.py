"""Opens the console of a fleet, and says where it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509

from device.domain.errors import BadConfig
from provisioning.console.app import ConsoleParts, build_console
from provisioning.console.watch import Watch
from provisioning.fleet.accounts import FleetAccounts
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.web.server import serve

RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OpenConsole:
    """Where the console is."""

    address: str
    first_link: str | None = field(repr=False)
    """Where the first administrator makes an account, once and within a day; None where there is one."""


@contextmanager
def open_console(fleet: Fleet, *, port: int | None = None) -> Iterator[OpenConsole]:
    """Serve the console until the block ends; at `port` or the plan's. Raise BadConfig: something does not fit."""
    section, places = fleet.plan.console, fleet.places
    names = list(dict.fromkeys([section.host, *section.names, "localhost", "127.0.0.1"]))
    _certify(fleet, names, now=utc_now())
    accounts = FleetAccounts(fleet.store, utc_now)
    with Watch(fleet.store, utc_now) as watch:
        app = build_console(ConsoleParts(fleet=fleet, watch=watch, hosts=names, secure=True, accounts=accounts))
        with serve(
            app,
            host=section.host,
            port=section.port if port is None else port,
            certificate=places.console_certificate,
            key=places.console_key,
            where=f"{places.plan}: [console]",
            again=f"move {places.console} away and start again",
        ) as listening:
            address = f"https://{section.names[0] if section.names else section.host}:{listening}"
            link = accounts.first_link()
            yield OpenConsole(address, None if link is None else f"{address}/welcome/{link}")


def _certify(fleet: Fleet, names: list[str], *, now: datetime) -> None:
    """Make the page's certificate, by the fleet's own authority, unless there is one for these names that lasts."""
    if _lasts(fleet, names, now):
        return
    addresses = [name for name in names if _is_address(name)]
    identity = fleet.authority().issue_server(
        now=now, names=[name for name in names if name not in addresses], addresses=addresses, server="console"
    )
    fleet.places.console.mkdir(mode=0o700, exist_ok=True)
    identity.write(fleet.places.console, "console")


def _lasts(fleet: Fleet, names: list[str], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(fleet.places.console_certificate.read_bytes())
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except FileNotFoundError:
        return False
    except (OSError, ValueError, x509.ExtensionNotFound) as error:
        raise BadConfig(f"cannot be read: {error}", where=str(fleet.places.console_certificate)) from error
    known = {str(name.value) for name in named}
    return known >= set(names) and certificate.not_valid_after_utc > now + RENEW_BEFORE


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        ip_address(name)
        return True
    return False
