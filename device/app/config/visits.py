"""What is decided about visits: how faces are compared, who may confirm by eye, how long is waited."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from device.app.config.section import Seconds, Section
from device.domain.values import Challenge, Method, Move
from device.reception import Policy
from device.wire.messages import Name

BY_MANIFEST = -1.0

_DEFAULT = Policy()


class FaceSection(Section, frozen=True, kw_only=True):
    """How faces are compared (docs/face.md)."""

    embedder: str = ""
    """By its name in models/manifest.toml, e.g. `MobileFaceNet`, the fast one; empty: the manifest's default."""


class LivenessSection(Section, frozen=True, kw_only=True):
    """What tells a face from its picture (docs/liveness.md)."""

    use: bool = True
    """False, for simulated units only: a matching face is believed as it is."""
    challenge: Challenge = Challenge.WHEN_UNSURE
    """When a move is asked for. Where `accept_face_only` is set: always."""
    without_nets: Literal["challenge", "pin"] = "challenge"
    """What takes the place of networks whose weights are absent: a move each time, or the PIN each time."""
    accept: Annotated[float, Meta(ge=-1, le=1)] = BY_MANIFEST
    refuse: Annotated[float, Meta(ge=-1, le=1)] = BY_MANIFEST
    """Bands of the networks' opinion; below 0: as models/manifest.toml says."""
    frames: Annotated[int, Meta(ge=1, le=30)] = 5
    """So many at least have the networks' opinion, and their median counts."""
    moves: Annotated[tuple[Move, ...], Meta(min_length=1)] = tuple(Move)
    """What visitors may be asked to do."""
    turn: Annotated[float, Meta(gt=0, lt=1)] = 0.12
    """How much parallax makes a turn."""

    @property
    def turns(self) -> tuple[Move, ...]:
        """The moves that show depth."""
        return tuple(move for move in self.moves if move.is_turn)


class AttendantsSection(Section, frozen=True, kw_only=True):
    """Who may confirm a visitor by eye (目視確認)."""

    passcodes: dict[Name, str] = msgspec.field(default_factory=dict)
    """Name to hash; `uketsuke attendant hash` makes one. Names reach the clinic with the result."""


class PolicySection(Section, frozen=True, kw_only=True):
    """What the clinic may decide about a visit; see `device.reception.policy` for what each means."""

    first_method: Method = Method.FACE
    face_tries: Annotated[int, Meta(ge=1, le=5)] = _DEFAULT.face_tries
    moves: Annotated[int, Meta(ge=1, le=2)] = _DEFAULT.moves
    more_time: Annotated[int, Meta(ge=0, le=20)] = _DEFAULT.more_time
    move_s: Seconds = _DEFAULT.move_s
    accept_face_only: bool = False
    consent_by_card: bool = False
    read_back: bool = False
    match_s: Seconds = _DEFAULT.match_s
    answer_s: Seconds = _DEFAULT.answer_s
    pin_s: Seconds = _DEFAULT.pin_s
    consent_s: Seconds = _DEFAULT.consent_s
    removal_s: Seconds = _DEFAULT.removal_s

    def policy(self, *, face_available: bool) -> Policy:
        """Return the visit's policy."""
        return Policy(face_available=face_available, **msgspec.structs.asdict(self))
