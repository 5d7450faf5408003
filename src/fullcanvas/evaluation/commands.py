"""The commands that measure: `fullcanvas evaluate`, `evaluate-clicks` and `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fullcanvas.evaluation import options


def evaluate(
    dataset: options.Place,
    *,
    allocation: options.Allocation = "free",
    rounds: options.Rounds = 4,
    model: options.Model = "default",
    first_model: options.FirstModel = None,
    annotator: options.Annotator = "paper",
    limit: options.Limit = None,
    fraction: options.Fraction = 1.0,
    part: options.Part = 0,
    jobs: options.Jobs = 1,
    engine: options.EngineKind = "processes",
    address: options.Address = None,
    seed: options.Seed = 0,
    scribble_seconds: options.ScribbleSeconds = 3.0,
    json: options.Scores = None,
    gallery: options.Gallery = None,
) -> None:
    """Let a simulated annotator work through a data set, and print how good the segmentations get.

    A first look:

        fullcanvas evaluate my-set/ --limit 20

    A whole run, which goes on where it was when the same command is given again:

        fullcanvas evaluate coco/annotations/panoptic_val2017.json --jobs -1 --json scores.json
    """
    from fullcanvas.datasets import open_dataset
    from fullcanvas.evaluation import run
    from fullcanvas.evaluation.console import print_report, show, watched
    from fullcanvas.evaluation.engine import Engine
    from fullcanvas.simulation.annotators import Allocation

    out = None if json == options.STDOUT else json
    with watched(out) as progress:
        settings = run.Settings(model, first_model, annotator, Allocation(allocation), rounds, seed)
        planned = run.plan(open_dataset(dataset), settings, limit, fraction, part)
        report = run.evaluate(
            planned,
            engine=Engine(jobs, engine, address),
            scribble_seconds=scribble_seconds,
            out=out,
            gallery=gallery,
            progress=progress,
        )
    show(report, json, print_report)


def evaluate_clicks(
    dataset: options.Place,
    *,
    protocol: options.Protocol,
    model: options.Model = "default",
    strategy: options.Strategy = "max-dt",
    limit: options.Limit = None,
    jobs: options.Jobs = 1,
    engine: options.EngineKind = "processes",
    address: options.Address = None,
    seed: options.Seed = 0,
    json: options.Scores = None,
) -> None:
    """Count the clicks that a model needs, by the rules under which other systems are compared.

    Every region of every photo, up to ten clicks for each:

        fullcanvas evaluate-clicks my-set/ --protocol multi-object

    The one object of every photo, 20 clicks for each:

        fullcanvas evaluate-clicks grabcut/ --protocol single-object
    """
    from fullcanvas.datasets import open_dataset
    from fullcanvas.evaluation.console import print_clicks, show, watched
    from fullcanvas.evaluation.engine import Engine
    from fullcanvas.evaluation.protocols import run
    from fullcanvas.evaluation.protocols.multi_object import Strategy

    out = None if json == options.STDOUT else json
    with watched(out) as progress:
        settings = run.ClickSettings(protocol, model, Strategy(strategy), seed)
        workers = Engine(jobs, engine, address)
        report = run.evaluate_clicks(
            open_dataset(dataset), settings, limit=limit, engine=workers, out=out, progress=progress
        )
    show(report, json, print_clicks)


def report(
    results: Annotated[list[Path], typer.Argument(help="Files that `fullcanvas evaluate --json` wrote.")],
    *,
    out: Annotated[Path, typer.Option(help="The folder for `report.md` and `report.png`.")] = Path(),
) -> None:
    """Draw the curves of several evaluations in one figure, and put them into one Markdown table.

    One model beside another:

        fullcanvas report mine.json theirs.json --out comparison/

    The table is printed, too.
    """
    from fullcanvas.evaluation.refusals import refusals
    from fullcanvas.evaluation.report import write_report

    with refusals(OSError):
        typer.echo(write_report(results, out), nl=False)
