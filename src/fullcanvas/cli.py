"""The command line: one Typer app, one command per thing a person comes to do.

A command here reads its options and calls one function of a room, which it imports inside its own body:
`fullcanvas --help` must not wait for ONNX Runtime, a web server or torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

app = typer.Typer(
    name="fullcanvas",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from fullcanvas import __version__

        typer.echo(f"fullcanvas {__version__}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Segment every region of an image at once, with a person in the loop."""


# Commands, in the order in which a newcomer meets them: annotate, export, evaluate, train.


@app.command()
def evaluate(
    dataset: Annotated[str, typer.Argument(help="A COCO panoptic data set: its folder, or its json file.")],
    *,
    allocation: Annotated[
        Literal["one-per-region", "free"], typer.Option(help="How a round's scribbles are spent.")
    ] = "free",
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of one scribble per region on average.")] = 4,
    model: Annotated[
        str, typer.Option(help="`default`, the path of a model file, or `smallest-box`.")
    ] = "default",
    first_model: Annotated[
        str | None, typer.Option(help="Answers the extreme points alone, instead of `--model`.")
    ] = None,
    annotator: Annotated[
        str, typer.Option(help="`paper`, or `paper:PERT` with extreme points up to PERT pixels off.")
    ] = "paper",
    limit: Annotated[int | None, typer.Option(min=1, help="Evaluate only so many photos.")] = None,
    jobs: Annotated[int, typer.Option(min=-1, help="Processes; -1 uses every core.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated annotator.")] = 0,
    scribble_seconds: Annotated[
        float, typer.Option(min=0, help="What a scribble costs a person; extreme points cost 7 s a region.")
    ] = 3.0,
    json: Annotated[
        Path | None, typer.Option(help="Write the scores here; an interrupted run then resumes.")
    ] = None,
) -> None:
    """Let a simulated annotator work through a data set, and print how good the segmentations get."""
    from rich.console import Console

    from fullcanvas.datasets import DatasetError, open_dataset
    from fullcanvas.evaluation.console import print_report, progress_bar
    from fullcanvas.evaluation.run import EvaluationError, Settings
    from fullcanvas.evaluation.run import evaluate as run
    from fullcanvas.inference.model_file import ModelError
    from fullcanvas.simulation.annotators import Allocation, AnnotatorError

    settings = Settings(model, first_model, annotator, Allocation(allocation), rounds, seed)
    options: dict[str, Any] = {
        "limit": limit,
        "jobs": jobs or 1,
        "scribble_seconds": scribble_seconds,
        "out": json,
    }
    try:
        with progress_bar(Console(stderr=True)) as progress:
            report = run(open_dataset(dataset), settings, **options, progress=progress)
    except (DatasetError, ModelError, EvaluationError, AnnotatorError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
    print_report(report, Console())


if __name__ == "__main__":
    app()
