"""All runs in one figure and one table: `fullcanvas report`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fullcanvas.evaluation.errors import EvaluationError

Run = Mapping[str, Any]
"""What `fullcanvas evaluate --json` wrote."""


ALWAYS_TOLD = ("model", "allocation")


def read_runs(files: Sequence[Path]) -> list[Run]:
    """The results in some files.

    Raises:
        EvaluationError: a file is missing, or holds no result of an evaluation.
    """
    return [_read(file) for file in files]


def _read(file: Path) -> Run:
    try:
        run = json.loads(file.read_text(encoding="utf-8"))
        labels([run])
        for point in run["curve"]:
            score_cell(point)
    except OSError as error:
        raise EvaluationError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{file}: does not hold what `fullcanvas evaluate --json` writes") from error
    found: Run = run
    return found


def labels(runs: Sequence[Run]) -> list[str]:
    """What each run is called: its model, and what tells it from the others."""
    named = [_traits(run) for run in runs]
    told = [key for key in named[0] if key in ALWAYS_TOLD or len({traits[key] for traits in named}) > 1]
    found = [", ".join(traits[key] for key in told if traits[key]) for traits in named]
    if len(set(found)) < len(found):
        found = [f"{label}, {run['model']['hash'][:8]}" for label, run in zip(found, runs, strict=True)]
    return found


def _traits(run: Run) -> dict[str, str]:
    first, model = run["first_model"]["name"], run["model"]["name"]
    return {
        "model": model,
        "first": "" if run["first_model"] == run["model"] else f"first {first}",
        "allocation": run["allocation"],
        "dataset": run["dataset"],
        "annotator": f"annotator {run['annotator']}",
        "seed": f"seed {run['seed']}",
    }


def markdown_table(runs: Sequence[Run]) -> str:
    """Mean IoU in percent with its 95 % interval: one row per run, one column per budget."""
    budgets = sorted({point["scribbles_per_region"] for run in runs for point in run["curve"]})
    heading = ["Mean IoU (%) at scribbles per region", "images", "regions", *map(str, budgets)]
    rows = [heading, ["---", *["---:"] * (len(heading) - 1)]]
    for label, run in zip(labels(runs), runs, strict=True):
        points = {point["scribbles_per_region"]: score_cell(point) for point in run["curve"]}
        counts = [str(run["images"]), str(run["regions"])]
        rows.append([label, *counts, *(points.get(budget, "") for budget in budgets)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def score_cell(point: Mapping[str, Any]) -> str:
    """The `mean_iou` of a point of a curve in percent, its 95 % interval in brackets; `-` if it has none."""
    if point["mean_iou"] is None:
        return "-"
    low, high = (100 * end for end in point["interval"])
    return f"{100 * point['mean_iou']:.1f} ({low:.1f}-{high:.1f})"


def interval_ends(points: Sequence[Mapping[str, Any]]) -> list[list[float]]:
    """How far the intervals of some scores reach below and above their means, in percent: [2, points]."""
    return [[100 * abs(point["interval"][end] - point["mean_iou"]) for point in points] for end in (0, 1)]


def draw_curves(runs: Sequence[Run], file: Path) -> None:
    """Writes the figure: mean IoU over scribbles per region, a line per run, with its intervals.

    Args:
        runs: one or more.
        file: its suffix says in which format (png, svg, pdf).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for label, run in zip(labels(runs), runs, strict=True):
        scored = [point for point in run["curve"] if point["mean_iou"] is not None]
        budgets = [point["scribbles_per_region"] for point in scored]
        means = [100 * point["mean_iou"] for point in scored]
        ends = interval_ends(scored)
        axes.errorbar(budgets, means, yerr=ends, marker="o", capsize=3, elinewidth=0.8, label=label)
    axes.set(xlabel="scribbles per region", ylabel="mean IoU over all regions (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=150)


def write_report(files: Sequence[Path], folder: Path) -> str:
    """Writes `report.md` and `report.png` into a folder, and returns the table.

    Raises:
        EvaluationError: a file is missing, or holds no result of an evaluation.
    """
    runs = read_runs(files)
    draw_curves(runs, folder / "report.png")
    table = markdown_table(runs)
    text = (
        f"{table}\nIn brackets: 95 % bootstrap intervals over images.\n\n![Curves of all runs](report.png)\n"
    )
    (folder / "report.md").write_text(text, encoding="utf-8")
    return table
