"""Topic names. `<unit>` is the common name of the unit's certificate, so the broker can hold everyone to their own.

Units built of simulated parts live in a branch of their own (`reader/v1/sim/…`): production brokers grant it to nobody.
"""

from __future__ import annotations

import re
from enum import StrEnum

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import SIMULATED_UNIT_PREFIX, UnitId
from device.wire.messages import NAME

PRODUCTION_ROOT = "reader/v1/unit"
SIMULATION_ROOT = "reader/v1/sim"
CLAIM_ROOT = "reader/v1/claim"


class Up(StrEnum):
    """What a unit says."""

    STATUS = "status"
    ASK = "ask"
    RESULT = "result"
    HEALTH = "health"
    TWIN = "twin"
    JOB = "job"
    DIAG = "diag"
    CSR = "csr"


class Down(StrEnum):
    """What a unit is told."""

    ANSWER = "answer"
    RECEIPT = "receipt"
    TWIN = "twin"
    JOB = "job"
    COMMAND = "command"
    CERT = "cert"


_SPOKEN = re.compile(rf"(?P<branch>{PRODUCTION_ROOT}|{SIMULATION_ROOT})/(?P<unit>{NAME})/up/(?P<leaf>{'|'.join(Up)})")

_CLAIMED = re.compile(rf"{CLAIM_ROOT}/(?P<claim>{NAME})/req")


def root_for(unit: UnitId) -> str:
    """Return the branch that a unit of this name belongs to."""
    return SIMULATION_ROOT if unit.startswith(SIMULATED_UNIT_PREFIX) else PRODUCTION_ROOT


def up(unit: UnitId, leaf: Up) -> str:
    """Return the topic on which `unit` says `leaf`."""
    return f"{root_for(unit)}/{unit}/up/{leaf}"


def down(unit: UnitId, leaf: Down) -> str:
    """Return the topic on which `unit` is told `leaf`."""
    return f"{root_for(unit)}/{unit}/down/{leaf}"


def speaker(topic: str) -> tuple[UnitId, Up]:
    """Return who said what on an `up` topic.

    The broker's ACL makes the name trustworthy. Raise MessageError for any other topic, or a unit in the wrong branch.
    """
    said = _SPOKEN.fullmatch(topic)
    if said and root_for(unit := UnitId(said["unit"])) == said["branch"]:
        return unit, Up(said["leaf"])
    raise MessageError(f"not a topic that a unit speaks on: {topic[:120]!r}", reason=Reason.SERVICE_REFUSED)


def claim_request(claim: str) -> str:
    """Return the topic on which the holder of a claim asks."""
    return f"{CLAIM_ROOT}/{claim}/req"


def claim_answer(claim: str) -> str:
    """Return the topic on which the holder of a claim is answered."""
    return f"{CLAIM_ROOT}/{claim}/res"


def claimant(topic: str) -> str:
    """Return whose claim is asked on a topic. Raise MessageError for any other topic."""
    if said := _CLAIMED.fullmatch(topic):
        return said["claim"]
    raise MessageError(f"not a topic that a claim is made on: {topic[:120]!r}", reason=Reason.SERVICE_REFUSED)
