"""Everything that is known about one embedder on one folder, and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from device.app.face_evaluation import figures
from device.app.face_evaluation.attempts import Attempts, try_attempts
from device.app.face_evaluation.counts import Share, share
from device.app.face_evaluation.figures import Accuracy, Rate
from device.app.face_evaluation.gallery import Gallery
from device.app.face_evaluation.vectors import Measured, View, missing
from device.domain.reasons import Reason
from device.face.manifest import ModelSpec


@dataclass(frozen=True, slots=True)
class Group:
    """People who share a label, judged by the threshold that everybody is judged by."""

    attribute: str
    value: str
    people: int
    missed: Share
    """Photos without a face."""
    genuine: Share | None
    """Pairs of one person that pass; None where nobody has two photos."""
    strangers: Share
    """Pairs of two people of this group that pass."""


@dataclass(frozen=True, slots=True)
class ViewReport:
    """Photos as they are on one side, this view on the other."""

    view: str
    card_bytes: float | None
    missed: Share
    strangers: int
    accuracy: Accuracy | None
    rates: tuple[Rate, ...]
    equal_error: float
    genuine_median: float
    at_threshold: tuple[Share, Share]
    """At the manifest's `accept`: strangers who pass, genuine pairs that pass."""
    curve: tuple[tuple[float, float, float], ...]
    attempts: tuple[Attempts, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What `uketsuke face evaluate` tells."""

    embedder: str
    accept: float
    photos: int
    people: int
    pairs: int
    refused: dict[Reason, int]
    """What the gates of a live frame would say of how many photos, the most frequent first."""
    views: tuple[ViewReport, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Tell it, a line at a time."""
        yield f"{self.embedder}: {self.photos} photos of {self.people} people, {self.pairs} pairs of one person"
        gates = ", ".join(f"{reason} {count}" for reason, count in self.refused.items())
        yield f"what the gates of a live frame would say of these photos (all are measured here): {gates or 'nothing'}"
        for view in self.views:
            yield ""
            yield from _lines(view, self.accept)


def report(gallery: Gallery, measured: Measured, spec: ModelSpec, *, say: Callable[[str], None]) -> Report:
    """Return the report on everything measured."""
    views = []
    for view in measured.portraits:
        say(f"comparing: {view.name}")
        views.append(_view_report(gallery, measured, spec, view))
    return Report(
        embedder=spec.name,
        accept=spec.threshold.accept,
        photos=len(gallery.shots),
        people=len(gallery.people),
        pairs=len(gallery.same),
        refused=dict(measured.refused.most_common()),
        views=tuple(views),
    )


def _view_report(gallery: Gallery, measured: Measured, spec: ModelSpec, view: View) -> ViewReport:
    live, shown = measured.live, measured.portraits[view]
    people = figures.places_of(gallery)
    genuine = figures.pair_scores(live, shown, gallery.same)
    owners = people[[first for first, _ in gallery.same]]
    apart = figures.strangers(live, shown, people)
    photos = [
        np.bincount(people[~missed], minlength=len(gallery.people)) for missed in (missing(live), measured.missed(view))
    ]
    curve = figures.curve(genuine, apart)
    accept = spec.threshold.accept
    return ViewReport(
        view=view.name,
        card_bytes=measured.card_bytes.get(view),
        missed=share(int(measured.missed(view).sum()), len(gallery.shots)),
        strangers=apart.total,
        accuracy=figures.accuracy(live, shown, gallery.folds),
        rates=tuple(figures.rates(genuine, owners, apart, (photos[0], photos[1]))),
        equal_error=figures.equal_error(curve),
        genuine_median=float(np.median(genuine)),
        at_threshold=(
            share(int((apart.scores >= accept).sum()), apart.total),
            share(int((genuine >= accept).sum()), len(genuine)),
        ),
        curve=tuple(curve),
        attempts=tuple(try_attempts(live, shown, people, spec.threshold)),
        groups=tuple(_groups(gallery, measured, view, accept)),
    )


def _groups(gallery: Gallery, measured: Measured, view: View, accept: float) -> Iterator[Group]:
    live, shown = measured.live, measured.portraits[view]
    people = figures.places_of(gallery)
    for attribute, values in gallery.labels.items():
        for value in sorted(set(values.values())):
            members = {person for person, its in values.items() if its == value}
            inside = np.array([shot.person in members for shot in gallery.shots])
            if len(members) < 2:  # noqa: PLR2004  nobody to be mistaken for
                continue
            pairs = [pair for pair in gallery.same if inside[pair[0]]]
            genuine = figures.pair_scores(live, shown, pairs)
            apart = figures.strangers(live[inside], shown[inside], people[inside])
            if not apart.total:
                continue
            yield Group(
                attribute,
                value,
                len(members),
                share(int(measured.missed(view)[inside].sum()), int(inside.sum())),
                share(int((genuine >= accept).sum()), len(genuine)) if len(genuine) else None,
                share(int((apart.scores >= accept).sum()), apart.total),
            )


def _lines(view: ViewReport, accept: float) -> Iterator[str]:
    size = f" ({view.card_bytes:.0f} bytes on average)" if view.card_bytes else ""
    yield f"photo against {view.view}{size}: no face in {_told(view.missed)}"
    if view.accuracy:
        yield f"  accuracy {view.accuracy.mean:.2%} ± {view.accuracy.deviation:.2%} over {view.accuracy.folds} folds"
    yield f"  equal error {view.equal_error:.2%}; median of genuine pairs {view.genuine_median:.3f}"
    for rate in view.rates:
        tar, score = rate.tar, rate.score
        yield (
            f"  FAR {rate.far:.0e}: TAR {tar.value:.2%} ({tar.low:.2%} to {tar.high:.2%}) "
            f"at {score.value:.3f} ({score.low:.3f} to {score.high:.3f})"
        )
    passing, genuine = view.at_threshold
    yield f"  at the threshold {accept}: strangers {_told(passing)}, genuine pairs {_told(genuine)}"
    for attempt in view.attempts:
        yield (
            f"  attempt of a {attempt.kind}: passes {_told(attempt.passed)}; {attempt.mean_frames:.2f} frames, "
            f"{attempt.after_one_frame:.1%} end with the first"
        )
    for group in view.groups:
        genuine_told = _told(group.genuine) if group.genuine else "no pairs"
        yield (
            f"  {group.attribute} = {group.value} ({group.people} people): no face {_told(group.missed)}; "
            f"genuine {genuine_told}; strangers {_told(group.strangers)}"
        )


def _told(what: Share) -> str:
    return f"{what.count:,} of {what.of:,} ({_rate(what.count / what.of)}; {_rate(what.low)} to {_rate(what.high)})"


def _rate(rate: float) -> str:
    return f"{rate:.2e}" if 0 < rate < 1e-3 else f"{rate:.2%}"  # noqa: PLR2004  where per cent show nothing
