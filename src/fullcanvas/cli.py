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
from fullcanvas.server import commands as projects

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

        fullcanvas evaluate coco/annotations/panoptic_val2017.json --rounds 4

    Each command has its own --help.
    """


# Commands, in the order in which a newcomer meets them.


app.command()(projects.annotate)
app.command("import")(projects.import_)
app.command()(projects.export)
app.command()(projects.summary)
app.command()(projects.encode)
app.command()(projects.serve)
app.add_typer(projects.users, name="users")
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
    from fullcanvas.evaluation.console import progress_bar
    from fullcanvas.evaluation.engine import Engine
    from fullcanvas.evaluation.refusals import GOES_ON

    console = Console(stderr=True)
    with _refusals("train,experiments", GOES_ON):
        workers = Engine(jobs, engine, address)
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
    r"""Train a model and write it as a model file that every other command takes.

    The first stage of the embedded model, from a folder that holds the data sets its configuration names:

        fullcanvas train configs/default.toml --data data/ --out runs/default

    A model for your own photos, from what you annotated and exported (minutes on a CPU):

        fullcanvas train configs/fine-tune.toml --init default --data my-export/ --out runs/mine

    A trial, to see what one idea is worth:

        fullcanvas train configs/default.toml --data data/ --out runs/trial \
            --set training.steps=1000 --set network.prior=false

    On several GPUs, which share the images of each step:

        torchrun --nproc-per-node 4 -m fullcanvas train configs/default.toml --data data/ --out runs/default

    Interrupted, it goes on where it was when the same command is given again.
    """
    from rich.console import Console

    from fullcanvas.evaluation.refusals import GOES_ON

    with _refusals("train", GOES_ON):
        from fullcanvas.learning.train import Request
        from fullcanvas.learning.train import train as run

        request = Request(config, data or [], out, resume, init, sibling, changes or [], device)
        run(request, Console())


@app.command("export-model")
def export_model(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint of a run, whether finished or not.")],
    *,
    out: Annotated[Path, typer.Option(help="The model file to write.")],
    name: Annotated[str | None, typer.Option(help="Of the model, instead of the configuration's.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of the model, instead of the configuration's.")] = None,
) -> None:
    """Write the model file of a checkpoint.

    Of a training that goes on:

        fullcanvas export-model runs/default/checkpoint.pt --out model.zip

    To see how far it is:

        fullcanvas evaluate my-set/ --model model.zip
    """
    with _refusals("train", "no model was written"):
        from fullcanvas.learning.train import export_checkpoint

        export_checkpoint(checkpoint, out, name=name, licence=licence)
        typer.echo(f"Wrote {out}")


@contextmanager
def _refusals(extra: str, interrupted: str) -> Iterator[None]:
    """What training and evaluations refuse becomes one line and exit code 2, as in `refusals`."""
    from fullcanvas.evaluation.refusals import refusals
    from fullcanvas.learning.errors import LearningError

    with refusals(LearningError, OSError, extra=extra, interrupted=interrupted):
        yield


if __name__ == "__main__":
    app()
