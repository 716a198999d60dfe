"""Every plan by its name."""

from __future__ import annotations

from types import MappingProxyType

from hw.plans.functional import FUNCTIONAL
from hw.plans.others import CALIBRATION, CONTRACT_PLAN, ENDURANCE, FIELD_RETURN, INCOMING, RELEASE

PLANS = MappingProxyType(
    {plan.name: plan for plan in (FUNCTIONAL, INCOMING, CALIBRATION, CONTRACT_PLAN, ENDURANCE, RELEASE, FIELD_RETURN)}
)
