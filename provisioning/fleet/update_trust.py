"""Tells a unit, with its identity, whose updates it is to take: signed, because a broker carries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from device.domain.errors import BadConfig
from device.wire.codec import encode
from device.wire.fleet import MAX_ROOT, UpdateTrust
from device.wire.sealing import Signer
from provisioning.fleet.plan import FleetPlan, Places


class _Signed(msgspec.Struct):
    kind: str = msgspec.field(name="_type")


class _Root(msgspec.Struct):
    signed: _Signed


@dataclass(frozen=True, slots=True)
class TrustDesk:
    """Says whose updates count."""

    root: bytes = field(repr=False)
    url: str
    signer: Signer

    @property
    def digest(self) -> str:
        """SHA-256 of the root, hex: for the audit, and for people who compare."""
        return sha256(self.root).hexdigest()

    def word(self, unit: str, nonce: str) -> str:
        """Return the signed word for a unit, in answer to its request."""
        return self.signer.sign(encode(UpdateTrust(nonce=nonce, unit=unit, root=self.root, url=self.url)))


def trust_desk(plan: FleetPlan, places: Places, signer: Signer) -> TrustDesk | None:
    """Return what says it; None where the fleet has no updates. Raise BadConfig for a file that is no root."""
    if not plan.updates.root:
        if plan.updates.url:
            raise BadConfig("is set, and root is not: units would believe nobody", where="[updates] url")
        return None
    path = places.folder / plan.updates.root
    where = f"[updates] root: {path}"
    try:
        root = path.read_bytes()
        kind = msgspec.json.decode(root, type=_Root).signed.kind
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=where) from error
    except msgspec.DecodeError as error:
        raise BadConfig(
            "is no metadata of an update repository; take public/metadata/1.root.json", where=where
        ) from error
    if kind != "root" or len(root) > MAX_ROOT:
        raise BadConfig(f"is {kind}, {len(root)} bytes; take public/metadata/1.root.json", where=where)
    return TrustDesk(root, plan.updates.url, signer)
