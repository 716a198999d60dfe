"""Every visit as a POST of JSON to an address of yours: `python -m examples.webhook clinic.toml https://…/visits`.

What is not answered with 2xx comes again until it is. The body names people: use https, and an address in the house.
"""

import json
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

from clinic.consumer import Visit, open_consumer

TIMEOUT_S = 10.0


def post_to(address: str) -> Callable[[Visit], None]:
    """Return what posts a visit there. Raises urllib's errors: the visit then comes again."""

    def save(visit: Visit) -> None:
        body = {
            "reception": visit.record.reception,
            "at": visit.record.happened_at.isoformat(),
            "unit": visit.record.unit,
            "reason": visit.record.reason,
            "qualification": visit.qualification,
        }
        request = urllib.request.Request(  # noqa: S310  the address is the clinic's own
            address,
            json.dumps(body, ensure_ascii=False).encode(),
            # The same for a repetition, so that the other side can tell.
            {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": visit.record.message_id},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310  as above
            pass

    return save


def main() -> None:
    """Run it."""
    with open_consumer(Path(sys.argv[1]), "webhook", post_to(sys.argv[2])) as consumer:
        consumer.wait()


if __name__ == "__main__":
    main()
