"""What `fullcanvas evaluate` shows: a progress bar with the running score, then a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

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

from fullcanvas.evaluation import run
from fullcanvas.evaluation.summary import GROUPS


@contextmanager
def progress_bar(console: Console) -> Iterator[run.Progress]:
    """A bar per task; the function that it gives is the `progress` of an evaluation."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[score]}"),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def show(task: str, done: int, total: int, score: str) -> None:
            if task not in tasks:
                tasks[task] = bars.add_task(task, total=total, score=score)
            bars.update(tasks[task], completed=done, score=score)

        yield show


def print_report(report: Mapping[str, Any], console: Console) -> None:
    """The counts of a report, and a table of its curve in percent."""
    counts = "{images} images, {regions} regions, {left_out} left out because {name} was trained on them"
    console.print(f"{report['dataset']}: " + counts.format(**report, name=report["model"]["name"]))
    headings = ("scribbles per region", "drawn", "mean IoU (95 % interval)", *GROUPS, "PQ", "boundary F", "s")
    table = Table(*headings)
    for point in report["curve"]:
        table.add_row(*_cells(point))
    console.print(table)
    console.print("PQ: panoptic quality; s: seconds of annotation per region, modelled.", style="dim")


def _cells(point: Mapping[str, Any]) -> list[str]:
    groups = [_score(point[name]["mean"]) for name in GROUPS]
    return [
        str(point["scribbles_per_region"]),
        f"{point['scribbles_drawn']:.2f}",
        _with_interval(point["mean_iou"], point["interval"]),
        *groups,
        _score(point["panoptic_quality"]),
        _score(point["boundary_f"]["mean"]),
        f"{point['seconds_per_region']:.1f}",
    ]


def _score(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.1f}"


def _with_interval(mean: float | None, interval: tuple[float, float] | None) -> str:
    around = "" if interval is None else f" ({_score(interval[0])} to {_score(interval[1])})"
    return f"{_score(mean)}{around}"
