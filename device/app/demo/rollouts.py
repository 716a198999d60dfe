"""Two rollouts before spectators: one that reaches everybody, and one that fails at its gate and is taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from securesystemslib.signer import CryptoSigner

from device.app.demo.member import SimulatedMember
from device.app.demo.member_updates import MemberUpdates
from device.domain.updates import Kind
from device.wire.texts import Text
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.store.units import Unit
from provisioning.rollouts import desk
from provisioning.rollouts.desk import Found
from provisioning.rollouts.plan import RolloutPlan
from provisioning.updates.packing import Content, describe, write_bundle
from provisioning.updates.repository import Founders, Repository

SICK_VERSION: Final = "1.1"
WHY: Final = {
    "1.0": Text(ja="聞き取りやすい声", en="A voice that is easier to understand"),
    SICK_VERSION: Text(ja="もっと大きな声", en="A louder voice"),
}
Until = Callable[[Callable[[list[Unit]], bool]], None]


class RolloutShow:
    """A repository of two versions, and units that take them; those in `sick` do not run well with the second."""

    def __init__(
        self, fleet: Fleet, folder: Path, members: Sequence[SimulatedMember], *, sick: Collection[str]
    ) -> None:
        self._fleet = fleet
        self._members = members
        public = _publish(folder)
        authority = x509.load_pem_x509_certificate(fleet.places.authority_certificate.read_bytes())
        for member in members:
            member.updates = MemberUpdates(
                member.unit,
                folder / member.unit,
                public,
                authority=authority,
                ill_with=SICK_VERSION if member.unit in sick else None,
                say=member.agent.update_told,
            )

    def run(self, version: str, until: Until) -> tuple[str, str, float]:
        """Roll a version out and wait for the end; return name, sizes of the waves, seconds."""
        began_s = time.monotonic()
        plan = RolloutPlan(
            part=Kind.VOICE,
            version=version,
            waves=("1", "25%", "100%"),
            soak_s=0.0,
            on_error="roll_back",
        )
        with self._fleet.store.begin(utc_now(), actor="demonstration") as work:
            name = desk.start(work, plan, work.units.listed(), why=WHY[version].en)
        until(lambda _: self.found(name).progress.state.is_over)
        sizes = ", ".join(str(len(wave)) for wave in self.found(name).course.waves)
        return name, sizes, time.monotonic() - began_s

    def found(self, name: str) -> Found:
        """Return how a rollout is."""
        with self._fleet.store.begin(utc_now()) as work:
            return desk.find(work, name)

    def versions(self) -> set[str]:
        """Return which versions are in use."""
        there = [member.updates for member in self._members if member.updates is not None]
        return {updates.updating.installed(Kind.VOICE) or "none" for updates in there}

    @staticmethod
    def close(member: SimulatedMember) -> None:
        """Let a unit finish what is under way."""
        if member.updates is not None:
            member.updates.close()


def _publish(folder: Path) -> Path:
    now = datetime.now(UTC)
    # One key for each offline role, and none on a disk: this repository lives as long as the show.
    keys = [CryptoSigner.generate_ed25519()]
    repository = Repository(folder / "site")
    repository.found(Founders(root=keys, root_threshold=1, targets=keys, targets_threshold=1), now=now)
    for version, why in WHY.items():
        bundle = folder / f"{version}.zip"
        write_bundle(bundle, {"greeting.wav": Content(version.encode())})
        about = describe(bundle, kind=Kind.VOICE, version=version, reason=why, released_at=now)
        repository.add(bundle, about, now=now)
    repository.sign(keys[0])
    repository.publish(now=now)
    return repository.public
