"""`uketsuke face …`: how well faces are told apart here, measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.app.assets.place import MODELS_DIR
from device.app.said import JsonOption
from device.domain.errors import BadConfig

if TYPE_CHECKING:
    from device.app.face_evaluation.gallery import Gallery
    from device.app.face_evaluation.vectors import Measured, View
    from device.face.manifest import ModelSpec


app = typer.Typer(help="How well faces are told apart, measured on a folder of photos.", no_args_is_help=True)

ModelsOption = Annotated[Path, typer.Option("--models", help="Folder with manifest.toml and weights.")]
PairsOption = Annotated[
    Path,
    typer.Option("--pairs", help="Photos laid out as LFW: DIR/NAME/NAME_0001.jpg; pairs.txt, labels.csv: optional."),
]
EmbedderOption = Annotated[
    str | None, typer.Option("--embedder", help="By its name in the manifest; else the manifest's default.")
]
ProcessesOption = Annotated[int, typer.Option(min=1, max=64, help="Photos measured at the same time.")]
EraseOption = Annotated[
    bool,
    typer.Option("--erase", help="Overwrite and delete every photo as soon as it is measured. Only scores remain."),
]


@app.command()
def evaluate(
    pairs: PairsOption,
    embedder: EmbedderOption = None,
    models: ModelsOption = MODELS_DIR,
    processes: ProcessesOption = 1,
    *,
    erase: EraseOption = False,
    as_json: JsonOption = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the error trade-off (.svg, .png, .pdf).")] = None,
) -> None:
    """Print accuracy, error rates with their intervals, and what becomes of whole attempts. Progress goes to stderr.

    Every photo is compared as it is and as a card would carry it (240 x 320, grey, JPEG 2000 of 5 and of 12 kB).
    Nothing but scores leaves the program; photos and templates are kept nowhere.
    """
    from device.app.face_evaluation.report import report  # noqa: PLC0415  heavy, and of no use to other commands
    from device.app.face_evaluation.vectors import CARD_5K, CARD_12K, PLAIN  # noqa: PLC0415

    gallery, measured, spec = _measured(
        pairs, embedder, models, processes, views=(PLAIN, CARD_5K, CARD_12K), erase=erase
    )
    told = report(gallery, measured, spec, say=_progress)
    if plot:
        from device.app.face_evaluation.drawing import draw  # noqa: PLC0415

        draw([told], plot)
    if as_json:
        typer.echo(json.dumps(told.as_json(), ensure_ascii=False))
    else:
        for line in told.lines():
            typer.echo(line)


@app.command()
def tune(
    pairs: PairsOption,
    embedder: EmbedderOption = None,
    models: ModelsOption = MODELS_DIR,
    processes: ProcessesOption = 1,
    *,
    far: Annotated[
        float, typer.Option(min=1e-6, max=0.01, help="Share of strangers that one attempt may let pass.")
    ] = 1e-4,
    source: Annotated[str, typer.Option(help="What the photos are, for the provenance.")] = "",
    erase: EraseOption = False,
    as_json: JsonOption = False,
) -> None:
    """Propose a threshold for the manifest, with its provenance. It is printed, never written into the manifest."""
    from device.app.face_evaluation.tuning import propose  # noqa: PLC0415
    from device.app.face_evaluation.vectors import CARD_5K, PLAIN  # noqa: PLC0415

    gallery, measured, spec = _measured(pairs, embedder, models, processes, views=(PLAIN, CARD_5K), erase=erase)
    proposal = propose(gallery, measured, far=far, source=source or pairs.name)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "embedder": spec.name,
                    "accept": proposal.accept,
                    "retry": proposal.retry,
                    "provenance": proposal.provenance,
                },
                ensure_ascii=False,
            )
        )
    else:
        typer.echo(f"# {spec.name}: now accept = {spec.threshold.accept}, retry = {spec.threshold.retry}")
        typer.echo(proposal.toml())


@app.command("evaluate-covers")
def evaluate_covers(
    pairs: PairsOption,
    models: ModelsOption = MODELS_DIR,
    *,
    skip: Annotated[int, typer.Option(min=0, help="Leave out so many people: those that limits were chosen on.")] = 0,
    drawn: Annotated[int | None, typer.Option(min=1, help="Draw over so many people at most; else over all.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print how often a mask, sunglasses or a hand over a face is noticed, and how often one is seen that is not there.

    One photo of each person is looked at as it is, and with covers drawn over it.
    """
    from device.app.face_evaluation.covers import look_at_covers  # noqa: PLC0415
    from device.app.face_evaluation.gallery import read_gallery  # noqa: PLC0415
    from device.app.face_models import load_models  # noqa: PLC0415

    lines = look_at_covers(read_gallery(pairs), load_models(models).detector, skip=skip, drawn=drawn, say=_progress)
    if as_json:
        rows = [{"over": line.over, "told": line.told.count, "of": line.told.of} for line in lines]
        typer.echo(json.dumps({"rows": rows}))
    else:
        for line in lines:
            typer.echo(line.words())


@app.command("evaluate-liveness")
def evaluate_liveness(
    folder: Annotated[
        Path, typer.Option("--dir", help="DIR/live and one folder per attack: photos, or folders of frames.")
    ],
    models: ModelsOption = MODELS_DIR,
    *,
    as_json: JsonOption = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the errors with their intervals (.svg, .png, .pdf).")] = None,
) -> None:
    """Print how many attacks of each kind pass (APCER) and how many live visitors do not (BPCER), layer by layer.

    Each with its exact 95 % interval. A folder of frames may hold an asked.toml that says which move was asked for
    and when (docs/liveness.md). Pictures are read where they lie and kept nowhere.
    """
    from device.app.face_models import load_engine  # noqa: PLC0415
    from device.app.liveness_evaluation.measuring import Measurer  # noqa: PLC0415
    from device.app.liveness_evaluation.presentations import read_presentations  # noqa: PLC0415
    from device.app.liveness_evaluation.report import tally  # noqa: PLC0415
    from device.app.liveness_parts import rules_as_installed  # noqa: PLC0415

    presentations = read_presentations(folder)
    measurer = Measurer(load_engine(models)[0], *rules_as_installed(models, say=_progress))
    told = []
    for number, presentation in enumerate(presentations, start=1):
        _progress(f"{number} of {len(presentations)}: {presentation.species}/{presentation.name}")
        told.append(measurer.measure(presentation))
    report = tally(told)
    if plot:
        report.draw(plot)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        for line in report.lines():
            typer.echo(line)


@app.command("stage-liveness")
def stage_liveness(
    folder: Annotated[Path, typer.Option("--dir", help="An empty folder, or one that is not there yet.")],
    models: ModelsOption = MODELS_DIR,
    takes: Annotated[int, typer.Option(min=1, max=100, help="So many of every kind, person and move.")] = 1,
    *,
    as_json: JsonOption = False,
) -> None:
    """Film simulated visitors and attacks into a folder for `evaluate-liveness`. It needs the photos of photos.toml."""
    from device.app.assets.store import load_photos  # noqa: PLC0415
    from device.app.liveness_evaluation.staging import stage  # noqa: PLC0415
    from device.sim.portrait import load_photo  # noqa: PLC0415

    names = [photo.name for photo in load_photos(models / "photos.toml").photo]
    filmed = stage(folder, {name: load_photo(models, name) for name in names}, takes=takes, say=_progress)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "presentations": filmed}))


@app.command("evaluate-parallax")
def evaluate_parallax(
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="Photos laid out as LFW, to be held up flat and to look aside.")
    ] = None,
    models: ModelsOption = MODELS_DIR,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print how often a tilted picture is taken for a head that turns, and how often a turn is not seen."""
    from device.app.face_evaluation.gallery import read_gallery  # noqa: PLC0415
    from device.app.face_models import load_models  # noqa: PLC0415
    from device.app.liveness_evaluation.parallax_study import invented, photographed  # noqa: PLC0415
    from device.face.liveness import MoveLimits  # noqa: PLC0415

    limits = MoveLimits()
    lines = invented(limits.turn, frames=limits.frames)
    if pairs:
        people: dict[str, list[Path]] = {}
        for photo in read_gallery(pairs).shots:
            people.setdefault(photo.person, []).append(photo.path)
        lines += photographed(list(people.values()), load_models(models).detector, limits.turn, _progress)
    if as_json:
        rows = [
            {"kind": line.kind, "head": line.is_head, "passed": line.passed.count, "of": line.passed.of}
            for line in lines
        ]
        typer.echo(json.dumps({"turn": limits.turn, "rows": rows}))
    else:
        typer.echo(f"a turn counts from {limits.turn:g}")
        for line in lines:
            typer.echo(line.words())


def _measured(
    folder: Path, embedder: str | None, models: Path, processes: int, *, views: tuple[View, ...], erase: bool
) -> tuple[Gallery, Measured, ModelSpec]:
    from device.app.assets.store import load_manifest  # noqa: PLC0415
    from device.app.face_evaluation.gallery import read_gallery  # noqa: PLC0415
    from device.app.face_evaluation.vectors import Job, measure  # noqa: PLC0415

    spec = load_manifest(models / "manifest.toml").embedder(embedder)
    gallery = read_gallery(folder)
    if erase and gallery.folds:
        raise BadConfig(
            "a benchmark is not erased; --erase is for photos of your own, without pairs.txt", where=str(folder)
        )
    measured = measure(gallery, Job(models, embedder, views, erase), processes=processes, say=_progress)
    return gallery, measured, spec


def _progress(line: str) -> None:
    typer.echo(line, err=True)
