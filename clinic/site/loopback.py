"""The clinic's configuration where a whole site runs on one machine: demonstration, campaign, benchmark, tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SITE: Final = """\
[site]
branch = "{branch}"
institution_code = "{institution_code}"

[broker]
host = "127.0.0.1"
port = {port}
authority = "authority.cert.pem"

[consumer]
certificate = "clinic-consumer.cert.pem"
key = "clinic-consumer.key.pem"
sealing_keys = ["clinic.private.jwk"]
store = "clinic.sqlite"
"""
_GATEWAY: Final = """
[gateway]
certificate = "clinic-gateway.cert.pem"
key = "clinic-gateway.key.pem"
sealing_key = "clinic.private.jwk"
consumer_key = "clinic.public.jwk"
anchors = ["cards.pem"]
people = "{people}"
"""


def loopback_config(
    port: int,
    *,
    people: Path | None = None,
    more: str = "",
    branch: str = "simulation",
    institution_code: str = "9999999999",
) -> str:
    """Return it for a broker at `port`; files have the names that the site's own commands give them.

    With `people` there is a gateway, which believes the cards of `cards.pem`, and its section is the last: `more` goes
    on there.
    """
    site = _SITE.format(branch=branch, institution_code=institution_code, port=port)
    return site + ("" if people is None else _GATEWAY.format(people=people)) + more
