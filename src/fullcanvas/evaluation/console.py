"""What the commands that measure show: a progress bar with the running score, then a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from fullcanvas.evaluation import jobs
from fullcanvas.evaluation.files import json_text
from fullcanvas.evaluation.options import STDOUT
from fullcanvas.evaluation.protocols.clicks import EXTREME_COSTS
from fullcanvas.evaluation.refusals import GOES_ON, refusals
from fullcanvas.evaluation.summary import GROUPS


@contextmanager
def progress_bar(console: Console) -> Iterator[jobs.Progress]:
    """A bar per task; the function that it gives is the `progress` of an evaluation."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[score]}"),
    )
    bars = Progress(*columns, console=console)
    tasks: dict[str, TaskID] = {}
    with ExitStack() as opened:

        def advance(task: str, done: int, total: int, score: str) -> None:
            if not tasks:  # where nothing is ever done, there is no empty bar
                opened.enter_context(bars)
            if task not in tasks:
                tasks[task] = bars.add_task(task, total=total, score=score)
            bars.update(tasks[task], completed=done, score=score)

        yield advance


@contextmanager
def watched(out: Path | None) -> Iterator[jobs.Progress]:
    """A progress bar for what is done inside; what is refused there becomes one line and exit code 2.

    Args:
        out: the file that will be written; what is done is kept beside it until then.
    """
    kept = GOES_ON if out else f"nothing was kept; with --json FILE, {GOES_ON}"
    with refusals(OSError, interrupted=kept), progress_bar(Console(stderr=True)) as progress:
        yield progress


def show(report: Mapping[str, Any], place: Path | None, tables: Callable[[Mapping[str, Any]], None]) -> None:
    """Prints a report: as JSON alone where `place`, what `--json` said, is `STDOUT`, and else by `tables`."""
    if place == STDOUT:
        typer.echo(json_text(report), nl=False)
    else:
        tables(report)


def print_report(report: Mapping[str, Any]) -> None:
    """The counts of a report, and a table of its curve in percent, each mean above its interval."""
    console = Console()
    console.print("{dataset}: {images} images, {regions} regions".format(**report), markup=False)
    if report["left_out"]:
        console.print(f"{report['left_out']} images left out: the model was trained on them")
    headings = ("budget", "drawn", "mean IoU", *GROUPS, "boundary\nF", "PQ", "s")
    table = Table(*headings, box=None, padding=(0, 1, 0, 0))
    for point in report["curve"]:
        table.add_row(*_cells(point))
    console.print(table)
    console.print(
        "budget: scribbles per region; drawn: those that found an error to correct;\n"
        "below each mean its 95 % interval over images; F: how much of boundaries agrees;\n"
        "PQ: panoptic quality; s: seconds of a person's time per region, modelled",
        style="dim",
    )


def print_clicks(report: Mapping[str, Any]) -> None:
    """The counts of a report on clicks, and a table of its scores: a row per way to count extreme points."""
    console = Console()
    console.print("{dataset}: {images} images, {objects} objects".format(**report), markup=False)
    rows = []
    for cost in EXTREME_COSTS:
        scores = report[f"extreme_points_as_{cost}"]
        row = _noc_cells(scores) if report["protocol"] == "single-object" else _nci_cells(scores)
        rows.append({"extreme points count as": str(cost), **row})
    table = Table(*rows[0], box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row.values())
    console.print(table)


def _noc_cells(scores: Mapping[str, Any]) -> dict[str, str]:
    percents = {target: f"{100 * float(target):.0f}" for target in scores["noc"]}
    return {
        **{f"NoC@{percents[target]}": f"{clicks:.2f}" for target, clicks in scores["noc"].items()},
        **{f">=20@{percents[target]}": str(count) for target, count in scores["not_reached"].items()},
        **{f"mIoU@{clicks}": _score(scores["mean_iou"][clicks]) for clicks in ("5", "10", "20")},
    }


def _nci_cells(scores: Mapping[str, Any]) -> dict[str, str]:
    counts = {name.upper(): str(scores[name]) for name in ("nfo", "nfi")}
    return {"NCI": f"{scores['nci']:.2f}", **counts, "IoU@85": _score(scores["iou"])}


def _cells(point: Mapping[str, Any]) -> list[str]:
    groups = [_score(point[name]["mean"], point[name]["interval"]) for name in (*GROUPS, "boundary_f")]
    return [
        str(point["scribbles_per_region"]),
        f"{point['scribbles_drawn']:.2f}",
        _score(point["mean_iou"], point["interval"], 1),
        *groups,
        _score(point["panoptic_quality"], point["panoptic_interval"]),
        f"{point['seconds_per_region']:.1f}",
    ]


def _score(fraction: float | None, interval: tuple[float, float] | None = None, digits: int = 0) -> str:
    if fraction is None:
        return "-"
    below = "" if interval is None else "\n" + "-".join(f"{100 * end:.{digits}f}" for end in interval)
    return f"{100 * fraction:.1f}{below}"
