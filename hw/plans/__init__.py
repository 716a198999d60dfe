"""Every plan by its name."""

from __future__ import annotations

from types import MappingProxyType

from hw.plans.functional import FUNCTIONAL

PLANS = MappingProxyType({plan.name: plan for plan in (FUNCTIONAL,)})
