"""The command line: one Typer app, one command per thing a person comes to do.

A command here reads its options and calls one function of a room, which it imports inside its own body:
`fullcanvas --help` must not wait for ONNX Runtime, a web server or torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from fullcanvas.benchmark import commands as timing
from fullcanvas.evaluation import commands as measuring
from fullcanvas.evaluation import options
from fullcanvas.server import commands

Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")]
FirstWeights = Annotated[
    str | None, typer.Option(help="Start from `default`, a model file, or a checkpoint (.pt).")
]
Sibling = Annotated[
    str | None, typer.Option(help="A model whose errors are scribbled on, if the TOML file wants one.")
]

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
    """Segment every region of an image at once, with a person in the loop.

    Annotate a folder of photos in the browser, then take the segmentations home:

        fullcanvas annotate holiday/

        fullcanvas export holiday/ --out holiday-panoptic

    Measure how good a model gets on a data set with every scribble:

        fullcanvas evaluate coco/panoptic_val2017.json --rounds 4

    Each command has its own --help.
    """


# Commands, in the order in which a newcomer meets them: annotate, export, evaluate, train.


@app.command()
def annotate(
    photos: Annotated[Path, typer.Argument(help="The folder of photos; sub-folders count.")],
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8000,
    host: Annotated[str, typer.Option(help="This machine's own address.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    labels: Annotated[
        Path | None, typer.Option(help='`[{"id", "name", "isthing", "color"}]`, or a list of names.')
    ] = None,
    model: Annotated[str, typer.Option(help="`default`, or the path of a model file.")] = "default",
    project: Annotated[
        Path | None, typer.Option(help="Where the work is stored; else in `.fullcanvas` beside the photos.")
    ] = None,
    database: commands.Address = None,
    memory: commands.Memory = 2,
    cache: commands.Cache = 5,
    max_megapixels: Annotated[float, typer.Option(min=0.001, help="The largest photo that is opened.")] = 200,
) -> None:
    """Annotate a folder of photos in the browser; everything is stored as you go."""
    from rich.console import Console

    from fullcanvas.inference.model_file import ModelError
    from fullcanvas.server.errors import ServerError
    from fullcanvas.server.serve import Service
    from fullcanvas.server.serve import annotate as serve

    service = Service(
        folder=photos,
        host=host,
        port=port,
        labels=labels,
        model=model,
        place=project,
        max_pixels=round(max_megapixels * 1e6),
        database=database,
        memory=round(memory * 1e9),
        disk=round(cache * 1e9),
    )
    try:
        serve(service, browser, Console())
    except (ServerError, ModelError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error


app.command()(commands.encode)
app.command()(commands.serve)
app.add_typer(commands.users, name="users")


@app.command("import")
def import_(
    photos: Annotated[Path, typer.Argument(help="The folder of photos.")],
    *,
    format: Annotated[  # noqa: A002 the option's name
        Literal["coco-panoptic", "coco-instances", "label-png"], typer.Option(help="What is read.")
    ],
    origin: Annotated[Path, typer.Option("--from", help="The folder that holds the work, or its json file.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete (it can be undone) the regions that photos have.")
    ] = False,
    labels: Annotated[
        Path | None, typer.Option(help="Labels to take over; for label-png, the classes of its values.")
    ] = None,
    project: Annotated[
        Path | None, typer.Option(help="Where the work is stored; else in `.fullcanvas` beside the photos.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="The address of a PostgreSQL database, instead of a file.")
    ] = None,
    max_megapixels: Annotated[float, typer.Option(min=0.001, help="The largest photo that is opened.")] = 200,
) -> None:
    """Bring existing work in, to correct it; photos that have been worked on are left alone."""
    from rich.console import Console

    from fullcanvas.formats.errors import ImportFormatError
    from fullcanvas.server.errors import ServerError
    from fullcanvas.server.take_in import import_project

    try:
        report = import_project(
            photos,
            origin,
            form=format,
            overwrite=overwrite,
            labels=labels,
            place=project,
            max_pixels=round(max_megapixels * 1e6),
            console=Console(stderr=True),
            database=database,
        )
    except (ServerError, ImportFormatError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
    for line in [*report.notes, *report.skipped]:
        typer.echo(line)
    typer.echo(f"{report.regions} regions in {report.photos} photos imported, {len(report.skipped)} skipped")


@app.command()
def export(
    photos: Annotated[Path, typer.Argument(help="The folder of photos.")],
    *,
    out: Annotated[Path, typer.Option(help="The folder to make; an earlier export there is replaced.")],
    format: Annotated[  # noqa: A002, ARG001 the option's name; there is one so far
        Literal["coco-panoptic"], typer.Option(help="What to write.")
    ] = "coco-panoptic",
    unlabelled: Annotated[
        Literal["error", "void", "region"],
        typer.Option(help="What becomes of regions without a label: no export, void, or a class `region`."),
    ] = "error",
    status: Annotated[
        Literal["complete", "all"], typer.Option(help="Only complete photos, or all that have regions.")
    ] = "all",
    images: Annotated[
        Literal["link", "copy", "none"], typer.Option(help="How the photos go with the export.")
    ] = "link",
    model: Annotated[str, typer.Option(help="Segments the photos that are not complete.")] = "default",
    project: Annotated[
        Path | None, typer.Option(help="Where the work is stored; else in `.fullcanvas` beside the photos.")
    ] = None,
    database: commands.Address = None,
    max_megapixels: Annotated[float, typer.Option(min=0.001, help="The largest photo that is opened.")] = 200,
) -> None:
    """Take the segmentations home as files."""
    from rich.console import Console

    from fullcanvas.formats.coco_panoptic import Unlabelled
    from fullcanvas.formats.errors import ExportError
    from fullcanvas.inference.model_file import ModelError
    from fullcanvas.server.errors import ServerError
    from fullcanvas.server.take_home import export_project

    try:
        export_project(
            photos,
            out,
            unlabelled=Unlabelled(unlabelled),
            only_complete=status == "complete",
            images=images,
            model=model,
            place=project,
            max_pixels=round(max_megapixels * 1e6),
            console=Console(),
            database=database,
        )
    except (ServerError, ExportError, ModelError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error


app.command()(measuring.evaluate)
app.command()(measuring.evaluate_clicks)


@app.command()
def reproduce(
    what: options.Result,
    *,
    data: options.Data,
    out: options.Results,
    small: options.Small = False,
    configs: options.Configs = None,
    dataset: options.OtherSet = None,
    limit: options.Limit = None,
    rounds: options.FigureRounds = 9,
    jobs: options.Jobs = 1,
    engine: options.EngineKind = "processes",
    address: options.Address = None,
    seed: options.Seed = 0,
    device: Device = "auto",
) -> None:
    """Reproduce a table or a figure of the paper: train what is missing, evaluate, compare with the paper.

    As the paper did it, on COCO (days on a GPU):

        fullcanvas reproduce table2 --data coco/ --out runs/paper

    With a light network and little data (some 15 minutes of training a row):

        fullcanvas reproduce table2 --data data/ --out runs/small --small

    Interrupted, it goes on where it was when the same command is given again.
    """
    from rich.console import Console

    from fullcanvas.evaluation import reproduce as room
    from fullcanvas.evaluation.clusters import Engine
    from fullcanvas.evaluation.console import progress_bar

    console = Console(stderr=True)
    with _refusals():
        workers = Engine(jobs or 1, engine, address)
        request = room.Request(what, data, out, small, configs, dataset, limit, rounds, seed, workers)
        bar = partial(progress_bar, console)
        Console().print(room.reproduce(request, _trainer(data, device), console.print, bar), markup=False)


def _trainer(data: Path, device: str) -> Callable[[Path, Path, Path | None], None]:
    """A function that trains by a TOML file, in a folder, on a sibling's errors if there is one."""

    def train_row(config: Path, folder: Path, sibling: Path | None) -> None:
        from rich.console import Console

        from fullcanvas.learning.train import Request
        from fullcanvas.learning.train import train as run

        learnt_from = None if sibling is None else str(sibling)
        run(Request(config, [data], folder, sibling=learnt_from, device=device), Console(stderr=True))

    return train_row


app.command()(measuring.report)
app.command()(timing.benchmark)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="A TOML file: the network, its training, its data sets.")],
    *,
    out: Annotated[Path, typer.Option(help="The run's folder: checkpoint, logs, and at the end model.zip.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="The folder of the configuration's data sets, or a data set to use instead."),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the checkpoint in --out, if there is one.")] = True,
    init: FirstWeights = None,
    sibling: Sibling = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE in the place of what the TOML file says; may be repeated."),
    ] = None,
    device: Device = "auto",
) -> None:
    """Train a model and write it as a model file that every other command takes.

    The embedded model, from a folder that holds the data sets its configuration names:

        fullcanvas train configs/default.toml --data data/ --out runs/default

    A model for your own photos, from what you annotated and exported (minutes on a CPU):

        fullcanvas train configs/fine-tune.toml --init default --data my-export/ --out runs/mine

    A trial, to see what one idea is worth:

        fullcanvas train configs/default.toml --data data/ --out runs/trial
            --set training.steps=1000 --set network.prior=false

    On several GPUs, which share the images of each step:

        torchrun --nproc-per-node 4 -m fullcanvas train configs/default.toml --data data/ --out runs/default

    Interrupted, it goes on where it was when the same command is given again.
    """
    from rich.console import Console

    with _refusals():
        from fullcanvas.learning.train import Request
        from fullcanvas.learning.train import train as run

        request = Request(config, data or [], out, resume, init, sibling, changes or [], device)
        run(request, Console())


@app.command("export-model")
def export_model(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint of a run, whether finished or not.")],
    *,
    out: Annotated[Path, typer.Option(help="The model file to write.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="The folder of its data sets, if the checkpoint does not list their photos."),
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Of the model, instead of the configuration's.")] = None,
) -> None:
    """Write the model file of a checkpoint.

    fullcanvas export-model runs/default/checkpoint.pt --out model.zip
    """
    with _refusals():
        from fullcanvas.learning.train import export_checkpoint

        export_checkpoint(checkpoint, out, data or [], licence)
        typer.echo(f"Wrote {out}")


@contextmanager
def _refusals() -> Iterator[None]:
    """What training and evaluations refuse becomes one line and exit code 2."""
    from fullcanvas.datasets import DatasetError
    from fullcanvas.evaluation.errors import EvaluationError
    from fullcanvas.inference.model_file import ModelError
    from fullcanvas.learning.errors import LearningError

    try:
        yield
    except ModuleNotFoundError as error:
        typer.echo(f'Error: {error}; training needs more packages: pip install "fullcanvas[train]"', err=True)
        raise typer.Exit(2) from error
    except (DatasetError, ModelError, LearningError, EvaluationError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    app()
