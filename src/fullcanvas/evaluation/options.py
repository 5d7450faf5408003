"""The options of the commands that measure, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

STDOUT = Path("-")
"""What `--json` says to have the scores printed as JSON and nothing else."""


def check_place(path: Path | None) -> Path | None:
    """The place of a file that a command will write, a link followed; `STDOUT` stays as it is.

    Raises:
        typer.BadParameter: something is there that is no file: a device or a pipe, which would be replaced.
    """
    if path is None or path == STDOUT:
        return path
    if path.exists() and not path.is_file():
        raise typer.BadParameter(f"{path} is no file that could be written anew; `-` prints instead")
    return path.resolve()


Place = Annotated[str, typer.Argument(help="A COCO panoptic data set: its folder, or its json file.")]
Allocation = Annotated[
    Literal["one-per-region", "free"], typer.Option(help="How a round's scribbles are spent.")
]
Rounds = Annotated[int, typer.Option(min=0, help="Rounds of one scribble per region on average.")]
Model = Annotated[
    str,
    typer.Option(
        help="An embedded model, such as `default`, the path of a model file, `dextr:PATH`, "
        "`sam:ENCODER,DECODER` (ONNX files), or one of the baselines `smallest-box`, `grabcut`, "
        "`random-walker` and `watershed`."
    ),
]
FirstModel = Annotated[
    str | None, typer.Option(help="Answers the extreme points alone, instead of `--model`.")
]
Annotator = Annotated[
    str,
    typer.Option(help="`paper`, `clicks`, or the clumsier `robust`; `robust:SIGMA` in pixels, `paper:PERT`."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Evaluate only so many photos.")]
Fraction = Annotated[
    float, typer.Option(min=0, max=1, help="Evaluate on a part that holds this share of the photos.")
]
Part = Annotated[int, typer.Option(min=0, help="Which part, counted from 0.")]
Jobs = Annotated[int, typer.Option(min=-1, help="Processes on this machine; -1 uses every core.")]
EngineKind = Annotated[
    Literal["processes", "dask", "ray"], typer.Option("--engine", help="Where the work is done.")
]
Address = Annotated[
    str | None, typer.Option(help="Of a Dask or Ray cluster; it needs the same files at the same paths.")
]
Seed = Annotated[int, typer.Option(min=0, help="Of the simulated annotator.")]
ScribbleSeconds = Annotated[
    float, typer.Option(min=0, help="What a scribble costs a person; extreme points cost 7 s a region.")
]
Scores = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False,
        allow_dash=True,
        callback=check_place,
        help="Write the scores here; an interrupted run then resumes. `-` prints them.",
    ),
]
Gallery = Annotated[
    Path | None, typer.Option(file_okay=False, help="A folder for a picture of every photo's rounds.")
]
Protocol = Annotated[
    Literal["single-object", "multi-object"],
    typer.Option(help="Count clicks as RITM does (one object a photo), or as DynaMITe does (all)."),
]
Strategy = Annotated[
    Literal["max-dt", "worst", "worst-limited", "best", "random", "round-robin"],
    typer.Option(help="Which of several objects is clicked on next."),
]

# Of `reproduce` alone.
Result = Annotated[
    Literal["table1", "table2", "figure5", "figure6"], typer.Argument(help="Which result of the paper.")
]
Data = Annotated[
    Path,
    typer.Option(help="COCO's folder; with --small the one with the small data sets.", file_okay=False),
]
Results = Annotated[
    Path,
    typer.Option(help="Models, scores and the result go here; what is there is used.", file_okay=False),
]
Small = Annotated[bool, typer.Option("--small", help="A light network and little data.")]
Configs = Annotated[
    Path | None, typer.Option(help="A folder of TOML files; else `configs/paper` or `configs/small`.")
]
OtherSet = Annotated[
    str | None, typer.Option(help="Evaluate on this; else on COCO's val2017, or on `coco-val50`.")
]
FigureRounds = Annotated[int, typer.Option(min=1, help="Rounds of scribbles, for the figures.")]
