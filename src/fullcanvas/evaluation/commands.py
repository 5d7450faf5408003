"""The commands that measure: `fullcanvas evaluate`, `evaluate-clicks` and `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

Limit = Annotated[int | None, typer.Option(min=1, help="Evaluate only so many photos.")]
Jobs = Annotated[int, typer.Option(min=-1, help="Processes on this machine; -1 uses every core.")]
EngineKind = Annotated[
    Literal["processes", "dask", "ray"], typer.Option("--engine", help="Where the work is done.")
]
Address = Annotated[
    str | None, typer.Option(help="Of a Dask or Ray cluster; it needs the same files at the same paths.")
]


def evaluate(
    dataset: Annotated[str, typer.Argument(help="A COCO panoptic data set: its folder, or its json file.")],
    *,
    allocation: Annotated[
        Literal["one-per-region", "free"], typer.Option(help="How a round's scribbles are spent.")
    ] = "free",
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of one scribble per region on average.")] = 4,
    model: Annotated[
        str,
        typer.Option(
            help="`default`, the path of a model file, `dextr:PATH`, `sam:ENCODER,DECODER` (ONNX files), or "
            "one of the baselines `smallest-box`, `grabcut`, `random-walker` and `watershed`."
        ),
    ] = "default",
    first_model: Annotated[
        str | None, typer.Option(help="Answers the extreme points alone, instead of `--model`.")
    ] = None,
    annotator: Annotated[
        str, typer.Option(help="`paper`, or the clumsier `robust`; `robust:SIGMA` in pixels, `paper:PERT`.")
    ] = "paper",
    limit: Limit = None,
    fraction: Annotated[
        float, typer.Option(min=0, max=1, help="Evaluate on a part that holds this share of the photos.")
    ] = 1.0,
    part: Annotated[int, typer.Option(min=0, help="Which part, counted from 0.")] = 0,
    jobs: Jobs = 1,
    engine: EngineKind = "processes",
    address: Address = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated annotator.")] = 0,
    scribble_seconds: Annotated[
        float, typer.Option(min=0, help="What a scribble costs a person; extreme points cost 7 s a region.")
    ] = 3.0,
    json: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write the scores here; an interrupted run then resumes."),
    ] = None,
    gallery: Annotated[
        Path | None, typer.Option(file_okay=False, help="A folder for a picture of every photo's rounds.")
    ] = None,
) -> None:
    """Let a simulated annotator work through a data set, and print how good the segmentations get."""
    from rich.console import Console

    from fullcanvas.datasets import DatasetError, open_dataset
    from fullcanvas.evaluation.clusters import Engine
    from fullcanvas.evaluation.console import print_report, progress_bar
    from fullcanvas.evaluation.errors import EvaluationError
    from fullcanvas.evaluation.run import Settings
    from fullcanvas.evaluation.run import evaluate as run
    from fullcanvas.inference.model_file import ModelError
    from fullcanvas.simulation.annotators import Allocation, AnnotatorError

    settings = Settings(model, first_model, annotator, Allocation(allocation), rounds, seed)
    options: dict[str, Any] = {
        "limit": limit,
        "fraction": fraction,
        "part": part,
        "scribble_seconds": scribble_seconds,
        "out": json,
        "gallery": gallery,
    }
    try:
        with progress_bar(Console(stderr=True)) as progress:
            options["engine"] = Engine(jobs or 1, engine, address)
            report = run(open_dataset(dataset), settings, **options, progress=progress)
    except (DatasetError, ModelError, EvaluationError, AnnotatorError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
    print_report(report, Console())


def evaluate_clicks(
    dataset: Annotated[str, typer.Argument(help="A COCO panoptic data set: its folder, or its json file.")],
    *,
    protocol: Annotated[
        Literal["single-object", "multi-object"],
        typer.Option(help="Count clicks as RITM does (one object a photo), or as DynaMITe does (all)."),
    ],
    model: Annotated[str, typer.Option(help="As in `fullcanvas evaluate`.")] = "default",
    strategy: Annotated[
        Literal["max-dt", "worst", "worst-limited", "best", "random", "round-robin"],
        typer.Option(help="Which of several objects is clicked on next."),
    ] = "max-dt",
    limit: Limit = None,
    jobs: Jobs = 1,
    engine: EngineKind = "processes",
    address: Address = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated clicks.")] = 0,
    json: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write the scores here; an interrupted run then resumes."),
    ] = None,
) -> None:
    """Count the clicks that a model needs, by the rules under which other systems are compared."""
    from rich.console import Console

    from fullcanvas.datasets import DatasetError, open_dataset
    from fullcanvas.evaluation.clusters import Engine
    from fullcanvas.evaluation.console import progress_bar
    from fullcanvas.evaluation.errors import EvaluationError
    from fullcanvas.evaluation.protocols.multi_object import Strategy
    from fullcanvas.evaluation.protocols.run import ClickSettings
    from fullcanvas.evaluation.protocols.run import evaluate_clicks as run
    from fullcanvas.inference.model_file import ModelError

    settings = ClickSettings(protocol, model, Strategy(strategy), seed)
    options: dict[str, Any] = {"limit": limit, "out": json}
    try:
        with progress_bar(Console(stderr=True)) as progress:
            options["engine"] = Engine(jobs or 1, engine, address)
            report = run(open_dataset(dataset), settings, **options, progress=progress)
    except (DatasetError, ModelError, EvaluationError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
    Console().print_json(data=report)


def report(
    results: Annotated[list[Path], typer.Argument(help="Files that `fullcanvas evaluate --json` wrote.")],
    *,
    out: Annotated[Path, typer.Option(help="The folder for `report.md` and `report.png`.")] = Path(),
) -> None:
    """Draw the curves of several evaluations in one figure, and put them into one Markdown table."""
    from fullcanvas.evaluation.errors import EvaluationError
    from fullcanvas.evaluation.report import write_report

    try:
        typer.echo(write_report(results, out), nl=False)
    except EvaluationError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
