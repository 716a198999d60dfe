"""`python -m deb` builds the Debian package: `make deb`."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from deb.archive import pack
from deb.layout import HOUSE, Order, lay_out
from deb.target import Architecture, Release, Target
from device.domain.errors import UketsukeError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def build(
    architecture: Annotated[Architecture, typer.Option("--arch", help="As Debian calls it.")] = Architecture.AMD64,
    release: Annotated[Release, typer.Option(help="Of Debian or Raspberry Pi OS.")] = Release.BOOKWORM,
    into: Annotated[Path, typer.Option("--into", help="The folder for the package.")] = HOUSE / "dist",
    revision: Annotated[int, typer.Option(min=1, help="Counts packages of the same version.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")] = False,
) -> None:
    """Build the package. The same source, lock, weights and recordings give the same bytes."""
    order = Order(target=Target(release, architecture), revision=revision, epoch=_epoch())
    into.mkdir(parents=True, exist_ok=True)
    package = into / f"uketsuke_{order.version}_{architecture}.deb"
    with tempfile.TemporaryDirectory(prefix="uketsuke-deb-") as scratch:
        root = Path(scratch, "root")
        root.mkdir(mode=0o755)
        lay_out(order, root, Path(scratch))
        pack(root, package, order.epoch)
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    if as_json:
        typer.echo(json.dumps({"package": str(package), "bytes": package.stat().st_size, "sha256": digest}))
    else:
        typer.echo(f"{package}  {package.stat().st_size / 1e6:.0f} MB  sha256 {digest}")


def _epoch() -> int:
    """Return the time of the source: SOURCE_DATE_EPOCH, else that of the last commit."""
    if told := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(told)
    command = ["git", "-C", str(HOUSE), "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603  our own words


if __name__ == "__main__":
    try:
        app(prog_name="python -m deb")
    except UketsukeError as error:
        sys.stderr.write(f"deb: {error}\n")
        sys.exit(2)
