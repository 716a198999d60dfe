"""A threshold for the manifest, with the sentence that says where it comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from device.app.face_evaluation import figures
from device.app.face_evaluation.gallery import Gallery
from device.app.face_evaluation.vectors import Measured
from device.domain.errors import BadConfig
from device.face.match import WORST_INFLATION

STEP = 0.005
RETRY_FAR = 1e-3
"""A mean that one stranger in 1,000 reaches is worth further frames."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would stand in the manifest."""

    accept: float
    retry: float
    provenance: str

    def toml(self) -> str:
        """Return it as it stands in the manifest."""
        return (
            f'[model.threshold]\naccept = {self.accept:.3f}\nretry = {self.retry:.3f}\nprovenance = """\n'
            f'{self.provenance}"""'
        )


def propose(gallery: Gallery, measured: Measured, *, far: float, source: str) -> Proposal:
    """Return the threshold by which an attempt passes at most `far` of strangers, in the least kind of the views.

    Raise BadConfig where there are too few strangers to tell: ten, at least, would have to pass.
    """
    one_frame = far / WORST_INFLATION
    live = measured.live
    people = figures.places_of(gallery)
    apart = {view: figures.strangers(live, shown, people) for view, shown in measured.portraits.items()}
    total = min(each.total for each in apart.values())
    if one_frame * total < 10:  # noqa: PLR2004
        raise BadConfig(
            f"{total} pairs of strangers cannot show one in {1 / one_frame:,.0f}; "
            f"at least {10 / one_frame:,.0f} are needed",
            where="--far",
        )
    accept = _up(max(each.score_at(one_frame) for each in apart.values()))
    retry = _up(max(each.score_at(max(RETRY_FAR, 2 * one_frame)) for each in apart.values()))
    passing = {
        view.name: float(np.mean(figures.pair_scores(live, measured.portraits[view], gallery.same) >= accept))
        for view in apart
    }
    shares = "; ".join(
        f"{view.name}: {each.share_at(accept):.1e} of strangers, {passing[view.name]:.1%} of same-person pairs"
        for view, each in apart.items()
    )
    return Proposal(
        accept,
        min(retry, accept),
        f"Cosine. Chosen by `uketsuke face tune` on {source} ({len(gallery.shots)} photos of {len(gallery.people)} "
        f"people, {total:,} pairs of strangers) so that an attempt of up to eight frames, however alike they are, lets "
        f"at most {far:.0e} of strangers pass (one frame: {one_frame:.1e}). One frame at {accept:.3f}: {shares}.",
    )


def _up(score: float) -> float:
    return math.ceil(score / STEP - 1e-9) * STEP
