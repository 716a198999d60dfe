"""The face chain, from weights to scores, with people on the bench display."""

from __future__ import annotations

from typing import Final

from device.domain.errors import FaceError
from device.face.embed import Template
from device.wire.texts import Text
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.rig.port import Light
from hw.session import Session
from hw.uncertainty import share_percent

ENROLLED: Final = "obama"
GENUINE: Final = "obama2"
IMPOSTORS: Final = ("biden", "astronaut")
LOOKS: Final = 4
FRAME_S: Final = 3.0
PORTRAIT_PX: Final = (240, 320)
FACE_SHARE: Final = 0.48


def measure_models(session: Session) -> None:
    """Compare every file of weights with the manifest."""
    wrong = session.unit.system.wrong_digests()
    session.measured(
        "models.digest_mismatches", len(wrong), note=f"not the manifest's: {', '.join(wrong)}" if wrong else ""
    )


def measure_face(session: Session) -> None:
    """Show somebody else's and the right person's picture, and score frames."""
    session.attempt(*FACE.measures, measure=lambda: _scores(session))


def _scores(session: Session) -> None:
    parts = session.unit.face
    portrait = session.unit.photo(ENROLLED).cut(*PORTRAIT_PX, face_share=FACE_SHARE)
    template = parts.engine.template(portrait)
    session.rig.light(Light.OFFICE)
    try:
        genuine = _look(session, template, GENUINE)
        impostors = [score for name in IMPOSTORS for score in _look(session, template, name)]
    finally:
        template.wipe()
    accept = parts.threshold.accept
    hits = sum(score is not None and score >= accept for score in genuine)
    value, uncertainty = share_percent(hits, len(genuine))
    session.measured("face.genuine_accepted_percent", value, uncertainty=uncertainty, samples=len(genuine))
    taken_in = sum(score is not None and score >= accept for score in impostors)
    session.measured("face.impostors_accepted", taken_in, samples=len(impostors))
    shown = [score for score in (*genuine, *impostors) if score is not None]
    session.draw(
        Series(
            name="scores",
            title=Text(ja="類似度", en="Scores, genuine and impostors"),
            drawing=Drawing.HISTOGRAM,
            x_name="score",
            x=shown,
        )
    )


def _look(session: Session, template: Template, name: str) -> list[float | None]:
    """Return the score of each frame; None where no face was good enough."""
    session.rig.show(name)
    camera, engine = session.unit.camera, session.unit.face.engine
    camera.next_frame(FRAME_S)
    scores: list[float | None] = []
    for _ in range(LOOKS):
        try:
            scores.append(template.score(engine.see(camera.next_frame(FRAME_S).pixels).direction))
        except FaceError:
            scores.append(None)
    return scores


MODELS = Phase(
    name="models",
    title=Text(ja="モデルの照合", en="Weights"),
    next_step=Text(ja="モデルを入れ直してください。", en="Install the weights anew."),
    measures=("models.digest_mismatches",),
    run=measure_models,
)
FACE = Phase(
    name="face",
    title=Text(ja="顔照合", en="Face match"),
    next_step=Text(
        ja="カメラの試験が合格なら、モデルとしきい値の設定を確かめてください。",
        en="If the camera has passed, check weights and threshold.",
    ),
    measures=("face.genuine_accepted_percent", "face.impostors_accepted"),
    run=measure_face,
)
