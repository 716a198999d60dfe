"""Rollouts: started in waves, watched live, held, resumed, ended, taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, get_args

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from device.domain.errors import BadConfig, UketsukeError
from device.domain.updates import Kind
from provisioning.console.desk import Pages, as_counted
from provisioning.console.history import told
from provisioning.console.plots import bars, plot
from provisioning.fleet.deeds import Change, ChangeRollout, StartRollout
from provisioning.rollouts import desk
from provisioning.rollouts.desk import Course
from provisioning.rollouts.machine import Progress, RolloutState
from provisioning.rollouts.plan import RolloutPlan, plan_from_words
from provisioning.web.visit import Visit

FIELDS: Final = 16
LISTED_JOBS: Final = 200
TONES: Final = {
    RolloutState.RUNNING: "good",
    RolloutState.PAUSED: "attention",
    RolloutState.ROLLING_BACK: "stop",
    RolloutState.SUCCEEDED: "good",
    RolloutState.ABORTED: "quiet",
    RolloutState.ROLLED_BACK: "stop",
}
MAY: Final[dict[RolloutState, tuple[str, ...]]] = {
    RolloutState.RUNNING: ("pause", "abort", "roll_back"),
    RolloutState.PAUSED: ("resume", "abort", "roll_back"),
    RolloutState.ROLLING_BACK: ("abort",),
    RolloutState.SUCCEEDED: ("roll_back",),
    RolloutState.ABORTED: ("roll_back",),
    RolloutState.ROLLED_BACK: (),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One rollout in the list."""

    name: str
    course: Course
    progress: Progress
    made_by: str
    made_at: Any
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPages(Pages):
    """Answers about rollouts."""

    def routes(self) -> list[Route]:
        """Return where they are."""
        signed_in, post = self.gate.signed_in, ["POST"]
        return [
            Route("/rollouts", signed_in(self.page)),
            Route("/rollouts/rows", signed_in(self.rows)),
            Route("/rollouts", signed_in(self.start, fields=FIELDS), methods=post),
            Route("/rollouts/{rollout}", signed_in(self.one)),
            Route("/rollouts/{rollout}/rows", signed_in(self.one_rows)),
            Route("/rollouts/{rollout}", signed_in(self.change), methods=post),
        ]

    def page(self, visit: Visit, *, message: str = "", status: int = 200) -> Response:
        """Show all rollouts, and how to start one."""
        return self._list("rollouts.html", visit, message=message, status=status)

    def rows(self, visit: Visit) -> Response:
        """Return what changes on it."""
        return self._list("rollouts_rows.html", visit)

    def start(self, visit: Visit) -> Response:
        """Start one."""

        def again(words: str) -> Response:
            return self.page(visit, message=words, status=422)

        try:
            deed = StartRollout(
                plan=_plan(visit.field),
                site=visit.field("site") or None,
                profile=visit.field("profile") or None,
                why=visit.field("why").strip()[:400],
            )
        except UketsukeError as error:
            return again(visit.tell(error))
        if not deed.why:
            return again(visit.say("say_why"))

        def begin() -> Response:
            outcome = self.counter(visit).ask(deed)
            return self.answer(outcome, "/rollouts" if outcome.result is None else f"/rollouts/{outcome.result.name}")

        return self.attempt(visit, begin, again)

    def one(self, visit: Visit, *, message: str = "", status: int = 200) -> Response:
        """Show one."""
        return self._one("rollout.html", visit, message=message, status=status)

    def one_rows(self, visit: Visit) -> Response:
        """Return what changes on it."""
        return self._one("rollout_rows.html", visit)

    def change(self, visit: Visit) -> Response:
        """Hold it, let it go on, end it, take it back."""
        name: str = visit.request.path_params["rollout"]
        word, why = visit.field("change"), visit.field("why").strip()[:400]
        if word not in get_args(Change) or not why:
            return self.one(visit, message=visit.say("say_why"), status=422)
        deed = msgspec.convert({"deed": "change_rollout", "rollout": name, "change": word, "why": why}, ChangeRollout)
        again = lambda words: self.one(visit, message=words, status=422)  # noqa: E731
        return self.act(visit, deed, then=f"/rollouts/{name}", again=again)

    def _list(self, template: str, visit: Visit, *, message: str = "", status: int = 200) -> Response:
        with self.fleet.store.look(visit.now) as work:
            kept = work.jobs.rollouts()
            units = work.units.glances()
        lines = [
            Line(
                one.rollout,
                msgspec.convert(one.plan, Course),
                msgspec.convert(one.progress, Progress),
                one.made_by,
                one.made_at,
                one.why,
            )
            for one in kept
        ]
        return self.views.page(
            template,
            visit,
            here="/rollouts",
            lines=lines,
            tones=TONES,
            parts=list(Kind),
            site_names=sorted({unit.site for unit in units if unit.site}, key=as_counted),
            profile_names=sorted({unit.profile for unit in units if unit.profile}),
            typed=dict(visit.form),
            message=message,
            status=status,
        )

    def _one(self, template: str, visit: Visit, *, message: str = "", status: int = 200) -> Response:
        name: str = visit.request.path_params["rollout"]
        with self.fleet.store.look(visit.now) as work:
            try:
                found = desk.find(work, name)
            except BadConfig:
                return self.views.message(visit, 404, visit.say("not_found"))
            kept = work.jobs.rollout(name)
            jobs = desk.updates_of(work, name)
            entries = work.audit.entries(name, limit=50)
        units = sum(len(wave) for wave in found.course.waves)
        return self.views.page(
            template,
            visit,
            here="/rollouts",
            found=found,
            kept=kept,
            tone_of_it=TONES[found.progress.state],
            bars=bars(found.waves, found.back if found.back.units else None),
            plot=plot(jobs, units=units, began=kept.made_at, now=visit.now),
            jobs=sorted(jobs, key=lambda job: job.changed_at, reverse=True)[:LISTED_JOBS],
            may_change=MAY[found.progress.state],
            history=[told(entry, visit) for entry in entries],
            message=message,
            status=status,
        )


def _plan(field: Callable[[str], str]) -> RolloutPlan:
    return plan_from_words(
        part=field("part"),
        version=field("version").strip(),
        waves=field("waves"),
        success=field("success"),
        errors=field("errors"),
        soak_s=field("soak_s"),
        window=field("window").strip(),
        job_s=field("job_s"),
        on_error=field("on_error"),
    )
