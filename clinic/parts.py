"""Reads everything that a configuration names, and finds it good; nothing is opened for writing or connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import NameOID
from joserfc.errors import JoseError

from clinic.config import ClinicConfig, ConsumerSection, GatewaySection
from clinic.inquiry import GatewayPolicy
from clinic.keys import KeyRing, load_authorities
from clinic.line import LineSettings, tls_context
from clinic.people import InstitutionSettings, Person, load_institutions, load_people, settings_of
from clinic.receipt_files import ReceiptFiles
from clinic.terminal import TerminalLookup
from device.domain.errors import BadConfig
from device.wire.sealing import Signer
from device.wire.services import CONSUMER, GATEWAY

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayParts:
    """What the gateway is made of."""

    policy: GatewayPolicy
    keys: KeyRing
    consumer_key: KeyRing
    signer: Signer
    people: Mapping[int, Person]
    stand_in: Path | None
    terminal: TerminalLookup | None
    line: LineSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerParts:
    """What the consumer is made of."""

    keys: KeyRing
    signer: Signer
    store: Path
    keep: timedelta
    files: ReceiptFiles | None
    line: LineSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicParts:
    """Everything of a clinic side."""

    branch: str
    authority: x509.Certificate
    gateway: GatewayParts | None
    consumer: ConsumerParts | None

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
    return ClinicParts(
        branch=config.site.root,
        authority=authorities[0],
        gateway=None if config.gateway is None else _read_gateway(config, config.gateway, folder),
        consumer=None if config.consumer is None else _read_consumer(config, config.consumer, folder),
    )


def _read_gateway(config: ClinicConfig, section: GatewaySection, folder: Path) -> GatewayParts:
    line = _read_line(config, section, folder, GATEWAY)
    people = folder / section.people
    there = settings_of(load_institutions(people), config.site.institution_code)
    return GatewayParts(
        policy=GatewayPolicy(
            institution_code=config.site.institution_code,
            anchors=tuple(anchor for path in section.anchors for anchor in load_authorities(folder / path)),
            accept=frozenset(section.accept),
            questions=_questions(section, there),
            register_on_the_spot=section.register_on_the_spot,
        ),
        keys=KeyRing(folder / section.sealing_key, private=True),
        consumer_key=KeyRing(folder / section.consumer_key, private=False),
        signer=_read_signer(line),
        people=load_people(people),
        stand_in=None if section.stand_in is None else folder / section.stand_in,
        terminal=_read_terminal(config, folder),
        line=line,
    )


def _questions(section: GatewaySection, there: InstitutionSettings) -> InstitutionSettings:
    """What this clinic's own file says goes before what it has set at the national side."""
    return InstitutionSettings(
        ask_consent=_here(section.ask_consent, there.ask_consent),
        consent_mode=_here(section.consent_mode, there.consent_mode),
        ask_prescription=_here(section.ask_prescription, there.ask_prescription),
        ask_public_expense=_here(section.ask_public_expense, there.ask_public_expense),
    )


def _here(ours: T | None, theirs: T) -> T:
    return theirs if ours is None else ours


def _read_terminal(config: ClinicConfig, folder: Path) -> TerminalLookup | None:
    if (section := config.terminal) is None:
        return None
    return TerminalLookup(
        requests=folder / section.requests,
        results=folder / section.results,
        institution_code=config.site.institution_code,
        password=None if section.password_file is None else _read_password(folder / section.password_file),
        patience_s=section.patience_s,
    )


def _read_password(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise BadConfig(f"cannot read the password: {error.strerror}", where=str(path)) from error


def _read_consumer(config: ClinicConfig, section: ConsumerSection, folder: Path) -> ConsumerParts:
    files = config.receipt_files
    line = _read_line(config, section, folder, CONSUMER)
    return ConsumerParts(
        keys=KeyRing(*(folder / name for name in section.sealing_keys), private=True),
        signer=_read_signer(line),
        store=folder / section.store,
        keep=timedelta(days=section.keep_days),
        files=None
        if files is None
        else ReceiptFiles(folder / files.folder, files.encoding, timedelta(days=files.keep_days)),
        line=line,
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


def _read_signer(line: LineSettings) -> Signer:
    try:
        return Signer.load(line.key.read_bytes(), line.certificate.read_bytes())
    except (OSError, JoseError, ValueError) as error:
        # What is good enough for TLS may be of another kind: an RSA key signs nothing here.
        raise BadConfig("is no PEM pair of a P-256 key and its certificate", where=str(line.key)) from error
