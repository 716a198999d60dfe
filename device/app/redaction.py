"""Log lines for the fleet: the last ones, with everything that might be a secret or a person taken out.

Nothing of the kind is logged in the first place; this is the second fence. It takes out what has the form of something
private, not what it knows to be private, so it may take out too much.
"""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Iterable

from device.wire.fleet import MAX_BUNDLE

MOST_LINES = 5_000
REMOVED = "[removed]"
TIMEOUT_S = 20.0

_PRIVATE = (
    # Keys and certificates, whole or in part.
    re.compile(r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|$)", re.DOTALL),
    # JWS, JWE, tickets, hashes of passcodes.
    re.compile(r"\beyJ[\w-]{10,}(?:\.[\w-]*){2,4}"),
    re.compile(r"UKETSUKE1:[A-Z2-7=]+"),
    re.compile(r"\$argon2\w*\$[^\s\"']+"),
    # My Number (12), 照合番号B (14), card and insurance numbers: digits in a row, also in groups, that are no time.
    re.compile(r"(?<![\d.:T+-])(?!\d{4}-\d\d-\d\d\b|\d{4}-\d\d-\d\dT)\d(?:[ -]?\d){6,}(?![\d.:-])"),
    # What is said to be a secret: PIN, passcode, password, token, with what follows.
    re.compile(r"(?i)\b(?:pin|passcode|password|passphrase|secret|token)\b\s*[:=]?\s*\S+"),
    re.compile(r"(?:暗証番号|照合番号|パスワード)\S*\s*\S+"),
    # Long runs of base64 or hex: pictures, templates, keys.
    re.compile(r"\b[A-Za-z0-9+/_-]{40,}={0,2}"),
    # Japanese names and addresses are not logged; a run of Japanese that follows a person's word is taken out.
    re.compile(r"(?:氏名|住所|患者|name|address)\s*[:=は]?\s*[^\s,;]+(?:[  ][^\s,;]+)?", re.IGNORECASE),
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"),
)


def redact(line: str) -> tuple[str, int]:
    """Return a line without what may be private, and how many places were taken out."""
    removed = 0
    for pattern in _PRIVATE:
        line, number = pattern.subn(REMOVED, line)
        removed += number
    return line, removed


def bundle(lines: Iterable[str]) -> tuple[bytes, int]:
    """Return lines as gzip, redacted, the newest that fit; and how many places were taken out."""
    kept = list(lines)[-MOST_LINES:]
    redacted = [redact(line) for line in kept]
    while True:
        text = "\n".join(line for line, _ in redacted) + "\n"
        packed = gzip.compress(text.encode(), mtime=0)
        if len(packed) <= MAX_BUNDLE or len(redacted) <= 1:
            return packed[:MAX_BUNDLE], sum(number for _, number in redacted)
        redacted = redacted[len(redacted) // 4 + 1 :]


def collect_logs(unit: str = "uketsuke.service") -> tuple[bytes, int]:
    """Return the journal's last lines of this program, redacted. Without a journal: one line that says so."""
    try:
        said = subprocess.run(  # noqa: S603  a fixed program with fixed words
            ["/usr/bin/journalctl", "--unit", unit, "--lines", str(MOST_LINES), "--no-pager", "--output", "short-iso"],
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return bundle([f"no journal: {type(error).__name__}"])
    return bundle(said.stdout.decode(errors="replace").splitlines() or ["the journal is empty"])
