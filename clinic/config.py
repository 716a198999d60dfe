"""The clinic side's configuration: one TOML file, every option typed, every mistake named with its place.

    [site]
    branch = "simulation"                  # or "production"; simulated and real units never meet
    institution_code = "1399999999"        # 医療機関コード, 10 digits

    [broker]
    host = "127.0.0.1"
    port = 8883
    authority = "authority.cert.pem"       # the site's: of the broker, the services and the units

    [gateway]                              # answers units; leave the section out to run the consumer alone
    certificate = "clinic-gateway.cert.pem"
    key = "clinic-gateway.key.pem"
    sealing_key = "clinic.private.jwk"     # opens what units seal for us
    consumer_key = "clinic.public.jwk"     # qualifications are sealed for it
    anchors = ["card-authority.pem"]       # authorities whose cards are believed
    people = "people.toml"                 # invented people for the stand-in of the national service
    accept = ["pin_signature", "phone_signature", "face_institution"]
    ask_consent = ["YZK", "TKK"]

    [consumer]                             # stores results; leave the section out to run the gateway alone
    certificate = "clinic-consumer.cert.pem"
    key = "clinic-consumer.key.pem"
    sealing_keys = ["clinic.private.jwk"]  # several while a key is being changed
    results = "results.jsonl"

Paths are relative to the file that names them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from clinic.gateway import DEFAULT_CONSENT, SIGNED
from device.domain.errors import BadConfig
from device.domain.values import Assurance, ConsentItem
from device.wire import topics

MAX_BYTES = 262_144

PathText = Annotated[str, Meta(pattern=r"^[^\x00]+\Z")]


class SiteSection(Struct, frozen=True, kw_only=True):
    """Which clinic this is."""

    branch: Literal["production", "simulation"]
    institution_code: Annotated[str, Meta(pattern=r"^[0-9]{10}\Z")]

    @property
    def root(self) -> str:
        """The branch's topic root."""
        return topics.PRODUCTION_ROOT if self.branch == "production" else topics.SIMULATION_ROOT


class BrokerSection(Struct, frozen=True, kw_only=True):
    """Where the broker is."""

    host: Annotated[str, Meta(min_length=1)]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    authority: PathText


class GatewaySection(Struct, frozen=True, kw_only=True):
    """The service that answers units."""

    certificate: PathText
    key: PathText
    sealing_key: PathText
    consumer_key: PathText
    anchors: Annotated[tuple[PathText, ...], Meta(min_length=1)]
    people: PathText
    accept: Annotated[tuple[Assurance, ...], Meta(min_length=1)] = tuple(sorted(SIGNED))
    ask_consent: tuple[ConsentItem, ...] = DEFAULT_CONSENT


class ConsumerSection(Struct, frozen=True, kw_only=True):
    """The service that stores results."""

    certificate: PathText
    key: PathText
    sealing_keys: Annotated[tuple[PathText, ...], Meta(min_length=1)]
    results: PathText


class ClinicConfig(Struct, frozen=True, kw_only=True):
    """The whole file."""

    site: SiteSection
    broker: BrokerSection
    gateway: GatewaySection | None = None
    consumer: ConsumerSection | None = None


def load_config(path: Path) -> ClinicConfig:
    """Return the configuration in `path`. Raise BadConfig naming file, section and option; no other file is opened."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise BadConfig(f"{len(raw)} bytes, the limit is {MAX_BYTES}", where=str(path))
        document = tomllib.loads(raw.decode())
    except OSError as error:
        raise BadConfig(f"cannot read the configuration: {error.strerror}", where=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"not a TOML file: {error}", where=str(path)) from error
    _refuse_unknown(document, path)
    try:
        config = msgspec.convert(document, ClinicConfig)
    except msgspec.ValidationError as error:
        message, place = _placed(str(error))
        raise BadConfig(message, where=f"{path}{place}") from error
    if config.gateway is None and config.consumer is None:
        raise BadConfig("neither [gateway] nor [consumer]: there is nothing to run", where=str(path))
    if config.gateway is not None and config.site.branch == "production":
        # Invented people must not answer for real cards; a production gateway needs the real service's adapter.
        raise BadConfig(
            "the stand-in for the national service answers simulated units only",
            where=f"{path}: [gateway] people with [site] branch",
        )
    return config


def _refuse_unknown(document: Mapping[str, object], path: Path) -> None:
    sections = {name: _section_type(hint) for name, hint in get_type_hints(ClinicConfig).items()}
    if unknown := document.keys() - sections.keys():
        name = min(unknown)
        what = f"section [{name}]" if isinstance(document[name], dict) else f"option {name!r} outside a section"
        raise BadConfig(f"no {what}; there are {', '.join(f'[{known}]' for known in sections)}", where=str(path))
    for section, kind in sections.items():
        options = document.get(section, {})
        known = kind.__struct_fields__
        if isinstance(options, dict) and (unknown := options.keys() - set(known)):
            raise BadConfig(f"no option {min(unknown)!r}; it has {', '.join(known)}", where=f"{path}: [{section}]")


def _section_type(hint: object) -> type[Struct]:
    if get_origin(hint) in {Union, UnionType}:
        hint = next(part for part in get_args(hint) if part is not type(None))
    assert isinstance(hint, type)  # noqa: S101  every section of ClinicConfig is a Struct, possibly absent
    assert issubclass(hint, Struct)  # noqa: S101
    return hint


def _placed(text: str) -> tuple[str, str]:
    # What msgspec says ends in its place, as in: Expected `int`, got `str` - at `$.broker.port`
    message, _, at = text.partition(" - at `$")
    missing = re.search(r"missing required field `(\w+)`", message)
    parts = [part for part in at.rstrip("`").split(".") if part]
    if missing:
        parts.append(missing[1])
        message = "is missing"
    if not parts:
        return message, ""
    section, *option = parts
    return message, f": [{section}] {'.'.join(option)}".rstrip()
