"""`uketsuke-bench study`: what many records say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from hw.study.errors import CannotStudy
from hw.study.figures import Figure, in_order, last_of_each_unit, limits_of, of_one_kind
from hw.study.sources import figures_of, read_keys

if TYPE_CHECKING:
    from hw.study.told import Told

app = typer.Typer(
    help="Studies over many records: gauge R&R, capability, drift and outliers, two builds.", no_args_is_help=True
)

NameArgument = Annotated[str, typer.Argument(help="The measurement, such as nfc.apdu_ms.")]
SourcesArgument = Annotated[
    list[Path], typer.Argument(help="Stations' folders, signed .json documents, or .csv tables as `csv` prints them.")
]
KeyOption = Annotated[
    list[str], typer.Option("--key", help="STATION=FILE: the key that .json documents are signed with.")
]
PageOption = Annotated[Path | None, typer.Option("--page", help="Write a page with plots (HTML, needs no network).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
AllOption = Annotated[bool, typer.Option("--all-runs", help="Count every run, not only each unit's last.")]


@app.command("gauge")
def gauge(
    name: NameArgument,
    sources: SourcesArgument,
    *,
    key: KeyOption = [],  # noqa: B006  typer copies it
    page: PageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Split the spread: the same tester, another tester, another unit. Each tester measures each unit equally often."""
    from hw.study.gauge import study_gauge  # noqa: PLC0415  scipy takes its time, and no other command needs it
    from hw.study.telling import of_gauge  # noqa: PLC0415

    figures = _chosen(name, sources, key)
    lower, upper = limits_of(figures)
    study = study_gauge(figures, upper - lower if upper is not None and lower is not None else None)
    _tell(study, of_gauge(study, figures), sources, page, as_json=as_json)


@app.command("capability")
def capability(
    name: NameArgument,
    sources: SourcesArgument,
    *,
    key: KeyOption = [],  # noqa: B006
    page: PageOption = None,
    all_runs: AllOption = False,
    as_json: JsonOption = False,
) -> None:
    """Cp and Cpk with their intervals, by the limits that the figures were judged by."""
    from hw.study.capability import study_capability  # noqa: PLC0415
    from hw.study.telling import of_capability  # noqa: PLC0415

    figures = _of_the_lot(_chosen(name, sources, key), all_runs=all_runs)
    study = study_capability([each.value for each in figures], *limits_of(figures))
    _tell(study, of_capability(study, figures), sources, page, as_json=as_json)


@app.command("lot")
def lot(
    name: NameArgument,
    sources: SourcesArgument,
    *,
    key: KeyOption = [],  # noqa: B006
    page: PageOption = None,
    all_runs: AllOption = False,
    as_json: JsonOption = False,
) -> None:
    """Look at a lot in the order of testing: drift, outliers, chart of individuals."""
    from hw.study.lot import study_lot  # noqa: PLC0415
    from hw.study.telling import of_lot  # noqa: PLC0415

    figures = _of_the_lot(_chosen(name, sources, key), all_runs=all_runs)
    study = study_lot([each.value for each in figures])
    _tell(study, of_lot(study, figures, limits_of(figures)), sources, page, as_json=as_json)


@app.command("compare")
def compare(
    name: NameArgument,
    sources: SourcesArgument,
    *,
    by: Annotated[
        str,
        typer.Option(help="The unit's version that tells the builds apart (`program`); else two sources: old, new."),
    ] = "",
    old: Annotated[str, typer.Option(help="With --by: the old build.")] = "",
    new: Annotated[str, typer.Option(help="With --by: the new build.")] = "",
    key: KeyOption = [],  # noqa: B006
    page: PageOption = None,
    all_runs: AllOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare two builds: how far apart they are, and how sure that is."""
    from hw.study.comparison import compare as compare_builds  # noqa: PLC0415
    from hw.study.telling import of_comparison  # noqa: PLC0415

    if by:
        figures = _chosen(name, sources, key)
        halves = [(build, [each for each in figures if each.versions.get(by) == build]) for build in (old, new)]
        for build, own in halves:
            if not own:
                there = sorted({each.versions.get(by, "") for each in figures} - {""})
                raise CannotStudy(f"no figure of {by} {build!r}; there is {', '.join(there) or 'no such version'}")
    elif len(sources) == 2:  # noqa: PLR2004  two builds
        of_one_kind(figures_of(sources, read_keys(key)), name)
        halves = [(str(source), _chosen(name, [source], key)) for source in sources]
    else:
        raise CannotStudy("give two sources, the old build's and the new one's, or --by with --old and --new")
    (old_name, before), (new_name, after) = [(build, _of_the_lot(own, all_runs=all_runs)) for build, own in halves]
    study = compare_builds([each.value for each in before], [each.value for each in after], (old_name, new_name))
    _tell(study, of_comparison(study, before, after), sources, page, as_json=as_json)


def _chosen(name: str, sources: Sequence[Path], keys: Sequence[str]) -> list[Figure]:
    return of_one_kind(figures_of(sources, read_keys(keys)), name)


def _of_the_lot(figures: list[Figure], *, all_runs: bool) -> list[Figure]:
    return in_order(figures) if all_runs else in_order(last_of_each_unit(figures))


def _tell(study: Any, told: Told, sources: Sequence[Path], page: Path | None, *, as_json: bool) -> None:  # noqa: ANN401
    if page is not None:
        try:
            replace(told, sources=tuple(str(source) for source in sources)).write(page)
        except OSError as error:
            raise CannotStudy(f"{page}: cannot be written: {error.strerror}") from error
    if as_json:
        typer.echo(msgspec.json.encode(study).decode())
        return
    typer.echo("\n".join(told.lines()))
