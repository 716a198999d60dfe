"""Pages of docs/ whose parts are made by code: what stands between two marks is written anew, the rest is prose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator


def refresh(page: str, parts: dict[str, str]) -> str:
    """Return the page with its generated parts replaced. Raise KeyError for a mark that nothing is made for."""
    return re.sub(
        r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)",
        lambda mark: f"{mark[1]}{parts[mark[2]]}\n{mark[3]}",
        page,
        flags=re.DOTALL,
    )


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
