"""Which mosquitto is installed, and what each version needs or lacks."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import Final

from device.domain.errors import Fault
from device.domain.reasons import Reason
from provisioning.mosquitto import find_mosquitto

Version = tuple[int, int, int]

OLDEST: Final[Version] = (2, 0, 0)
NEWEST: Final[Version] = (3, 0, 0)
"""From here on the access list needs a plugin; our configuration would not be read."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What holds for versions from `since` up to, not including, `until`."""

    since: Version
    until: Version
    what: str
    to_do: str


REMARKS: Final = (
    Remark(
        (0, 0, 0),
        OLDEST,
        "before 2.0 a listener lets in anybody unless told otherwise, and a session's queue is kept by other rules",
        "install mosquitto 2.0.11 or newer",
    ),
    Remark(
        OLDEST,
        (2, 0, 23),
        "releases up to 2.0.23 fix crashes and leaks that a connected client can cause (among them CVE-2023-0809, "
        "CVE-2023-3592, CVE-2023-28366); Debian may have put them into its own package of an older version",
        "keep the distribution's security updates on; nothing in the configuration helps",
    ),
    Remark(
        OLDEST,
        (2, 1, 0),
        "packets may be as large as 256 MB and more than 1,000 queued messages are dropped, unless the configuration "
        "says otherwise; ours does (`max_packet_size`, `max_queued_messages`)",
        "nothing, with the generated configuration",
    ),
    Remark(
        OLDEST,
        NEWEST,
        "a new revocation list is read at SIGHUP, but a session that is up stays up",
        "revoke with `uketsuke-clinic revoke`, which ends the session too",
    ),
    Remark(
        (2, 1, 0),
        NEWEST,
        "`acl_file` is called deprecated (it goes with 3.0); a broken access list ends the broker at a reload; "
        "configuration files behind symbolic links may be refused",
        "nothing, with the generated files: they are replaced whole. `mosquitto --test-config -c FILE` tries one",
    ),
    Remark(
        NEWEST,
        (99, 0, 0),
        "`acl_file` is gone: access lists need the plugin mosquitto_acl_file",
        "stay with 2.x until this program knows 3.0",
    ),
)


def installed_version() -> str:
    """Return the version of the installed broker, as it says it. Raise Fault where there is none."""
    # It prints its help and ends with code 3 or 1, depending on the version.
    words = subprocess.run([find_mosquitto(), "-h"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    if found := re.match(r"mosquitto version (\S+)", words):
        return found[1]
    raise Fault("mosquitto does not say its version", part="broker", reason=Reason.BROKER_UNREACHABLE)


def parse(version: str) -> Version:
    """Return the three numbers; what is missing counts as 0."""
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    first, second, third = [*numbers, 0, 0, 0][:3]
    return first, second, third


def remarks_on(version: Version) -> list[Remark]:
    """Return what holds for this version."""
    return [remark for remark in REMARKS if remark.since <= version < remark.until]
