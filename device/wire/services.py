"""The services by name: the common names of their certificates, and whom the broker takes them for."""

from __future__ import annotations

from typing import Final

GATEWAY: Final = "clinic-gateway"
"""Answers asks, and signs its answers and what it seals."""

CONSUMER: Final = "clinic-consumer"
"""Keeps results, and signs receipts."""

FLEET: Final = "fleet-service"
"""The fleet's service, whose signed orders a unit obeys."""
