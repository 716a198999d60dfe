"""`uketsuke-fleet rollout`: start one, watch it, hold it, take it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from device.domain.updates import Kind
from provisioning.fleet.cli.shared import HERE, FolderOption, JsonOption, WhyOption, ask, say
from provisioning.fleet.deeds import Change, ChangeRollout, StartRollout
from provisioning.fleet.fleet import open_fleet, utc_now
from provisioning.rollouts import desk
from provisioning.rollouts.desk import Course, Found
from provisioning.rollouts.machine import Progress
from provisioning.rollouts.plan import WAVES, plan_from_words

app = typer.Typer(help="Updates in waves, with a gate between them.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The rollout's name, as `list` says it.")]


@app.command("start")
def start(
    part: Annotated[Kind, typer.Argument(help="What is updated.")],
    version: Annotated[str, typer.Argument(help="The version, published with `updates publish`.")],
    *,
    why: WhyOption,
    waves: Annotated[str, typer.Option(help="Units, or shares of all, asked after each wave.")] = ",".join(WAVES),
    success: Annotated[float, typer.Option(help="Percent of a wave that must have it and be well.")] = 90.0,
    errors: Annotated[float, typer.Option(help="Percent of a wave that may fail before everything stops.")] = 10.0,
    soak_s: Annotated[float, typer.Option(help="How long a good wave is watched before the next.")] = 3600.0,
    window: Annotated[str, typer.Option(help="Hours for orders, Japan's time, e.g. 20:00-07:00; empty: any.")] = "",
    job_s: Annotated[float, typer.Option(help="After this a unit that has not ended counts as failed.")] = 86_400.0,
    on_error: Annotated[Literal["pause", "roll_back"], typer.Option(help="What happens when it stops.")] = "pause",
    site: Annotated[str | None, typer.Option(help="Only units of this site.")] = None,
    profile: Annotated[str | None, typer.Option(help="Only units of this profile.")] = None,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Start a rollout. The first wave goes out as soon as the window is open."""
    plan = plan_from_words(
        part=part,
        version=version,
        waves=waves,
        success=success,
        errors=errors,
        soak_s=soak_s,
        window=window,
        job_s=job_s,
        on_error=on_error,
    )
    with open_fleet(fleet) as opened:
        deed = StartRollout(plan=plan, site=site, profile=profile, why=why)
        found: Found = ask(opened, deed, as_json=as_json)
    sizes = ", ".join(str(len(wave)) for wave in found.course.waves)
    say(f"rollout {found.name}: {part} {version} in waves of {sizes}", _fields(found), as_json=as_json)


@app.command("list")
def list_rollouts(*, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """List rollouts, the newest first."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        kept = work.jobs.rollouts()
    rows = [(one, msgspec.convert(one.plan, Course), msgspec.convert(one.progress, Progress)) for one in kept]
    fields = [
        {"rollout": one.rollout, "state": one.state, "part": course.plan.part, "version": course.plan.version}
        for one, course, _ in rows
    ]
    lines = [
        f"{one.rollout}  {one.state:12} {course.plan.part} {course.plan.version}  wave {progress.wave} of "
        f"{len(course.waves)}  {one.why}"
        for one, course, progress in rows
    ]
    say("\n".join(lines) or "no rollouts", fields, as_json=as_json)


@app.command("show")
def show(name: NameArgument, *, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Show one rollout wave by wave."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        found = desk.find(work, name)
    lines = [f"{name}: {found.progress.state}, {found.course.plan.part} {found.course.plan.version}. {found.why}"]
    lines += [
        f"  wave {number}: {tally.units} units, {tally.succeeded} have it, {tally.failed} failed, {tally.unwell} unwell"
        for number, tally in enumerate(found.tallies, start=1)
    ]
    say("\n".join(lines), _fields(found), as_json=as_json)


@app.command("pause")
def pause(name: NameArgument, *, why: WhyOption, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Hold a rollout: no further unit is asked."""
    _change(fleet, name, "pause", why, as_json=as_json)


@app.command("resume")
def resume(name: NameArgument, *, why: WhyOption, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Let a rollout go on in spite of what failed so far."""
    _change(fleet, name, "resume", why, as_json=as_json)


@app.command("abort")
def abort(name: NameArgument, *, why: WhyOption, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """End a rollout where it is. Units that have the version keep it."""
    _change(fleet, name, "abort", why, as_json=as_json)


@app.command("rollback")
def rollback(name: NameArgument, *, why: WhyOption, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Have every unit that has the version go back to the one before, also when the rollout is over."""
    _change(fleet, name, "roll_back", why, as_json=as_json)


def _change(fleet: Path, name: str, what: Change, why: str, *, as_json: bool) -> None:
    with open_fleet(fleet) as opened:
        progress: Progress = ask(opened, ChangeRollout(rollout=name, change=what, why=why), as_json=as_json)
    say(f"{name}: {progress.state}", {"rollout": name, "state": progress.state}, as_json=as_json)


def _fields(found: Found) -> dict[str, Any]:
    return {
        "rollout": found.name,
        "state": found.progress.state,
        "wave": found.progress.wave,
        "why": found.progress.told("en"),
        "part": found.course.plan.part,
        "version": found.course.plan.version,
        "waves": [msgspec.to_builtins(tally) for tally in found.tallies],
    }
