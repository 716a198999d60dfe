"""The ten lines: print every visit. `python -m examples.print_visits clinic.toml`"""  # noqa: D415  a command

import sys
from pathlib import Path

from clinic.consumer import Visit, open_consumer


def save(visit: Visit) -> None:
    """Print one."""
    print(visit.record.reception, visit.record.reason, visit.qualification, flush=True)  # noqa: T201  its purpose


if __name__ == "__main__":
    with open_consumer(Path(sys.argv[1]), "print-visits", save) as consumer:
        consumer.wait()
