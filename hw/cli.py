"""`python -m hw` (`hw/uketsuke-bench`): the bench."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from device.domain.errors import UketsukeError
from device.wire.bench_record import read_signed
from device.wire.texts import Text
from hw import simulation_cli
from hw.errors import BenchError, CannotMeasure
from hw.limits import LIMITS_FILE, Limits, load_limits
from hw.plan import Plan
from hw.plans import PLANS
from hw.printing import print_pdf
from hw.record import Record, Verdict
from hw.report import VERDICTS, write_report
from hw.rig.by_hand import Answer, Request
from hw.run import Job, run_job
from hw.setups import HAND, RIGS, SIMULATED, choose_setup
from hw.station.app import build_station
from hw.station.desk import StationDesk
from hw.station.files import Station
from hw.store import RecordStore
from hw.study import cli as study_cli
from hw.wish import check_wish
from provisioning.web.server import serve

FOLDER = Path("bench-station")
EXIT_NO_PASS, EXIT_TROUBLE = 1, 2

app = typer.Typer(
    help="The bench: every unit leaves with evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(study_cli.app, name="study")
app.add_typer(simulation_cli.app)

FolderOption = Annotated[Path, typer.Option("--folder", help="The station's folder: key, records, reports, cards.")]
LimitsOption = Annotated[Path, typer.Option("--limits", help="The limits.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


@app.command("demo")
def demo(
    folder: FolderOption = FOLDER,
    *,
    limits: LimitsOption = LIMITS_FILE,
    plan: Annotated[str, typer.Option(help="Which plan.")] = "functional",
    seed: Annotated[int, typer.Option(help="Which of the simulated units.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Put a simulated unit on a simulated table, go through a plan and write the report."""
    from hw.rig.simulated import SimulatedRig  # noqa: PLC0415  a real bench needs no simulation
    from hw.sim import wardrobe  # noqa: PLC0415
    from hw.sim.physics import good_unit  # noqa: PLC0415
    from hw.sim.site import SimulatedSite  # noqa: PLC0415
    from hw.sim.unit import SimulatedUnit  # noqa: PLC0415

    serial = f"sim-{seed:04d}"
    with SimulatedSite() as site:
        unit = SimulatedUnit(good_unit(seed), serial=serial, board=f"simulated-board-{seed}", site=site)
        job = Job(
            plan=_plan(plan),
            serial=serial,
            tester="demo",
            unit=unit,
            rig=SimulatedRig(unit),
            cards=wardrobe.card_box(),
            limits=load_limits(limits),
        )
        _carry_out(job, Station(folder), as_json=as_json)


@app.command("run")
def run(
    serial: Annotated[str, typer.Argument(help="As on the unit's label.")],
    *,
    tester: Annotated[str, typer.Option(help="Who tests.")],
    plan: Annotated[str, typer.Option(help="Which plan.")] = "functional",
    rig: Annotated[
        str, typer.Option(help="simulated or board:PORT; a rig by hand takes the station's page.")
    ] = SIMULATED,
    unit: Annotated[Path | None, typer.Option(help="The unit's configuration; without it a simulated unit.")] = None,
    folder: FolderOption = FOLDER,
    limits: LimitsOption = LIMITS_FILE,
    as_json: JsonOption = False,
) -> None:
    """Take one unit through a plan without the page."""
    serial, tester = check_wish(serial, tester)
    station = Station(folder)
    allowed = load_limits(limits)
    with choose_setup(station, rig=rig, unit=unit)(serial, NobodyThere()) as table:
        job = Job(
            plan=_plan(plan),
            serial=serial,
            tester=tester,
            unit=table.unit,
            rig=table.rig,
            cards=table.cards,
            limits=allowed,
        )
        _carry_out(job, station, as_json=as_json)


@app.command("station")
def station_page(
    folder: FolderOption = FOLDER,
    *,
    rig: Annotated[str, typer.Option(help=f"{RIGS}.")] = HAND,
    unit: Annotated[Path | None, typer.Option(help="The unit's configuration; without it a simulated unit.")] = None,
    port: Annotated[int, typer.Option(help="0: a free one.")] = 8765,
    limits: LimitsOption = LIMITS_FILE,
    browser: Annotated[bool, typer.Option(help="Open it in the browser of this machine.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Serve the station's page on this machine until Ctrl-C. With --json: its address, as soon as it is there."""
    station = Station(folder)
    desk = StationDesk(station, load_limits(limits), choose_setup(station, rig=rig, unit=unit))
    with serve(build_station(desk), host="127.0.0.1", port=port, certificate=None, key=None) as chosen:
        address = f"http://127.0.0.1:{chosen}/"
        typer.echo(json.dumps({"address": address}) if as_json else f"試験台 the bench: {address}")
        if browser:
            webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


@app.command("records")
def records(folder: FolderOption = FOLDER, *, as_json: JsonOption = False) -> None:
    """List what this station has tested."""
    with _kept(folder) as store:
        entries = store.entries()
    if as_json:
        typer.echo(msgspec.json.encode(entries).decode())
        return
    for entry in entries:
        typer.echo(f"{entry.ended:%Y-%m-%d %H:%M} {entry.serial} {entry.plan}: {entry.verdict} {entry.why}".rstrip())


@app.command("csv")
def as_csv(folder: FolderOption = FOLDER, *, as_json: JsonOption = False) -> None:
    """Print every figure of every record, for analysis elsewhere. With --json: a list of the same rows."""
    with _kept(folder) as store:
        if as_json:
            typer.echo(json.dumps(store.figures(), ensure_ascii=False))
        else:
            typer.echo(store.as_csv(), nl=False)


@app.command("export")
def export(record: str, folder: FolderOption = FOLDER, *, as_json: JsonOption = False) -> None:  # noqa: ARG001  it is JSON whatever is asked for
    """Print the signed document of one record, as a fleet takes it; it is JSON without --json, too."""
    with _kept(folder) as store:
        sys.stdout.buffer.write(store.signed(record) + b"\n")


@app.command("report")
def report(
    record: str,
    folder: FolderOption = FOLDER,
    *,
    limits: LimitsOption = LIMITS_FILE,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print it into a PDF beside it, by the Chromium here.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the report of one record anew; its signature is checked first."""
    station = Station(folder)
    with _kept(folder) as store:
        told = msgspec.json.decode(read_signed(store.signed(record), station.known_keys()), type=Record)
    path = _report(told, station, load_limits(limits))
    written = [path]
    if pdf:
        print_pdf(path, path.with_suffix(".pdf"))
        written.append(path.with_suffix(".pdf"))
    if as_json:
        typer.echo(json.dumps({"record": told.id, "written": [str(each) for each in written]}))
    else:
        typer.echo("\n".join(str(each) for each in written))


@app.command("public-key")
def public_key(folder: FolderOption = FOLDER, *, as_json: JsonOption = False) -> None:
    """Print the key that a fleet needs to believe this station."""
    station = Station(folder)
    key = station.public_key().decode()
    typer.echo(json.dumps({"station": station.name, "public_key": key}) if as_json else key, nl=as_json)


@app.command("limits")
def check_limits(path: Annotated[Path, typer.Argument()] = LIMITS_FILE, *, as_json: JsonOption = False) -> None:
    """Check a file of limits and say what they are."""
    limits = load_limits(path)
    if as_json:
        told = {name: {"unit": it.unit, "lower": it.lower, "upper": it.upper} for name, it in limits.by_name.items()}
        typer.echo(json.dumps({"digest": limits.digest, "limits": told}, ensure_ascii=False))
        return
    for name, limit in limits.by_name.items():
        typer.echo(f"{name}: {limit.words()} · {limit.title.ja} · {limit.title.en}")


class NobodyThere:
    """The tester of a run without a page."""

    def request(self, request: Request) -> Answer:
        """Say that there is nobody."""
        raise CannotMeasure(f"nobody is asked without the station's page: {request.text.en}")

    def show(self, request: Request) -> None:
        """Same."""
        raise CannotMeasure(f"nobody is asked without the station's page: {request.text.en}")


def _kept(folder: Path) -> RecordStore:
    """Open what a station has kept. Raise BenchError where there is none: looking makes no station."""
    if not (folder / "records.sqlite").is_file():
        raise BenchError(f"{folder} holds no records: --folder names the station's folder")
    return Station(folder).store()


def _plan(name: str) -> Plan:
    if name not in PLANS:
        raise typer.BadParameter(f"there is no plan {name!r}; there are {', '.join(PLANS)}")
    return PLANS[name]


def _carry_out(job: Job, station: Station, *, as_json: bool) -> None:
    with station.store() as store:
        record = run_job(job, station, store, phase_done=lambda phase: None if as_json else typer.echo(
            f"  {VERDICTS[phase.verdict].en:12} {phase.title.ja} {phase.title.en} ({phase.seconds:.1f} s)"
            + "".join(f"\n      {why}" for why in phase.why)
        ))  # fmt: skip
    path = _report(record, station, job.limits)
    if as_json:
        typer.echo(json.dumps({"record": record.id, "verdict": record.verdict, "why": record.why, "report": str(path)}))
    else:
        if not record.phases:
            typer.echo("".join(f"      {why}\n" for why in record.why), nl=False)
        for step in filter(None, (record.next_step, *(phase.next_step for phase in record.phases))):
            typer.echo(f"      → {step.ja} {step.en}")
        typer.echo(f"{VERDICTS[record.verdict].ja} {VERDICTS[record.verdict].en}: {record.unit.serial}, report: {path}")
    if record.verdict is not Verdict.PASS:
        raise typer.Exit(EXIT_NO_PASS)


def _report(record: Record, station: Station, limits: Limits) -> Path:
    page = write_report(record, plan=PLANS.get(record.plan), limits=limits)
    name = f"{record.unit.serial}-{record.plan}-{record.id[:8]}.html"
    return station.write(f"reports/{name}", page.encode())


def main() -> None:
    """Run. Whatever is wrong is said in words, with exit code 2."""
    try:
        app(prog_name="uketsuke-bench")
    except (BenchError, UketsukeError) as error:
        _apologise(str(error), error.advice if isinstance(error, BenchError) else None)
        raise SystemExit(EXIT_TROUBLE) from None


def _apologise(message: str, advice: Text | None) -> None:
    if "--json" in sys.argv:
        told = {"ok": False, "message": message, "advice": advice and {"ja": advice.ja, "en": advice.en}}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(message, err=True)
        if advice is not None:
            typer.echo(f"{advice.ja} {advice.en}", err=True)
