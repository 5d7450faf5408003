"""The command that measures speed: `fullcanvas benchmark`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fullcanvas.evaluation.options import STDOUT, check_place

PICTURES = (".png", ".svg")


def check_plot(path: Path | None) -> Path | None:
    """The place of the picture, as `check_place`; it is known before the measuring what kind it will be."""
    if path is not None and path.suffix.lower() not in PICTURES:
        raise typer.BadParameter(f"{path} should end in {' or '.join(PICTURES)}")
    return check_place(path)


Model = Annotated[
    str, typer.Option(help="An embedded model, such as `default`, or the path of a model file.")
]
Photos = Annotated[
    Path | None,
    typer.Option(help="A folder of real photos; else the checkout's `examples/photos`.", file_okay=False),
]
Truth = Annotated[
    Path | None,
    typer.Option(help="A COCO panoptic data set, on which a simulated annotator works as well."),
]
Corrections = Annotated[
    int, typer.Option(min=1, help="Corrections timed for each number of regions and each size.")
]
Seed = Annotated[int, typer.Option(min=0, help="Of the random boxes and strokes.")]
Peer = Annotated[
    list[str] | None,
    typer.Option(help="Another system at the same work: `grabcut`, `sam:ENCODER,DECODER`; can be repeated."),
]
Figures = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False, allow_dash=True, callback=check_place, help="Write the figures here; `-` prints them."
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(dir_okay=False, callback=check_plot, help="Draw them here, as PNG or SVG."),
]


def benchmark(
    *,
    model: Model = "default",
    photos: Photos = None,
    dataset: Truth = None,
    corrections: Corrections = 100,
    seed: Seed = 0,
    peer: Peer = None,
    json: Figures = None,
    plot: Plot = None,
) -> None:
    """Measure how fast photos are embedded, first predicted and corrected on this machine.

    With the architecture of MobileSAM (python benchmarks/mobile_sam.py FOLDER) at the same work:

        fullcanvas benchmark --peer grabcut --peer sam:FOLDER/encoder.onnx,FOLDER/decoder.onnx

    Close other programs first: they slow everything down, and the slowest corrections most.
    """
    from functools import partial

    from rich.console import Console

    from fullcanvas.benchmark.console import print_figures
    from fullcanvas.benchmark.errors import BenchmarkError
    from fullcanvas.benchmark.plot import plot as draw
    from fullcanvas.benchmark.run import Settings, measure
    from fullcanvas.evaluation.console import show
    from fullcanvas.evaluation.files import write_json
    from fullcanvas.evaluation.load import load_predictor
    from fullcanvas.evaluation.predictors import full_image
    from fullcanvas.evaluation.refusals import refusals

    with refusals(BenchmarkError, OSError):
        peers = [full_image(load_predictor(spec)) for spec in peer or ()]
        figures = measure(Settings(model, photos, corrections, seed, dataset, peers))
        show(figures, json, partial(print_figures, console=Console()))
        if json is not None and json != STDOUT:
            write_json(json, figures)
        if plot is not None:
            draw(figures, plot)
