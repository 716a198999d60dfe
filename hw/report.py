"""One file that shows one record: figures beside their limits, pictures, where they come from; needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import jinja2

from device.wire.texts import Text
from hw.limits import Limits
from hw.plan import Plan
from hw.plots import draw
from hw.record import Measurement, Record, Verdict

PAGES: Final = Path(__file__).with_name("pages")

VERDICTS: Final = {
    Verdict.PASS: Text(ja="合格", en="PASS"),
    Verdict.FAIL: Text(ja="不合格", en="FAIL"),
    Verdict.NOT_MEASURED: Text(ja="未測定", en="NOT MEASURED"),
    Verdict.STOPPED: Text(ja="中断", en="STOPPED"),
}
_BY_UNIT: Final = {"1": "", "grey": "/255"}


def page_environment() -> jinja2.Environment:
    """Return the templates, with everything escaped that is not made here."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.globals.update(VERDICTS=VERDICTS, bounds=bounds, figure=figure)
    return environment


def write_report(record: Record, *, plan: Plan | None = None, limits: Limits | None = None) -> str:
    """Return the report as HTML. With its plan it says what to do next, with its limits where they come from."""
    steps = {phase.name: phase.next_step for phase in plan.phases} if plan else {}
    pictures = {
        (phase.name, series.name): draw(series, phase.measurements)
        for phase in record.phases
        for series in phase.series
    }
    return (
        page_environment()
        .get_template("report.html")
        .render(
            record=record,
            steps=steps,
            pictures=pictures,
            limits=limits.by_name if limits else {},
            versions=[
                item
                for told in (
                    record.versions,
                    record.unit.versions,
                    record.digests,
                    record.unit.digests,
                    record.rig.calibrated,
                )
                for item in told.items()
            ],
            style=(PAGES / "report.css").read_text(encoding="utf-8"),
        )
    )


def bounds(measurement: Measurement) -> str:
    """Return the limits as people write them."""
    match measurement.lower, measurement.upper:
        case None, None:
            return ""
        case None, upper:
            return f"≤ {upper:g}"
        case lower, None:
            return f"≥ {lower:g}"
        case lower, upper:
            return f"{lower:g} … {upper:g}"


def figure(measurement: Measurement) -> str:
    """Return the value with its uncertainty and unit."""
    if measurement.value is None:
        return "—"
    unit = _BY_UNIT.get(measurement.unit, f" {measurement.unit}")
    spread = "" if measurement.uncertainty is None else f" ± {measurement.uncertainty:.2g}"
    return f"{measurement.value:.4g}{spread}{unit}"
