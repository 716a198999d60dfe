"""Finds brokers that make themselves known in the clinic's network (DNS-SD, `_secure-mqtt._tcp`)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from device.domain.errors import Fault
from device.domain.reasons import Reason

log = logging.getLogger(__name__)

SERVICE = "_secure-mqtt._tcp.local."
"""Registered with IANA for MQTT over TLS."""
LISTEN_S = 3.0


@dataclass(frozen=True, slots=True, order=True)
class FoundBroker:
    """One broker that answered."""

    host: str
    """Its name as the network knows it, without the last dot."""
    port: int


def find_brokers(seconds: float = LISTEN_S, *, interfaces: Iterable[str] = ()) -> list[FoundBroker]:
    """Listen for so many seconds; return who was heard. Raise Fault where discovery is not installed or not possible.

    What is found is believed no further than to be offered: whether it is the site's broker its certificate says.
    """
    try:
        from zeroconf import InterfaceChoice, ServiceBrowser, Zeroconf  # noqa: PLC0415  an extra of its own
    except ImportError as error:
        raise _fault("install uketsuke[discovery] to look for brokers") from error
    heard = _Heard()
    try:
        with Zeroconf(interfaces=list(interfaces) or InterfaceChoice.All) as network:
            browser = ServiceBrowser(network, SERVICE, handlers=[heard.changed])
            heard.enough.wait(seconds)
            names = heard.names()
            found = [network.get_service_info(SERVICE, name, timeout=1000) for name in names]
            browser.cancel()
    except OSError as error:
        raise _fault(f"the network cannot be listened to: {error.strerror or error}") from error
    return sorted({FoundBroker(one.server.rstrip("."), one.port) for one in found if one and one.server and one.port})


class _Heard:
    def __init__(self) -> None:
        self.enough = threading.Event()
        self._names: set[str] = set()
        self._lock = threading.Lock()

    def changed(self, *, name: str, **_what: object) -> None:
        with self._lock:
            self._names.add(name)

    def names(self) -> list[str]:
        with self._lock:
            return sorted(self._names)


def _fault(why: str) -> Fault:
    return Fault(why, part="line", reason=Reason.BROKER_UNREACHABLE)
