"""The tables of docs/broker.md, from the code that writes the configuration: `python -m provisioning.page FILE`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from provisioning.broker import (
    Branch,
    ClaimListener,
    SiteBroker,
    admin_listener,
    claim_listener,
    common,
    device_listener,
    grants,
)
from provisioning.versions import NEWEST, REMARKS, Version

SITE = SiteBroker(
    branch=Branch.PRODUCTION,
    port=8883,
    admin_port=8884,
    authority=Path("authority.cert.pem"),
    certificate=Path("broker.cert.pem"),
    key=Path("broker.key.pem"),
    revoked=Path("revoked.crl.pem"),
    data=Path("data"),
    access_list=Path("access.list"),
    address="192.0.2.10",
    run_as="mosquitto",
    claims=ClaimListener(port=8885, authority=Path("claims.cert.pem"), address="192.0.2.10"),
    pid_file=Path("mosquitto.pid"),
)


def settings_table() -> str:
    """Return every line of the configuration and of the access list with its reason."""
    lines = ["| line | why |", "| --- | --- |"]
    for title, part in (
        ("for units and services", device_listener(SITE)),
        ("for this machine", admin_listener(SITE)),
        ("for units that are claimed, where there is a fleet", claim_listener(SITE)),
        ("for all", common(SITE)),
    ):
        lines.append(f"| **{title}** | |")
        lines += [f"| `{line.option} {line.value}` | {line.reason} |" for line in part]
    lines.append("| **access list** | |")
    for grant in grants(SITE.branch):
        who = "everybody (`%u` is the certificate's name)" if grant.who is None else f"`{grant.who}`"
        lines.append(f"| `{grant.right} {grant.topic}` | {who}: {grant.reason} |")
    return "\n".join(lines)


def versions_table() -> str:
    """Return what holds for which versions."""
    lines = ["| mosquitto | what holds | what to do |", "| --- | --- | --- |"]
    lines += [f"| {_span(remark.since, remark.until)} | {remark.what} | {remark.to_do} |" for remark in REMARKS]
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {"settings": settings_table, "versions": versions_table}


def filled(text: str) -> str:
    """Return the page with both tables as they are now."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name.capitalize()}: written by `make pages`. -->", f"<!-- End of the {name}. -->"
        head, tail = text.index(begin) + len(begin), text.index(end)
        text = f"{text[:head]}\n\n{table()}\n\n{text[tail:]}"
    return text


def _span(since: Version, until: Version) -> str:
    first, last = (".".join(map(str, version[: 3 if version[2] else 2])) for version in (since, until))
    if since == (0, 0, 0):
        return f"before {last}"
    return f"from {first}" if until > NEWEST else f"{first} to before {last}"


def main(arguments: list[str]) -> None:
    """Write the tables into the page that is named."""
    page = Path(arguments[0])
    page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
