"""What a fleet says of updates, and what units answer. The order travels signed, inside `signed_order`."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta

from device.domain.updates import Kind, Refusal
from device.wire.fleet import Words
from device.wire.messages import Aware, Id, Name, _Message
from device.wire.updates import Version

UpdateState = Literal["accepted", "running", "verifying", "succeeded", "failed", "rejected", "rolled_back"]
OVER: frozenset[UpdateState] = frozenset(set(get_args(UpdateState)) - {"accepted", "running", "verifying"})


class UpdateOrder(_Message, frozen=True, kw_only=True, tag="update_order", tag_field="kind"):
    """Take a version, or go back from it. Heard twice it is done once; after `until` it is not begun.

    It says what, never whence: the repository of the unit's own configuration, signed by the keys that the unit pinned.
    """

    job_id: Id
    unit: Name
    action: Literal["take", "go_back"]
    part: Kind
    version: Version
    """The version to take, or the one to go back from: a unit that has another one has nothing to do."""
    until: Aware


class UpdateReport(_Message, frozen=True, kw_only=True, tag="update_report", tag_field="kind"):
    """How far an order is. Said at each change, and again when the order is heard again."""

    job_id: Id
    part: Kind
    state: UpdateState
    """`failed`: it was refused before anything was switched, or going back failed. `rolled_back`: it was tried, and the
    version before is in use again. `rejected`: the order itself is not done."""
    version: Annotated[str, Meta(max_length=64)]
    """In use now; empty: what the image brought."""
    refusal: Refusal | None = None
    detail: Words = ""
