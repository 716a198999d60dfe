"""Builds the clinic side from its configuration: read every file first, then open the services' lines."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from clinic.answer import GATEWAY
from clinic.changes import Changes
from clinic.config import ClinicConfig, ConsumerSection, GatewaySection
from clinic.consumer import Consumer
from clinic.desk import Desk
from clinic.gateway import Gateway, GatewayPolicy
from clinic.health import Health
from clinic.keys import KeyRing, load_authorities
from clinic.line import LineSettings, ServiceLine, tls_context
from clinic.national_service import StandInService
from clinic.people import load_people
from clinic.services import hear_asks, hear_results, hear_status
from clinic.store import Store
from clinic.units import Units
from device.domain.errors import BadConfig
from device.wire import topics
from device.wire.sealing import Signer

CONSUMER = "clinic-consumer"
"""Common name of the service that keeps results, as the broker's access list knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _GatewayParts:
    gateway: Gateway
    line: LineSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _ConsumerParts:
    authority: x509.Certificate
    keys: KeyRing
    store: Path
    line: LineSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicParts:
    """Everything that the configuration names, read and found good; nothing is opened for writing or connected."""

    branch: str
    gateway: _GatewayParts | None
    consumer: _ConsumerParts | None

    @property
    def services(self) -> list[str]:
        """The names of the services that would run."""
        return [part.line.name for part in (self.gateway, self.consumer) if part is not None]


def read_parts(config: ClinicConfig, folder: Path) -> ClinicParts:
    """Read all files of a configuration. `folder` is what its paths are relative to.

    Raise BadConfig naming the file that does not fit.
    """
    path = folder / config.broker.authority
    authorities = load_authorities(path)
    if len(authorities) != 1:
        raise BadConfig("a site has one authority, here are several", where=str(path))
    gateway = None if config.gateway is None else _read_gateway(config, config.gateway, folder)
    consumer = None if config.consumer is None else _read_consumer(config, config.consumer, folder, authorities[0])
    return ClinicParts(branch=config.site.root, gateway=gateway, consumer=consumer)


@dataclass(frozen=True, slots=True)
class OpenClinic:
    """The clinic side, open: what it hears on, and what a page shows."""

    lines: tuple[ServiceLine, ...]
    health: Health
    desk: Desk | None
    """None where the consumer runs elsewhere."""


@contextmanager
def open_clinic(parts: ClinicParts) -> Iterator[OpenClinic]:
    """Open the store and make the lines of the services, not started; close all on leaving.

    Raise BadConfig when the store cannot be used.
    """
    changes = Changes()
    health, units = Health(changes), Units(changes)
    lines, desk = [], None
    with ExitStack() as opened:
        if (gateway := parts.gateway) is not None:
            hears = {topics.Up.ASK: hear_asks(gateway.gateway, units)}
            lines.append(ServiceLine(gateway.line, branch=parts.branch, hears=hears, health=health))
        if (consumer := parts.consumer) is not None:
            store = opened.enter_context(Store(consumer.store, changes=changes))
            desk = Desk(store, units, health)
            taker = Consumer(
                store,
                authority=consumer.authority,
                keys=consumer.keys,
                branch=parts.branch,
                health=health,
                units=units,
            )
            hears = {topics.Up.RESULT: hear_results(taker), topics.Up.STATUS: hear_status(units)}
            lines.append(ServiceLine(consumer.line, branch=parts.branch, hears=hears, health=health))
        for line in lines:
            opened.callback(line.close)
        yield OpenClinic(tuple(lines), health, desk)


def _read_gateway(config: ClinicConfig, section: GatewaySection, folder: Path) -> _GatewayParts:
    line = _read_line(config, section, folder, GATEWAY)
    policy = GatewayPolicy(
        institution_code=config.site.institution_code,
        anchors=tuple(anchor for path in section.anchors for anchor in load_authorities(folder / path)),
        accept=frozenset(section.accept),
        ask_consent=tuple(section.ask_consent),
        consent_mode=section.consent_mode,
        ask_prescription=section.ask_prescription,
        ask_public_expense=section.ask_public_expense,
        register_on_the_spot=section.register_on_the_spot,
    )
    gateway = Gateway(
        policy,
        StandInService(load_people(folder / section.people)),
        keys=KeyRing(folder / section.sealing_key, private=True),
        consumer_key=KeyRing(folder / section.consumer_key, private=False),
        signer=Signer.load((folder / section.key).read_bytes(), (folder / section.certificate).read_bytes()),
        token=secrets.token_bytes,
    )
    return _GatewayParts(gateway=gateway, line=line)


def _read_consumer(
    config: ClinicConfig, section: ConsumerSection, folder: Path, authority: x509.Certificate
) -> _ConsumerParts:
    return _ConsumerParts(
        authority=authority,
        keys=KeyRing(*(folder / name for name in section.sealing_keys), private=True),
        store=folder / section.store,
        line=_read_line(config, section, folder, CONSUMER),
    )


def _read_line(
    config: ClinicConfig, section: GatewaySection | ConsumerSection, folder: Path, name: str
) -> LineSettings:
    settings = LineSettings(
        name=name,
        host=config.broker.host,
        port=config.broker.port,
        authority=folder / config.broker.authority,
        certificate=folder / section.certificate,
        key=folder / section.key,
    )
    tls_context(settings)
    certificate = x509.load_pem_x509_certificate(settings.certificate.read_bytes())
    names = [attribute.value for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [name]:
        # The broker would let it in and then deliver nothing, without a word.
        raise BadConfig(f"its common name must be {name}", where=str(settings.certificate))
    return settings
