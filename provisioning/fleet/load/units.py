"""Many units at once: identities on the disk as OpenSSL wants them, and rows in the store for those not claimed."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.wire.ticket import Ticket
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.requests import CheckedRequest, key_digest
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import NewUnit

_PEM = serialization.Encoding.PEM
TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Identified:
    """A unit that was not claimed but made, for the phases that are not about claims."""

    name: str
    context: ssl.SSLContext
    certificate: x509.Certificate


def context_for(authority: Path, certificate: bytes, key: ec.EllipticCurvePrivateKey, scratch: Path) -> ssl.SSLContext:
    """Return how a client proves itself; `scratch` is a file that OpenSSL may read it from."""
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    scratch.touch(mode=0o600)
    scratch.write_bytes(private + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=authority)
    context.load_cert_chain(scratch)
    scratch.unlink()
    return context


def ticket_context(ticket: Ticket, authority: Path, scratch: Path) -> ssl.SSLContext:
    """Return how the holder of a ticket proves itself."""
    return context_for(authority, ticket.certificate.public_bytes(_PEM), ticket.key, scratch)


def certificate_request(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a certificate request, DER."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)


def make_units(fleet: Fleet, how_many: int, scratch: Path, *, now: datetime) -> list[Identified]:
    """Add active units with certificates, past the claim."""
    names = [f"sim-load{number:06}" for number in range(how_many)]
    made: list[Identified] = []
    # Some at a time: the service wants to write meanwhile.
    for start in range(0, how_many, TOGETHER):
        made += _make_some(fleet, names[start : start + TOGETHER], scratch, now)
    return made


def _make_some(fleet: Fleet, names: list[str], scratch: Path, now: datetime) -> list[Identified]:
    issuer = fleet.issuer()
    made = []
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]
    with fleet.store.begin(now, actor="loadtest") as work:
        work.units.add(NewUnit(name=name, serial=name, site="load", profile="") for name in names)
        for name, key in zip(names, keys, strict=True):
            issued = issuer.issue(work, name, CheckedRequest(key.public_key(), key_digest(key.public_key())))
            unit = work.units.find(name)
            work.units.move(unit, UnitState.PENDING, "load test")
            work.units.certified(
                name, serial=f"{issued.certificate.serial_number:x}", until=issued.certificate.not_valid_after_utc
            )
            context = context_for(
                fleet.places.authority_certificate, issued.certificate.public_bytes(_PEM), key, scratch
            )
            made.append(Identified(name, context, issued.certificate))
    return made
