"""Every number of the link in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """When to try, how often to repeat, how much to have under way. All times in seconds."""

    connect_timeout_s: float = 30.0
    """After this a connection attempt counts as failed even if the line says nothing."""
    backoff_first_s: float = 0.5
    """Highest possible delay before the first new attempt; the delay is random between 0 and it (full jitter)."""
    backoff_longest_s: float = 1.5
    """The highest possible delay doubles with every failure until it reaches this. An attempt at a broker that is not
    there costs one packet, and a patient may stand before the unit when it is back: so it stays short."""
    backoff_refused_s: float = 60.0
    """The same for a broker that is there and turns us away, or that we do not trust: each attempt costs it a
    handshake, and seconds change nothing."""
    steady_after_s: float = 3.0
    """A connection that lasts less does not reset the back-off. Two machines with one name still meet for ever: the
    broker ends the one for the other, mosquitto 2.0.11 does not say why, and to each it is a broken line; so both come
    back within `backoff_longest_s`, again and again."""

    ask_repeat_share: float = 1 / 3
    """An ask without answer is said once more after this share of the time it has left."""

    results_in_flight: int = 16
    """Results sent and without receipt at one time."""
    result_repeat_first_s: float = 30.0
    """A result without receipt is sent again after this; the wait doubles each time …"""
    result_unheard_s: float = 0.4
    """Where the broker says that nobody listens for results (the clinic's program is away, or the broker forgot its
    session), they are said again after this, and a quarter longer each time."""
    result_repeat_longest_s: float = 900.0
    """… up to this. A result expires at the broker when its next copy is due, so a consumer that was away for a
    night finds one copy of each and not a hundred."""

    outbox_retry_s: float = 30.0
    """After the outbox failed, wait this long before reading it again."""

    results_late_s: float = 86_400.0
    """A result that has waited this long for its receipt is reported; it is kept and sent all the same."""

    clock_look_s: float = 1.0
    """While something was refused that may be about dates, look this often whether somebody set the clock: a Pi without
    a clock chip learns the time some seconds after its start, and a patient may stand before it."""
    clock_set_s: float = 60.0
    """By less than this the clock may creep; what depends on dates does not mind."""

    status_expiry_s: int = 366 * 86_400
    """The retained status of a unit that was scrapped goes away by itself, but never under a unit that is quiet."""
    will_delay_s: int = 5
    """A unit that is back within this was never offline."""
